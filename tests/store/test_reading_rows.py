"""Rows by outcome and reason code, in pages, on every kind of database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.codes import COLLISION
from leadway_provider.store.encoding import decode_reasons, decode_remarks
from leadway_provider.store.reading.page import every_record
from leadway_provider.store.reading.rows import ReasonCount, RowReader, RowSummary
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, Removal, SettledRow
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import (
    IMPOSSIBLE,
    MALFORMED,
    StoreClock,
    begin,
    deliver_all,
    delivered,
    invalid,
    planned,
    row_ids,
    sealed,
    write,
)
from tests.store.statements import SORTS, analyze, query_plan, reads_all, statements

MANY = 3000
SHARED = Reason("email", "identity_shared", "Key 1 holds it.")


def all_rows(reader: RowReader, outcome: RowState, code: str | None = None, limit: int = 2) -> list[RowSummary]:
    """The rows of all pages."""
    return list(every_record(lambda cursor: reader.page(outcome, code=code, cursor=cursor, limit=limit)))


def keys(rows: list[RowSummary]) -> list[str]:
    """The rows' source keys, in order."""
    return [row.source_key for row in rows]


def many_invalid(state: StateStore, sync: SyncIdentity) -> SyncRun:
    """A run with so many invalid rows, every third of them for a second reason too."""
    run = begin(state, sync)
    ids = row_ids(run, *(f"{number:05}" for number in range(MANY)))
    reasons = [(MALFORMED, IMPOSSIBLE) if number % 3 == 0 else (MALFORMED,) for number in range(MANY)]
    settled = [
        SettledRow(row_id, key, RowState.INVALID, several)
        for (key, row_id), several in zip(ids.items(), reasons, strict=True)
    ]
    run.write([], settled)
    run.seal(Counts(read=MANY, invalid=MANY))
    return run


def test_rows_are_read_by_outcome_and_code(state: StateStore, sync: SyncIdentity) -> None:
    """Each with its reasons; a row is found by each of its codes, and by that of a remark."""
    run = begin(state, sync)
    both = SettledRow(row_ids(run, "both")["both"], "both", RowState.INVALID, (MALFORMED, IMPOSSIBLE))
    superseded = SettledRow(row_ids(run, "double")["double"], "double", RowState.SUPERSEDED, (SHARED,))
    run.write([planned(run, "sent", withheld=(IMPOSSIBLE,)), planned(run, "plain")], [both, invalid(run, "one")])
    run.write([], [superseded])
    run.seal(Counts(read=5, pending=2, invalid=2, superseded=1))
    sent, plain = run.outbox(0, 10)
    run.acknowledge(
        [
            Delivery(sent, RowState.CREATED, contact_id="C1", not_kept=(MALFORMED,)),
            delivered(plain, "C1", RowState.UPDATED),
        ]
    )

    reader = state.reader().rows_of_sync(run.sync_id)

    assert keys(all_rows(reader, RowState.INVALID)) == ["both", "one"]
    assert keys(all_rows(reader, RowState.INVALID, "phone_impossible")) == ["both"]
    assert keys(all_rows(reader, RowState.INVALID, "email_malformed")) == ["both", "one"]
    assert keys(all_rows(reader, RowState.CREATED, "phone_impossible")) == ["sent"]
    assert keys(all_rows(reader, RowState.CREATED, "email_malformed")) == ["sent"]
    assert keys(all_rows(reader, RowState.UPDATED, COLLISION)) == ["plain"]
    assert keys(all_rows(reader, RowState.UPDATED, "email_malformed")) == []
    [found] = all_rows(reader, RowState.SUPERSEDED)
    assert (found.reasons, found.acknowledged, found.contact_id, found.run_id) == ((SHARED,), False, None, run.id)


def test_rows_are_counted_by_outcome_and_code(state: StateStore, sync: SyncIdentity) -> None:
    """The code of most rows first; a row with two codes is counted for both, of all outcomes or of one."""
    run = begin(state, sync)
    both = SettledRow(row_ids(run, "both")["both"], "both", RowState.INVALID, (MALFORMED, IMPOSSIBLE, MALFORMED))
    run.write([planned(run, "sent", withheld=(IMPOSSIBLE,))], [both, invalid(run, "one")])
    run.seal(Counts(read=3, pending=1, invalid=2))
    deliver_all(run)

    reader = state.reader().rows_of_sync(run.sync_id)

    assert reader.by_outcome() == reader.count_to(3) == {RowState.INVALID: 2, RowState.CREATED: 1}
    assert reader.count_to(1) == {RowState.INVALID: 1, RowState.CREATED: 1}
    invalid_rows = [
        ReasonCount(RowState.INVALID, "email_malformed", 2),
        ReasonCount(RowState.INVALID, "phone_impossible", 1),
    ]
    created = ReasonCount(RowState.CREATED, "phone_impossible", 1)
    assert reader.by_reason() == [invalid_rows[0], created, invalid_rows[1]]
    assert reader.by_reason(RowState.INVALID) == invalid_rows
    assert reader.by_reason(RowState.REFUSED) == []


def test_the_rows_of_a_run_are_those_it_treated_last(state: StateStore, sync: SyncIdentity) -> None:
    """A row that a later run treated is the later run's; one that it found unchanged stays the earlier run's."""
    first = begin(state, sync)
    first.write([planned(first, "same")], [invalid(first, "a"), invalid(first, "b")])
    first.seal(Counts(read=3, pending=1, invalid=2))
    deliver_all(first)
    second = begin(state, sync, "run 2")
    second.write([], [invalid(second, "a")])
    second.seal(Counts(read=3, unchanged=1, invalid=1))
    reader = state.reader()

    before, after = reader.rows_of_run(first.id), reader.rows_of_run(second.id)

    assert (before.by_outcome(), after.by_outcome()) == (
        {RowState.CREATED: 1, RowState.INVALID: 1},
        {RowState.INVALID: 1},
    )
    assert keys(all_rows(before, RowState.INVALID)) == ["b"]
    assert keys(all_rows(after, RowState.INVALID, "email_malformed")) == ["a"]
    assert after.by_reason() == [ReasonCount(RowState.INVALID, "email_malformed", 1)]


def test_syncs_do_not_share_rows(state: StateStore, sync: SyncIdentity) -> None:
    """Another account's rows are neither read nor counted."""
    run = sealed(state, sync, "a")
    other = begin(state, SyncIdentity(sync.name, sync.host, "loc2"))
    other.write([], [invalid(other, "x")])
    other.seal(Counts(read=1, invalid=1))

    reader = state.reader().rows_of_sync(run.sync_id)

    assert reader.by_outcome() == {RowState.PENDING: 1}
    assert reader.by_reason() == []


def test_a_waiting_row_names_the_run_whose_outbox_it_waits_in(state: StateStore, sync: SyncIdentity) -> None:
    """A row that is to be sent, and a departed one, until each is acknowledged, also when the run is abandoned."""
    deliver_all(sealed(state, sync, "departs", "stays"))
    run = begin(state, sync, "run 2")
    write(run, "refused", "new")
    run.removals.plan_departed([row_ids(run, "departs")["departs"]])
    run.seal(Counts(read=3, unchanged=1, pending=2))
    run.acknowledge([Delivery(row, RowState.REFUSED) for row in run.outbox(0, 1)])
    reader = state.reader().rows_of_sync(run.sync_id)
    wanted = {"new": run.id, "departs": run.id, "stays": None, "refused": None}

    def waits_in() -> dict[str, str | None]:
        outcomes = (RowState.PENDING, RowState.CREATED, RowState.REFUSED)
        return {row.source_key: row.waits_in for outcome in outcomes for row in all_rows(reader, outcome)}

    assert waits_in() == wanted
    write(begin(state, sync, "run 3"), "new")
    assert waits_in() == wanted


def test_a_dry_run_can_be_reviewed(state: StateStore, sync: SyncIdentity) -> None:
    """What it found is in its outbox, row by row, and on no row of the sync; none of it is a contact's value."""
    deliver_all(sealed(state, sync, "departs"))
    run = begin(state, sync, "run 2")
    run.write([planned(run, "a"), planned(run, "b", withheld=(IMPOSSIBLE,)), planned(run, "c")], [invalid(run, "d")])
    run.removals.plan_departed(row_ids(run, "departs").values())
    run.finish_dry_run(Counts(read=4, pending=3, invalid=1))
    plan = state.reader().plan_of_run(run.id)

    first = plan.page(RowState.PENDING, limit=2)
    second = plan.page(RowState.PENDING, cursor=first.cursor, limit=2)

    assert plan.by_outcome() == plan.count_to(9) == {RowState.PENDING: 3, RowState.INVALID: 1, RowState.DEPARTED: 1}
    to_send = (*first.records, *second.records)
    assert [(row.source_key, row.withheld) for row in to_send] == [("a", ()), ("b", (IMPOSSIBLE,)), ("c", ())]
    assert second.cursor is None
    assert [(row.source_key, row.reasons) for row in plan.page(RowState.INVALID).records] == [("d", (MALFORMED,))]
    assert [row.source_key for row in plan.page(RowState.DEPARTED).records] == ["departs"]
    assert "ann@example.com" not in repr(to_send)
    assert state.reader().rows_of_run(run.id).page(RowState.INVALID).records == ()


@pytest.mark.parametrize("code", [None, "email_malformed"])
def test_pages_are_complete_while_rows_change(state: StateStore, sync: SyncIdentity, code: str | None) -> None:
    """Between two pages rows get another outcome, read or not yet read, and new ones come: no other row is missed."""
    run = many_invalid(state, sync)
    reader = state.reader().rows_of_sync(run.sync_id)
    found: list[str] = []
    changed: set[str] = set()
    cursor, number = None, 0
    while number == 0 or cursor:
        page = reader.page(RowState.INVALID, code=code, cursor=cursor, limit=400)
        found += [row.source_key for row in page.records]
        cursor, number = page.cursor, number + 1
        other = begin(state, sync, f"page {number}")
        behind, ahead = f"{number:05}", f"{MANY - number:05}"
        other.write([planned(other, behind), planned(other, ahead)], [invalid(other, f"new {number}")])
        other.seal(Counts(read=3, pending=2, invalid=1))
        changed |= {behind, ahead, f"new {number}"}

    assert number == MANY // 400 + 1
    assert [key for key, times in Counter(found).items() if times > 1] == []
    assert {f"{each:05}" for each in range(MANY)} - changed <= set(found)
    assert f"{MANY - 1:05}" not in found
    assert f"{1:05}" in found


def codes_of_rows(engine: sa.Engine, sync_id: int) -> Iterator[tuple[str, str, str, str]]:
    """Key, outcome, run and code, as the rows of a sync have them in their documents."""
    with engine.connect() as connection:
        for row in connection.execute(sa.select(tables.row).where(tables.row.c.sync_id == sync_id)):
            remarks = decode_remarks(row.remarks)
            reasons = (*decode_reasons(row.reasons), *remarks.withheld, *remarks.not_kept)
            for code in {reason.code for reason in reasons} | ({COLLISION} if remarks.collision else set()):
                yield row.source_key, row.outcome, row.run_id, code


def stored_codes(engine: sa.Engine, sync_id: int) -> list[tuple[str, str, str, str]]:
    """The same, as the table of codes has it."""
    reason, row = tables.reason.c, tables.row.c
    wanted = (
        sa.select(row.source_key, reason.outcome, reason.run_id, reason.code)
        .join_from(tables.reason, tables.row, row.id == reason.row_id)
        .where(reason.sync_id == sync_id)
    )
    with engine.connect() as connection:
        return sorted((key, outcome, run_id, code) for key, outcome, run_id, code in connection.execute(wanted))


def test_the_codes_are_those_of_the_rows(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Through plan, delivery, refusal, removal and reset: what is counted by code is what the rows have."""
    seen: set[str] = set()

    def check(run: SyncRun) -> None:
        found = stored_codes(engine, run.sync_id)
        assert found == sorted(codes_of_rows(engine, run.sync_id))
        seen.update(code for *_, code in found)

    run = begin(state, sync)
    run.write([planned(run, key, withheld=(IMPOSSIBLE,)) for key in "abcd"], [invalid(run, "e")])
    check(run)
    run.seal(Counts(read=5, pending=4, invalid=1))
    check(run)
    a, b, c, d = run.outbox(0, 10)
    run.acknowledge(
        [
            Delivery(a, RowState.CREATED, contact_id="C1", not_kept=(MALFORMED,)),
            delivered(b, "C1", RowState.UPDATED),
            Delivery(c, RowState.REFUSED, reasons=(SHARED,)),
            delivered(d, "C4"),
        ]
    )
    run.finish(calls=1, seconds=1)
    check(run)
    again = begin(state, sync, "run 2")
    again.write([planned(again, "a", "changed"), planned(again, "e", "changed")], [invalid(again, "b")])
    again.removals.plan_departed([row_ids(again, "d")["d"]])
    again.seal(Counts(read=3, pending=2, invalid=1))
    check(again)
    again.acknowledge([delivered(row, f"contact of {row.source_key}") for row in again.outbox(0, 10)])
    check(again)
    again.removals.acknowledge([Removal(each, reasons=(MALFORMED,)) for each in again.removals.departed(0, 10)])
    again.finish(calls=1, seconds=1)
    check(again)
    last = begin(state, sync, "run 3")
    last.removals.plan_departed(row_ids(last, "c", "d").values())
    last.seal(Counts(read=1, unchanged=1))
    last.removals.acknowledge([Removal(each) for each in last.removals.departed(0, 10)])
    check(last)

    assert seen == {"email_malformed", "phone_impossible", "identity_shared", COLLISION}
    state.syncs().forget(run.sync_id)
    assert stored_codes(engine, run.sync_id) == []


READS: list[tuple[Any, str]] = [
    (lambda reader, run: reader.rows_of_sync(run.sync_id).page(RowState.INVALID), "leadway_row_outcome"),
    (lambda reader, run: reader.rows_of_run(run.id).page(RowState.INVALID), "leadway_row_run"),
    (
        lambda reader, run: reader.rows_of_sync(run.sync_id).page(RowState.INVALID, code="phone_impossible"),
        "leadway_reason_by_sync",
    ),
    (
        lambda reader, run: reader.rows_of_run(run.id).page(RowState.INVALID, code="phone_impossible"),
        "leadway_reason_by_run",
    ),
    (lambda reader, run: reader.plan_of_run(run.id).page(RowState.PENDING), "leadway_outbox_order"),
    (lambda reader, run: reader.plan_of_run(run.id).by_outcome(), "leadway_outbox_order"),
    (lambda reader, run: reader.rows_of_sync(run.sync_id).by_outcome(), "leadway_row_outcome"),
    (lambda reader, run: reader.rows_of_run(run.id).by_outcome(), "leadway_row_run"),
    (lambda reader, run: reader.plan_of_run(run.id).count_to(9), "leadway_outbox_order"),
    (lambda reader, run: reader.rows_of_sync(run.sync_id).count_to(9), "leadway_row_outcome"),
    (lambda reader, run: reader.rows_of_run(run.id).count_to(9), "leadway_row_run"),
    (lambda reader, run: reader.rows_of_sync(run.sync_id).by_reason(), "leadway_reason_by_sync"),
    (lambda reader, run: reader.rows_of_run(run.id).by_reason(RowState.INVALID), "leadway_reason_by_run"),
]


def test_rows_are_read_along_indexes(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Where one sync of several has few rows among many, no database reads the others'."""
    for location_id in ("loc2", "loc3"):
        many_invalid(state, SyncIdentity(sync.name, sync.host, location_id))
    run = begin(state, sync)
    run.write([], [SettledRow(row_ids(run, "a")["a"], "a", RowState.INVALID, (MALFORMED, IMPOSSIBLE))])
    run.seal(Counts(read=1, invalid=1))
    analyze(engine, "leadway_row", "leadway_reason", "leadway_outbox", "leadway_run")

    for read, index in READS:
        with statements(engine) as seen:
            read(state.reader(), run)
        plan = query_plan(engine, seen[0])
        assert index in plan
        assert not any(reads_all(plan, table) for table in ("leadway_row", "leadway_reason", "leadway_outbox")), plan
        assert SORTS not in plan


def test_a_refused_row_has_so_many_tries_left(state: StateStore, sync: SyncIdentity, clock: StoreClock) -> None:
    """As many as the sync's last run would give it; a row that was not refused has none to count."""
    left = []
    for number, retry_refused in enumerate((2, 2, 2, 4)):
        clock.move(1)
        run = state.begin(sync, task_run=f"run {number}", digest=b"", retry_refused=retry_refused)
        if number == 0:
            run.write([planned(run, "a"), planned(run, "b")], [invalid(run, "c")])
            run.seal(Counts(read=3, pending=2, invalid=1))
        else:
            run.seal(Counts(), is_whole=False)
        outbox = run.outbox(0, 10)
        run.acknowledge([Delivery(row, RowState.REFUSED) for row in outbox if row.source_key == "a"])
        run.acknowledge([delivered(row, "C1") for row in outbox if row.source_key == "b"])
        reader = state.reader().rows_of_sync(run.sync_id)
        rows = [row for outcome in RowState for row in all_rows(reader, outcome)]
        found = reader.tries_left(rows)
        left.append({row.source_key: found[row.id] for row in rows if row.id in found})
    assert left == [{"a": 2}, {"a": 1}, {"a": 0}, {"a": 1}]
