"""The history of a source key and of a contact, on every kind of database."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.reading.history import HistoryReader, PastDelivery, TracedKey
from leadway_provider.store.reading.page import every_record
from leadway_provider.store.state import StateStore
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import IMPOSSIBLE, MALFORMED, begin, deliver_all, delivered, invalid, planned, sealed, write


@dataclass(frozen=True)
class TracedHistory:
    """A source key of a sync with all of its deliveries, oldest first."""

    traced: TracedKey
    deliveries: list[PastDelivery]

    @property
    def outcomes(self) -> list[str]:
        """The outcomes of the deliveries, oldest first."""
        return [each.outcome for each in self.deliveries]


def history(reader: HistoryReader, traced: TracedKey) -> TracedHistory:
    """A key with its deliveries, read one at a time."""
    newest_first = every_record(
        lambda cursor: reader.deliveries(traced.sync.id, traced.source_key, cursor=cursor, limit=1)
    )
    return TracedHistory(traced, list(newest_first)[::-1])


def of_key(state: StateStore, sync: SyncIdentity, key: str) -> list[TracedHistory]:
    """The history of a key in the syncs of that name."""
    reader, syncs = state.reader().history(), state.syncs().known(sync.name)
    found = every_record(lambda cursor: reader.of_key(key, syncs, cursor=cursor, limit=1))
    return [history(reader, each) for each in found]


def of_contact(state: StateStore, sync: SyncIdentity, contact_id: str) -> list[TracedHistory]:
    """The history of a contact in the syncs of that name."""
    reader, syncs = state.reader().history(), state.syncs().known(sync.name)
    found = every_record(lambda cursor: reader.of_contact(contact_id, syncs, cursor=cursor, limit=1))
    return [history(reader, each) for each in found]


def test_a_row_is_shown_from_its_first_run_to_its_present(state: StateStore, sync: SyncIdentity) -> None:
    """Each delivery with its run, query, columns and versions; and that the CRM has the row as it was last read."""
    first = begin(state, sync)
    first.describe("SELECT 1", [MappedColumn("mail", "email", "email")], versions={"python": "3.11"})
    write(first, "a")
    first.seal(Counts(read=1, pending=1))
    deliver_all(first)
    second = sealed(state, sync, "a", task_run="run 2")
    second.acknowledge([delivered(row, "contact of a", RowState.UPDATED) for row in second.outbox(0, 10)])

    [shown] = of_key(state, sync, "a")

    found = shown.traced
    assert (found.sync.name, found.sync.location_id, found.source_key) == (sync.name, "loc1", "a")
    assert shown.outcomes == ["created", "updated"]
    created, updated = shown.deliveries
    assert created.run
    assert (created.run.id, created.run.task_run, created.run.query) == (first.id, "run 1", "SELECT 1")
    assert (created.sent, created.run.versions) == ((MappedColumn("mail", "email", "email"),), {"python": "3.11"})
    assert (updated.run_id, updated.sent) == (second.id, None)
    assert found.row
    assert (found.row.outcome, found.row.acknowledged, found.row.run_id) == ("updated", True, second.id)
    assert found.row.contact_id == "contact of a"
    assert found.row.waits_in is None


def test_a_row_that_waits_is_shown_with_its_run(state: StateStore, sync: SyncIdentity) -> None:
    """From the seal until it is delivered, also after its run was abandoned: the sync's next run delivers it."""
    run = begin(state, sync)
    write(run, "a")
    [planning] = of_key(state, sync, "a")
    run.seal(Counts(read=1, pending=1))
    [waiting] = of_key(state, sync, "a")
    begin(state, sync, "run 2")
    [abandoned] = of_key(state, sync, "a")

    rows = [each.traced.row for each in (planning, waiting, abandoned)]
    assert [row.waits_in for row in rows if row] == [None, run.id, run.id]


def test_the_present_has_its_reasons_and_remarks(state: StateStore, sync: SyncIdentity) -> None:
    """Why a row is invalid though nothing was ever delivered of it; what was withheld, not kept, and shared."""
    run = begin(state, sync)
    run.write([planned(run, "a", withheld=(IMPOSSIBLE,)), planned(run, "b")], [invalid(run, "c")])
    run.seal(Counts(read=3, pending=2, invalid=1))
    first, second = run.outbox(0, 10)
    run.acknowledge(
        [Delivery(first, RowState.CREATED, contact_id="C1", not_kept=(MALFORMED,)), delivered(second, "C1")]
    )

    [[a], [b], [c]] = [of_key(state, sync, key) for key in "abc"]

    assert a.traced.row
    assert (a.traced.row.withheld, a.traced.row.not_kept) == ((IMPOSSIBLE,), (MALFORMED,))
    assert a.deliveries[0].not_kept == (MALFORMED,)
    assert b.traced.row
    assert b.traced.row.collision == "a"
    assert c.traced.row
    assert (c.traced.row.outcome, c.traced.row.reasons, c.traced.row.acknowledged) == ("invalid", (MALFORMED,), False)
    assert c.deliveries == []


def test_a_key_is_shown_for_each_sync_that_has_met_it(state: StateStore, sync: SyncIdentity) -> None:
    """Each with its own deliveries only; a sync that never met the key is left out."""
    deliver_all(sealed(state, sync, "a", "b"))
    deliver_all(sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), "a"))
    deliver_all(sealed(state, SyncIdentity(sync.name, sync.host, "loc0"), "b"))

    found = of_key(state, sync, "a")

    assert [(each.traced.sync.location_id, each.outcomes) for each in found] == [
        ("loc1", ["created"]),
        ("loc2", ["created"]),
    ]
    assert of_key(state, sync, "A") == []


def test_a_contact_is_shown_by_the_keys_that_were_written_to_it(state: StateStore, sync: SyncIdentity) -> None:
    """All deliveries of these keys: one that was refused names no contact and belongs to the history all the same."""
    run = sealed(state, sync, "a", "b", "c")
    run.acknowledge([delivered(row, "C2" if row.source_key == "c" else "C1") for row in run.outbox(0, 10)])
    again = sealed(state, sync, "a", task_run="run 2")
    again.acknowledge([Delivery(row, RowState.REFUSED, reasons=(MALFORMED,)) for row in again.outbox(0, 10)])

    found = of_contact(state, sync, "C1")

    assert [(each.traced.source_key, each.outcomes) for each in found] == [
        ("a", ["created", "refused"]),
        ("b", ["created"]),
    ]
    assert of_contact(state, sync, "C9") == []


def test_a_contact_is_found_by_what_was_and_by_what_is(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """One that a row is no longer on is only in the ledger; one whose deliveries were deleted, only on the rows."""
    deliver_all(sealed(state, sync, "a"))
    moved = sealed(state, sync, "a", task_run="run 2")
    moved.acknowledge([delivered(row, "C2", RowState.UPDATED) for row in moved.outbox(0, 10)])
    [former] = of_contact(state, sync, "contact of a")
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.delivery).where(tables.delivery.c.sync_id == moved.sync_id))
    [present] = of_contact(state, sync, "C2")

    assert [each.contact_id for each in former.deliveries] == ["contact of a", "C2"]
    assert present.traced.row
    assert (present.traced.source_key, present.deliveries) == ("a", [])
    assert of_contact(state, sync, "contact of a") == []


def test_a_key_that_was_forgotten_is_still_in_the_ledger(state: StateStore, sync: SyncIdentity) -> None:
    """After a reset there is no row, and the deliveries are shown all the same."""
    run = sealed(state, sync, "a")
    deliver_all(run)
    state.syncs().forget(run.sync_id)

    [shown] = of_key(state, sync, "a")

    assert shown.traced.row is None
    assert shown.outcomes == ["created"]


def test_a_run_that_was_deleted(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The ledger refers to nothing: without the run's row its entries are still shown, with the run's id."""
    run = sealed(state, sync, "a")
    deliver_all(run)
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.run).where(tables.run.c.id == run.id))

    [shown] = of_key(state, sync, "a")

    [entry] = shown.deliveries
    assert (entry.outcome, entry.run_id, entry.run, entry.sent) == ("created", run.id, None, None)


def test_a_removed_row_is_shown(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A departed row has an outcome that no row of a query has."""
    run = sealed(state, sync, "a")
    deliver_all(run)
    with engine.begin() as connection:
        connection.execute(sa.update(tables.row).where(tables.row.c.run_id == run.id).values(outcome="removed"))

    [shown] = of_key(state, sync, "a")

    assert shown.traced.row
    assert shown.traced.row.outcome is RowState.REMOVED


def test_deliveries_come_newest_first_in_pages(state: StateStore, sync: SyncIdentity) -> None:
    """Each page goes on behind the one before, also when a newer delivery has come meanwhile."""
    for number in range(5):
        run = sealed(state, sync, "a", task_run=f"run {number}")
        run.acknowledge([delivered(row, f"C{number}") for row in run.outbox(0, 10)])
        run.finish(calls=1, seconds=1)
    reader = state.reader().history()

    first = reader.deliveries(run.sync_id, "a", limit=2)
    newest = sealed(state, sync, "a", task_run="run 5")
    newest.acknowledge([delivered(row, "C5") for row in newest.outbox(0, 10)])
    second = reader.deliveries(run.sync_id, "a", cursor=first.cursor, limit=2)
    third = reader.deliveries(run.sync_id, "a", cursor=second.cursor, limit=2)

    pages = [[each.contact_id for each in page.records] for page in (first, second, third)]
    assert pages == [["C4", "C3"], ["C2", "C1"], ["C0"]]
    assert third.cursor is None
    with pytest.raises(ValueError, match="1 to 1000 records, not 0"):
        reader.deliveries(run.sync_id, "a", limit=0)


def test_the_deliveries_of_a_run_come_in_pages(state: StateStore, sync: SyncIdentity) -> None:
    """Oldest first, each with its key, and none of another run."""
    for number in range(2):
        run = sealed(state, sync, "a", "b", "c", task_run=f"run {number}")
        run.acknowledge([delivered(row, f"{row.source_key}{number}") for row in run.outbox(0, 10)])
        run.finish(calls=1, seconds=1)
    reader, [record] = state.reader(), state.syncs().known(sync.name)
    chosen = reader.runs().one(run.id)
    assert chosen

    pages = every_record(
        lambda cursor: reader.history().of_run(record, run.id, chosen.started_at, cursor=cursor, limit=2)
    )

    found = [(traced.source_key, delivery.contact_id, delivery.run_id) for traced, delivery in pages]
    assert found == [("a", "a1", run.id), ("b", "b1", run.id), ("c", "c1", run.id)]
