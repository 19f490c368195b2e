"""What the store tells of a source row and of a contact, on every kind of database."""

from __future__ import annotations

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.history import History
from leadway_provider.store.state import StateStore, SyncIdentity
from leadway_provider.sync.outcome import Counts, Outcome
from leadway_provider.sync.ports import Delivery
from tests.store.sample import IMPOSSIBLE, MALFORMED, begin, deliver_all, delivered, invalid, planned, sealed


def of_key(state: StateStore, sync: SyncIdentity, key: str) -> list[History]:
    """The history of a key in the syncs of that name."""
    return state.history().of_key(key, state.syncs().known(sync.name))


def outcomes(history: History) -> list[str]:
    """The outcomes of the deliveries, oldest first."""
    return [each.outcome for each in history.deliveries]


def test_a_row_is_told_from_its_first_run_to_its_present(state: StateStore, sync: SyncIdentity) -> None:
    """Each delivery with its run, query, columns and versions; and that the CRM has the row as it was last read."""
    first = begin(state, sync)
    first.describe("SELECT 1", [MappedColumn("mail", "email", "email")], versions={"python": "3.11"})
    first.write([planned("a")], [])
    first.seal(Counts(read=1, pending=1))
    deliver_all(first)
    second = sealed(state, sync, "a", task_run="run 2")
    second.acknowledge([delivered(row, "contact of a", Outcome.UPDATED) for row in second.outbox(0, 10)])

    [history] = of_key(state, sync, "a")

    assert (history.sync.name, history.sync.location_id, history.source_key) == (sync.name, "loc1", "a")
    assert outcomes(history) == ["created", "updated"]
    made, changed = history.deliveries
    assert made.run
    assert (made.run.id, made.run.task_run, made.run.query) == (first.id, "run 1", "SELECT 1")
    assert (made.sent, made.run.versions) == ((MappedColumn("mail", "email", "email"),), {"python": "3.11"})
    assert (changed.run_id, changed.sent) == (second.id, None)
    assert history.now
    assert (history.now.outcome, history.now.acknowledged, history.now.run_id) == ("updated", True, second.id)
    assert history.now.contact_id == "contact of a"
    assert history.now.waits_in is None


def test_a_row_that_waits_is_told_with_its_run(state: StateStore, sync: SyncIdentity) -> None:
    """From the seal until it is delivered, and not for a run that was abandoned."""
    run = begin(state, sync)
    run.write([planned("a")], [])
    [planning] = of_key(state, sync, "a")
    run.seal(Counts(read=1, pending=1))
    [waiting] = of_key(state, sync, "a")
    begin(state, sync, "run 2")
    [abandoned] = of_key(state, sync, "a")

    assert [each.now.waits_in for each in (planning, waiting, abandoned) if each.now] == [None, run.id, None]


def test_the_present_has_its_reasons_and_remarks(state: StateStore, sync: SyncIdentity) -> None:
    """Why a row is invalid though nothing was ever delivered of it; what was withheld, not kept, and shared."""
    run = begin(state, sync)
    run.write([planned("a", withheld=(IMPOSSIBLE,)), planned("b")], [invalid("c")])
    run.seal(Counts(read=3, pending=2, invalid=1))
    first, second = run.outbox(0, 10)
    run.acknowledge([Delivery(first, Outcome.CREATED, contact_id="C1", not_kept=(MALFORMED,)), delivered(second, "C1")])

    found = {key: of_key(state, sync, key)[0] for key in "abc"}

    assert found["a"].now
    assert (found["a"].now.withheld, found["a"].now.not_kept) == ((IMPOSSIBLE,), (MALFORMED,))
    assert found["a"].deliveries[0].not_kept == (MALFORMED,)
    assert found["b"].now
    assert found["b"].now.collision == "a"
    assert found["c"].now
    assert (found["c"].now.outcome, found["c"].now.reasons, found["c"].now.acknowledged) == (
        "invalid",
        (MALFORMED,),
        False,
    )
    assert found["c"].deliveries == ()


def test_a_key_is_told_for_each_sync_that_knows_it(state: StateStore, sync: SyncIdentity) -> None:
    """By sync and account, each with its own deliveries only; a sync that never met the key is left out."""
    elsewhere = SyncIdentity(sync.name, sync.host, "loc2")
    deliver_all(sealed(state, elsewhere, "a"))
    deliver_all(sealed(state, sync, "a", "b"))
    deliver_all(sealed(state, SyncIdentity(sync.name, sync.host, "loc0"), "b"))

    histories = of_key(state, sync, "a")

    assert [(each.sync.location_id, outcomes(each)) for each in histories] == [
        ("loc1", ["created"]),
        ("loc2", ["created"]),
    ]
    assert of_key(state, sync, "A") == []


def test_a_contact_is_told_by_the_keys_that_wrote_it(state: StateStore, sync: SyncIdentity) -> None:
    """All deliveries of these keys: one that was refused names no contact and is part of the story all the same."""
    run = sealed(state, sync, "a", "b", "c")
    run.acknowledge([delivered(row, "C2" if row.source_key == "c" else "C1") for row in run.outbox(0, 10)])
    again = sealed(state, sync, "a", task_run="run 2")
    again.acknowledge([Delivery(row, Outcome.REFUSED, reasons=(MALFORMED,)) for row in again.outbox(0, 10)])

    histories = state.history().of_contact("C1", state.syncs().known(sync.name))

    assert [(each.source_key, outcomes(each)) for each in histories] == [
        ("a", ["created", "refused"]),
        ("b", ["created"]),
    ]
    assert state.history().of_contact("C9", state.syncs().known(sync.name)) == []


def test_a_contact_is_known_by_what_was_and_by_what_is(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """One that a row left for another is known to the ledger alone; one whose deliveries were too old, to the rows."""
    deliver_all(sealed(state, sync, "a"))
    moved = sealed(state, sync, "a", task_run="run 2")
    moved.acknowledge([delivered(row, "C2", Outcome.UPDATED) for row in moved.outbox(0, 10)])
    syncs = state.syncs().known(sync.name)
    [left] = state.history().of_contact("contact of a", syncs)
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.delivery).where(tables.delivery.c.sync_id == syncs[0].id))
    [kept] = state.history().of_contact("C2", syncs)

    assert [each.contact_id for each in left.deliveries] == ["contact of a", "C2"]
    assert kept.now
    assert (kept.source_key, kept.deliveries) == ("a", ())
    assert state.history().of_contact("contact of a", syncs) == []


def test_what_is_left_when_a_run_is_gone(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The ledger refers to nothing: without the run's row its entries are still told, with the run's id."""
    run = sealed(state, sync, "a")
    deliver_all(run)
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.run).where(tables.run.c.id == run.id))

    [history] = of_key(state, sync, "a")

    [entry] = history.deliveries
    assert (entry.outcome, entry.run_id, entry.run, entry.sent) == ("created", run.id, None, None)


def test_a_row_of_removal_is_told(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A row that left the source has an outcome that no row of a query has."""
    run = sealed(state, sync, "a")
    deliver_all(run)
    with engine.begin() as connection:
        connection.execute(sa.update(tables.row).where(tables.row.c.run_id == run.id).values(outcome="removed"))

    [history] = of_key(state, sync, "a")

    assert history.now
    assert history.now.outcome == "removed"
