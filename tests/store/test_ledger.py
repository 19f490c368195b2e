"""The ledger on every kind of database: complete, equal to what was acknowledged, and without old entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.encoding import decode_reasons
from leadway_provider.store.ledger import Attempt, LedgerEntry, append
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, PlannedRow
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import IMPOSSIBLE, MALFORMED, NOON, StoreClock, begin, delivered, fingerprint, row_ids, sealed
from tests.store.statements import SORTS, analyze, killed, query_plan, reads_all, statements

COLUMNS = (
    MappedColumn("email", "email", "email"),
    MappedColumn("ltv", "custom.Lifetime Value", "customFields.f1"),
    MappedColumn("no_calls", "dnd.call", "dndSettings.Call.status"),
    MappedColumn("labels", "tags", "tags"),
    MappedColumn(None, "source", "source"),
)


def entries(engine: sa.Engine, run: SyncRun) -> list[sa.Row[Any]]:
    """The ledger of a run, in order."""
    with engine.connect() as connection:
        wanted = sa.select(tables.delivery).where(tables.delivery.c.run_id == run.id).order_by(tables.delivery.c.id)
        return list(connection.execute(wanted))


def planned(state: StateStore, sync: SyncIdentity, **contacts: Contact) -> SyncRun:
    """A sealed run of these contacts by key, which has stored what feeds each field."""
    run = begin(state, sync)
    run.describe("SELECT 1", COLUMNS)
    ids = row_ids(run, *contacts)
    run.write([PlannedRow(ids[key], key, fingerprint(key), contact) for key, contact in contacts.items()], [])
    run.seal(Counts(read=len(contacts), pending=len(contacts)))
    return run


def test_every_delivery_has_an_entry(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """With run, attempt, key, contact, outcome, status, trace id, reasons, and a time in UTC."""
    run = sealed(state, sync, "created", "updated", "refused", "unknown")
    created, updated, refused, unknown = run.outbox(0, 10)
    run.acknowledge([delivered(created, "C1"), delivered(updated, "C2", RowState.UPDATED)])
    run.acknowledge([Delivery(refused, RowState.REFUSED, status=422, reasons=(MALFORMED,), trace_id="t")])
    run.acknowledge([Delivery(unknown, RowState.UNKNOWN)])

    found = entries(engine, run)

    assert [(each.source_key, each.outcome, each.contact_id, each.status, each.trace_id) for each in found] == [
        ("created", "created", "C1", 200, "trace of created"),
        ("updated", "updated", "C2", 200, "trace of updated"),
        ("refused", "refused", None, 422, "t"),
        ("unknown", "unknown", None, None, None),
    ]
    assert {(each.run_id, each.attempt) for each in found} == {(run.id, 1)}
    assert [decode_reasons(each.reasons) for each in found] == [(), (), (MALFORMED,), ()]
    assert [each.delivered_at for each in found] == [NOON] * 4
    assert found[0].delivered_at.utcoffset() == timedelta(0)


def test_text_of_any_kind_comes_back(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Keys with quotes, colons, emoji and other scripts pass each database's own way of appending."""
    keys = ('O\'Brien "x"', ":name %s %(x)s \\", "ключ 🗝", "trailing ", '["a","b"]')
    run = sealed(state, sync, *keys)
    run.acknowledge([delivered(row, f"contact of {row.source_key}") for row in run.outbox(0, 10)])
    found = entries(engine, run)
    assert [each.source_key for each in found] == list(keys)
    assert [each.contact_id for each in found] == [f"contact of {key}" for key in keys]


def test_the_fields_that_were_sent_are_shown_with_their_columns(state: StateStore, sync: SyncIdentity) -> None:
    """Nested ones and tags too; a field that a row does not send is not among them, and no value is kept."""
    run = planned(
        state,
        sync,
        whole=Contact(
            {
                "email": "ann@example.com",
                "source": "shop",
                "customFields": [{"id": "f1", "field_value": "17"}, {"id": "f2", "field_value": "x"}],
                "dndSettings": {"Call": {"status": "active"}},
            },
            add_tags=("vip",),
        ),
        part=Contact({"email": "bob@example.com"}, withheld=(IMPOSSIBLE,)),
        cleared=Contact({"email": "eve@example.com", "source": None, "tags": []}),
        untagged=Contact({}, remove_tags=("vip",)),
    )
    run.acknowledge([delivered(row, row.source_key) for row in run.outbox(0, 10)])

    reader = state.reader().history()
    keys = ("whole", "part", "cleared", "untagged")
    found = {key: reader.deliveries(run.sync_id, key).records[0] for key in keys}

    assert found["whole"].sent == COLUMNS
    assert found["part"].sent == (COLUMNS[0],)
    assert found["part"].reasons == (IMPOSSIBLE,)
    assert found["cleared"].sent == (COLUMNS[0], COLUMNS[3], COLUMNS[4])
    assert found["untagged"].sent == (COLUMNS[3],)


def test_an_entry_comes_with_its_acknowledgement_or_not_at_all(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Killed between the ledger and the counts, neither is kept; acknowledged again, there is one entry."""
    run = sealed(state, sync, "a")
    rows = [delivered(row, "C1") for row in run.outbox(0, 10)]

    with at("UPDATE leadway_run", killed), pytest.raises(KeyboardInterrupt):
        run.acknowledge(rows)
    assert entries(engine, run) == []

    run.acknowledge(rows)
    run.acknowledge(rows)

    assert len(entries(engine, run)) == 1


def test_attempts_are_counted(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A retry that goes on with the outbox is the run's next attempt, and its entries say so; a new run is a first."""
    run = sealed(state, sync, "a", "b")
    run.acknowledge([delivered(row, "C1") for row in run.outbox(0, 1)])
    again = begin(state, sync)
    again.acknowledge([delivered(row, "C2") for row in again.outbox(0, 1)])
    again.finish(calls=1, seconds=1)

    assert (run.attempt, again.id, again.attempt) == (1, run.id, 2)
    assert [each.attempt for each in entries(engine, run)] == [1, 2]
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.run.c.attempts).where(tables.run.c.id == run.id)) == 2
    assert begin(state, sync, "run 2").attempt == 1


def test_a_removal_has_an_entry_of_its_own(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """An entry needs no outbox row: key, outcome and what is known of the contact are enough."""
    run = sealed(state, sync, "a")
    attempt = Attempt(run.sync_id, run.id, run.attempt)

    with engine.begin() as connection:
        append(connection, attempt, [LedgerEntry("departed", RowState.REMOVED, contact_id="C9", status=200)], now=NOON)

    [entry] = entries(engine, run)
    assert (entry.source_key, entry.outcome, entry.contact_id, entry.fields) == (
        "departed",
        RowState.REMOVED,
        "C9",
        None,
    )


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_old_entries_are_deleted_and_no_others(
    sync: SyncIdentity, engine: sa.Engine, clock: StoreClock, step: int
) -> None:
    """Those of this sync that are older than so many days, however many steps it takes; another sync's stay."""
    state = StateStore.open(engine, "state", now=clock, chunk=step)
    run = sealed(state, sync, *"abcd")
    other = sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), *"ef")
    days_old = {"a": 91, "b": 91, "c": 89, "d": 0, "e": 200, "f": 200}
    for each in (run, other):
        for row in each.outbox(0, 10):
            clock.time = NOON - timedelta(days=days_old[row.source_key])
            each.acknowledge([delivered(row, row.source_key)])
    clock.time = NOON

    assert run.trim_ledger(90) == 2
    assert run.trim_ledger(90) == 0

    assert [each.source_key for each in entries(engine, run)] == ["c", "d"]
    assert len(entries(engine, other)) == 2


def test_a_ledger_without_old_entries_costs_one_look(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Retention runs at the end of every run, most of which have nothing to delete."""
    run = sealed(state, sync, *"abc")
    run.acknowledge([delivered(row, row.source_key) for row in run.outbox(0, 10)])

    with statements(engine, "leadway_delivery") as seen:
        run.trim_ledger(90)

    assert len(seen) == 1


@pytest.fixture
def filled(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> SyncRun:
    """A run with so many entries of as many rows that reading all of them is the worse way."""
    run = sealed(state, sync, "1")
    attempt = Attempt(run.sync_id, run.id, 1)
    with engine.begin() as connection:
        for start in range(0, 20_000, 1000):
            numbers = range(start, start + 1000)
            append(connection, attempt, [LedgerEntry(str(n), RowState.UPDATED, f"C{n}") for n in numbers], now=NOON)
    analyze(engine, "leadway_delivery", "leadway_row")
    return run


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda _, reader, syncs: reader.of_key("17", syncs), "leadway_delivery_key"),
        (lambda _, reader, syncs: reader.of_contact("C17", syncs), "leadway_delivery_contact"),
        (lambda run, reader, _: reader.deliveries(run.sync_id, "17"), "leadway_delivery_key"),
        (lambda run, _, __: run.trim_ledger(1), "leadway_delivery_age"),
    ],
    ids=["key", "contact", "deliveries", "retention"],
)
def test_the_ledger_is_read_along_its_indexes(  # noqa: PLR0917 - a fixture each
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, filled: SyncRun, look: Any, index: str
) -> None:
    """A key, a contact, deliveries and the oldest entries are found by index, and none by reading all."""
    with statements(engine, "leadway_delivery") as seen:
        look(filled, state.reader().history(), state.syncs().known(sync.name))

    plans = [query_plan(engine, each) for each in seen]

    assert plans
    assert index in plans[0]
    for each in plans:
        assert not reads_all(each, "leadway_delivery"), each


def test_deliveries_are_read_in_order(state: StateStore, engine: sa.Engine, filled: SyncRun) -> None:
    """MariaDB keeps the ids of a key in order in the key's index, and sorts nothing."""
    with statements(engine, "leadway_delivery") as seen:
        state.reader().history().deliveries(filled.sync_id, "17")

    assert SORTS not in query_plan(engine, seen[0])
