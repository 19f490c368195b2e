"""The ledger on every kind of database: complete, in step with what was acknowledged, and cut off at its old end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import ledger, settlement, tables
from leadway_provider.store.encoding import decode_reasons
from leadway_provider.store.ledger import Attempt, Entry, record
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.outcome import REMOVED, Counts, Outcome
from leadway_provider.sync.ports import Delivery, PlannedRow
from tests.store.sample import IMPOSSIBLE, MALFORMED, begin, delivered, fingerprint, sealed

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
    """A sealed run of these contacts by key, which knows what feeds each field."""
    run = begin(state, sync)
    run.describe("SELECT 1", COLUMNS)
    run.write([PlannedRow(key, fingerprint(key), contact) for key, contact in contacts.items()], [])
    run.seal(Counts(read=len(contacts), pending=len(contacts)))
    return run


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements on the ledger that reach the database meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "leadway_delivery" in statement:
            seen.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)


def test_every_delivery_has_an_entry(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """With run, attempt, key, contact, outcome, status, trace id, reasons, and a time in UTC."""
    run = sealed(state, sync, "created", "updated", "refused", "unknown")
    created, updated, refused, unknown = run.outbox(0, 10)
    before = datetime.now(UTC)
    run.acknowledge([delivered(created, "C1"), delivered(updated, "C2", Outcome.UPDATED)])
    run.acknowledge([Delivery(refused, Outcome.REFUSED, status=422, reasons=(MALFORMED,), trace_id="t")])
    run.acknowledge([Delivery(unknown, Outcome.UNKNOWN)])

    found = entries(engine, run)

    assert [(each.source_key, each.outcome, each.contact_id, each.status, each.trace_id) for each in found] == [
        ("created", "created", "C1", 200, "trace of created"),
        ("updated", "updated", "C2", 200, "trace of updated"),
        ("refused", "refused", None, 422, "t"),
        ("unknown", "unknown", None, None, None),
    ]
    assert {(each.run_id, each.attempt) for each in found} == {(run.id, 1)}
    assert [decode_reasons(each.reasons) for each in found] == [(), (), (MALFORMED,), ()]
    times = [before, *(each.delivered_at for each in found), datetime.now(UTC)]
    assert times == sorted(times)
    assert found[0].delivered_at.utcoffset() == timedelta(0)


def test_text_of_any_kind_comes_back(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Keys with quotes, colons, emoji and other scripts pass each database's own way of appending."""
    keys = ('O\'Brien "x"', ":name %s %(x)s \\", "ключ 🗝", "trailing ", '["a","b"]')
    run = sealed(state, sync, *keys)
    run.acknowledge([delivered(row, f"contact of {row.source_key}") for row in run.outbox(0, 10)])
    found = entries(engine, run)
    assert [each.source_key for each in found] == list(keys)
    assert [each.contact_id for each in found] == [f"contact of {key}" for key in keys]


def test_the_fields_that_were_sent_are_told_by_their_columns(state: StateStore, sync: SyncIdentity) -> None:
    """Nested ones and tags too; a field that a row leaves out isn't told, and no value is kept."""
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

    [known] = state.syncs().known(sync.name)
    told = {key: state.history().of_key(key, [known])[0].deliveries[0] for key in ("whole", "part", "cleared")}

    assert told["whole"].sent == COLUMNS
    assert told["part"].sent == (COLUMNS[0],)
    assert told["part"].reasons == (IMPOSSIBLE,)
    assert told["cleared"].sent == (COLUMNS[0], COLUMNS[3], COLUMNS[4])
    assert state.history().of_key("untagged", [known])[0].deliveries[0].sent == (COLUMNS[3],)


def test_an_entry_comes_with_its_acknowledgement_or_not_at_all(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind the ledger and before the counts, neither is kept; acknowledged again, there is one entry."""
    run = sealed(state, sync, "a")
    rows = [delivered(row, "C1") for row in run.outbox(0, 10)]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(settlement, "Counter", killed)
        with pytest.raises(KeyboardInterrupt):
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


def test_whoever_removes_a_contact_records_it(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """An entry needs no outbox row: key, outcome and what is known of the contact are enough."""
    run = sealed(state, sync, "a")
    attempt = Attempt(run._sync_id, run.id, run.attempt)

    with engine.begin() as connection:
        record(connection, attempt, [Entry("gone", REMOVED, contact_id="C9", status=200)])

    [entry] = entries(engine, run)
    assert (entry.source_key, entry.outcome, entry.contact_id, entry.fields) == ("gone", REMOVED, "C9", None)


def aged(engine: sa.Engine, run: SyncRun, keys: str, days: float) -> None:
    """Let the entries of these keys be so old."""
    entry = tables.delivery.c
    with engine.begin() as connection:
        connection.execute(
            sa.update(tables.delivery)
            .where(entry.run_id == run.id, entry.source_key.in_(list(keys)))
            .values(delivered_at=datetime.now(UTC) - timedelta(days=days))
        )


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_old_entries_are_deleted_and_no_others(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Those of this sync that are older than so many days, however many steps it takes; another sync's stay."""
    monkeypatch.setattr(ledger, "_CHUNK", step)
    other = sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), *"ab")
    run = sealed(state, sync, *"abcd")
    for each in (other, run):
        each.acknowledge([delivered(row, row.source_key) for row in each.outbox(0, 10)])
    aged(engine, run, "abc", 91)
    aged(engine, run, "c", 89)
    aged(engine, other, "ab", 200)

    assert run.trim_ledger(90) == 2
    assert run.trim_ledger(90) == 0

    assert [each.source_key for each in entries(engine, run)] == ["c", "d"]
    assert len(entries(engine, other)) == 2


def test_a_ledger_without_old_entries_costs_one_look(state: StateStore, sync: SyncIdentity) -> None:
    """Retention runs at the end of every run, most of which have nothing to delete."""
    run = sealed(state, sync, *"abc")
    run.acknowledge([delivered(row, row.source_key) for row in run.outbox(0, 10)])

    with statements(state._database._engine) as seen:
        run.trim_ledger(90)

    assert len(seen) == 1


PLANS: dict[str, Callable[[Any], str]] = {
    "sqlite": lambda row: row.detail,
    "postgresql": lambda row: row[0],
    "mysql": lambda row: f"{row.key} {row.Extra}" if row.key else "SCAN",
}


def plan(engine: sa.Engine, statement: str, parameters: Any) -> str:
    """How the database goes about a statement."""
    name = engine.dialect.name.replace("mariadb", "mysql")
    explain = "EXPLAIN QUERY PLAN " if name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        return "\n".join(map(PLANS[name], connection.exec_driver_sql(explain + statement, parameters)))


@pytest.fixture
def filled(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> SyncRun:
    """A run with so many entries of as many rows that reading all of them is the worse way."""
    run = sealed(state, sync, "1")
    attempt = Attempt(run._sync_id, run.id, 1)
    with engine.begin() as connection:
        for start in range(0, 20_000, 1000):
            record(connection, attempt, [Entry(str(n), "updated", f"C{n}") for n in range(start, start + 1000)])
        for table in ("leadway_delivery", "leadway_row"):
            analyze = "ANALYZE TABLE" if engine.dialect.name in {"mysql", "mariadb"} else "ANALYZE"
            connection.exec_driver_sql(f"{analyze} {table}")
    return run


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda state, syncs, _: state.history().of_key("17", syncs), "leadway_delivery_key"),
        (lambda state, syncs, _: state.history().of_contact("C17", syncs), "leadway_delivery_contact"),
        (lambda _, __, run: run.trim_ledger(1), "leadway_delivery_age"),
    ],
    ids=["key", "contact", "retention"],
)
def test_the_ledger_is_read_along_its_indexes(  # noqa: PLR0917 - a fixture each
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, filled: SyncRun, look: Any, index: str
) -> None:
    """A key, a contact and the oldest entries are found by index on every database, and none by reading all."""
    with statements(state._database._engine) as seen:
        look(state, state.syncs().known(sync.name), filled)

    plans = [plan(engine, *each) for each in seen]

    assert plans
    assert index in plans[0]
    for each in plans:
        assert not any(sign in each for sign in ("SCAN", "Seq Scan", "filesort")), each
