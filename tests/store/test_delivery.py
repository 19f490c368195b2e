"""What delivery needs of the store, on every kind of database."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.store import tables
from leadway_provider.store.rejection import RejectedRow
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.ports import DeliveryStore
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import (
    IMPOSSIBLE,
    MALFORMED,
    NOON,
    StoreClock,
    acknowledged,
    begin,
    bits,
    deliver_all,
    delivered,
    fingerprint,
    planned,
    sealed,
    write,
)
from tests.store.statements import killed

SENT_AT = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def remarks(engine: sa.Engine, run: SyncRun, key: str) -> dict[str, object] | None:
    """What is stored beside the outcome of a row."""
    with engine.connect() as connection:
        text = connection.scalar(
            sa.select(tables.row.c.remarks).where(tables.row.c.run_id == run.id, tables.row.c.source_key == key)
        )
    return None if text is None else json.loads(text)


def whole(state: StateStore, sync: SyncIdentity, *keys: str) -> SyncRun:
    """The second run, which has read nothing but these keys, all of them changed."""
    return sealed(state, sync, *keys, task_run="run 2", is_whole=True)


def test_a_run_is_a_delivery_store(state: StateStore, sync: SyncIdentity) -> None:
    """A run has what delivery needs; mypy checks the signatures."""
    store: DeliveryStore = sealed(state, sync, "a")

    assert [row.source_key for row in store.outbox(0, 10)] == ["a"]


@pytest.mark.parametrize("is_old", [False, True], ids=["now", "before SQLite 3.33"])
def test_many_rows_are_acknowledged_together_each_with_its_own_answer(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, *, is_old: bool
) -> None:
    """However the database is told of them: 127 rows are of every size of a block, and each sixth is refused."""
    if is_old and engine.dialect.name == "sqlite":
        engine.dialect.server_version_info = (3, 32, 3)
    run = sealed(state, sync, *(f"{number:03}" for number in range(127)))
    rows = run.outbox(0, 200)

    run.acknowledge(
        [
            Delivery(row, RowState.REFUSED, status=422, reasons=(MALFORMED,))
            if number % 6 == 0
            else delivered(row, f"C{row.source_key}")
            for number, row in enumerate(rows)
        ]
    )

    row = tables.row.c
    columns = (row.source_key, row.contact_id, row.outcome, row.fingerprint, row.rejected_since)
    with engine.connect() as connection:
        found = connection.execute(sa.select(*columns).where(row.run_id == run.id).order_by(row.id)).all()
    assert [(*each[:4],) for each in found] == [
        (key, None, RowState.REFUSED, None)
        if int(key) % 6 == 0
        else (key, f"C{key}", RowState.CREATED, rows[int(key)].fingerprint)
        for key in (each.source_key for each in rows)
    ]
    assert {each.rejected_since for each in found if each.outcome == RowState.REFUSED} == {run.id}
    assert {each.rejected_since for each in found if each.outcome == RowState.CREATED} == {None}


def test_an_acknowledged_row_leaves_the_outbox_with_its_outcome(state: StateStore, sync: SyncIdentity) -> None:
    """Created and updated rows keep their fingerprint, refused and unknown ones none; the counts add up at any time."""
    run = sealed(state, sync, "created", "updated", "refused", "unknown", "waiting")
    created, updated, refused, unknown, waiting = run.outbox(0, 10)

    run.acknowledge([delivered(created, "C1"), delivered(updated, "C2", RowState.UPDATED)])
    run.acknowledge(
        [Delivery(refused, RowState.REFUSED, status=422, reasons=(MALFORMED,)), Delivery(unknown, RowState.UNKNOWN)]
    )

    assert run.outbox(0, 10) == [waiting]
    assert {key: print_ for key, (_, print_) in run.known(["created", "updated", "refused", "unknown"]).items()} == {
        "created": fingerprint("created"),
        "updated": fingerprint("updated"),
        "refused": None,
        "unknown": None,
    }
    assert list(run.rejected(10).first) == [RejectedRow("refused", RowState.REFUSED, (MALFORMED,))]
    counts = run.counts()
    assert counts == Counts(read=5, created=1, updated=1, refused=1, unknown=1, pending=1)
    counts.verify()


def test_acknowledging_twice_counts_once(state: StateStore, sync: SyncIdentity) -> None:
    """A row that is no longer in the outbox is neither counted nor changed again."""
    run = sealed(state, sync, "a", "b")
    first, second = run.outbox(0, 10)
    run.acknowledge([delivered(first, "C1")])

    run.acknowledge([Delivery(first, RowState.REFUSED), delivered(second, "C2"), delivered(second, "C2")])

    assert run.counts() == Counts(read=2, created=2)
    assert acknowledged(run, "a") == fingerprint("a")
    assert not run.rejected(10).first


def test_acknowledging_is_all_or_nothing(state: StateStore, sync: SyncIdentity) -> None:
    """Killed between the outbox and the counts, neither has changed."""
    run = sealed(state, sync, "a")

    with at("UPDATE leadway_run", killed), pytest.raises(KeyboardInterrupt):
        run.acknowledge([delivered(row, "C1") for row in run.outbox(0, 10)])

    assert run.counts() == Counts(read=1, pending=1)
    assert [row.source_key for row in run.outbox(0, 10)] == ["a"]
    assert acknowledged(run, "a") is None


def test_remarks_are_stored_beside_the_outcomes(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Withheld and not kept values are stored with the row, and rows with them are counted."""
    run = begin(state, sync)
    run.write([planned(run, "a", withheld=(IMPOSSIBLE,)), planned(run, "b")], [])
    run.seal(Counts(read=2, pending=2))
    first, second = run.outbox(0, 10)

    run.acknowledge(
        [
            Delivery(first, RowState.CREATED, contact_id="C1", not_kept=(MALFORMED, IMPOSSIBLE)),
            delivered(second, "C2"),
        ]
    )

    assert run.counts() == Counts(read=2, created=2, withheld=1, not_kept=1)
    phone = {"field": "phone", "code": "phone_impossible", "message": "No such number."}
    email = {"field": "email", "code": "email_malformed", "message": "It has no @."}
    assert remarks(engine, run, "a") == {"withheld": [phone], "not_kept": [email, phone]}
    assert remarks(engine, run, "b") is None


def test_two_keys_on_one_contact_collide(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The later row has a remark with the earlier key, within one group and over runs."""
    run = sealed(state, sync, "a", "b", "c", "d")
    first, second, third, fourth = run.outbox(0, 10)

    run.acknowledge([delivered(first, "C1"), delivered(second, "C1", RowState.UPDATED), delivered(third, "C3")])
    run.acknowledge([delivered(fourth, "C3", RowState.UPDATED)])

    assert run.counts()["collisions"] == 2
    assert [remarks(engine, run, key) for key in "abcd"] == [None, {"collision": "a"}, None, {"collision": "c"}]


def test_what_is_not_a_collision(state: StateStore, sync: SyncIdentity) -> None:
    """A row that is written again, another sync's contact, an id in other case, and a handover within one group."""
    deliver_all(sealed(state, sync, "a", "b"))
    other = SyncIdentity(sync.name, sync.host, "loc2")
    elsewhere = sealed(state, other, "x")
    elsewhere.acknowledge([delivered(row, "contact of a") for row in elsewhere.outbox(0, 10)])
    run = sealed(state, sync, "a", "b", "c", "d", task_run="run 2")
    a, b, c, d = run.outbox(0, 10)

    run.acknowledge([delivered(a, "contact of a", RowState.UPDATED), delivered(c, "CONTACT OF A")])
    run.acknowledge([delivered(d, "contact of b", RowState.UPDATED), delivered(b, "contact of e", RowState.UPDATED)])

    assert elsewhere.counts()["collisions"] == 0
    assert run.counts()["collisions"] == 0


def test_a_refused_update_keeps_the_contact(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The contact that an earlier run created still exists, and stays known, when an update is refused."""
    deliver_all(sealed(state, sync, "a"))
    run = sealed(state, sync, "a", task_run="run 2")

    run.acknowledge([Delivery(row, RowState.REFUSED, reasons=(MALFORMED,)) for row in run.outbox(0, 10)])

    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.row).where(tables.row.c.run_id == run.id)).one()
    assert found.contact_id == "contact of a"
    assert found.fingerprint is None


def test_positions_only_grow(state: StateStore, sync: SyncIdentity) -> None:
    """A position is never given to a second row, even when the outbox was empty in between."""
    run = begin(state, sync)
    ids = write(run, "a")
    before = run.outbox(0, 10)[-1].position
    run.unplan(list(ids.values()))
    write(run, "a")

    assert run.outbox(before, 10)


def test_times_are_aware_and_in_utc(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, clock: StoreClock
) -> None:
    """Every database gives back the instant that was stored, with microseconds, whatever zone it was given in."""
    clock.time = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    run = sealed(state, sync, "a")
    clock.move(seconds=1)
    deliver_all(run)

    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.run).where(tables.run.c.id == run.id)).one()
        row = connection.execute(sa.select(tables.row).where(tables.row.c.run_id == run.id)).one()

    times = [found.started_at, row.created_at, found.sealed_at, row.updated_at, found.finished_at]
    assert [time.utcoffset() for time in times] == [timedelta(0)] * len(times)
    assert times == [NOON, NOON, NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=1)]


def test_any_thread_may_acknowledge(state: StateStore, sync: SyncIdentity) -> None:
    """One thread plans, and another one acknowledges."""
    run = sealed(state, sync, "a")
    thread = threading.Thread(target=deliver_all, args=[run])

    thread.start()
    thread.join()

    assert run.counts() == Counts(read=1, created=1)


def test_a_row_that_must_not_be_sent_twice_is_marked(state: StateStore, sync: SyncIdentity) -> None:
    """The mark outlives the attempt, and the run, as long as the row stays the same; it can be deleted."""
    first = sealed(state, sync, "a", "b", "c")
    a, _, c = first.outbox(0, 10)
    first.mark_sent(a, SENT_AT)
    first.mark_sent(c, SENT_AT)
    first.mark_sent(c, None)
    assert [row.sent_at for row in begin(state, sync).outbox(0, 10)] == [SENT_AT, None, None]

    assert [row.sent_at for row in whole(state, sync, "a", "b").outbox(0, 10)] == [SENT_AT, None]

    changed = begin(state, sync, "run 3")
    ids = write(changed, "a", content="changed")
    changed.seal(Counts(read=1, pending=1), bits(ids))
    assert [row.sent_at for row in changed.outbox(0, 10)] == [None]


@pytest.mark.parametrize(
    ("outcome", "sent_at"), [(RowState.CREATED, None), (RowState.REFUSED, None), (RowState.UNKNOWN, SENT_AT)]
)
def test_the_mark_stays_on_an_unknown_row(
    state: StateStore, sync: SyncIdentity, outcome: RowState, sent_at: datetime | None
) -> None:
    """The next run finds the mark of a call whose end was never known, and of no other."""
    run = begin(state, sync)
    once = planned(run, "a")._replace(contact=Contact({"email": "a@example.com", "createNewIfDuplicateAllowed": True}))
    run.write([once], [])
    run.seal(Counts(read=1, pending=1))
    [row] = run.outbox(0, 10)
    run.mark_sent(row, SENT_AT)
    run.acknowledge([Delivery(row, outcome)])

    [found] = sealed(state, sync, "a", task_run="run 2").outbox(0, 10)

    assert found.sent_at == sent_at
