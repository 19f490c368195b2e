"""Which row lives on which contact: what blocks a row, what contacts gave up, collisions, and contacts taken over."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.ledger import CLEARED
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Blocker, Delivery
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin, bits, delivered, planned, row_ids, sealed
from tests.store.statements import analyze, query_plan, reads_all, statements

EMAIL, PHONE = "aa" * 16, "bb" * 16


def on_contacts(state: StateStore, sync: SyncIdentity, **contacts: tuple[str, frozenset[str]]) -> dict[str, int]:
    """Return the row ids of rows that a finished run delivered: the contact of each key, and what the CRM has on it."""
    run = sealed(state, sync, *contacts)
    for row in run.outbox(0, 100):
        contact_id, in_crm = contacts[row.source_key]
        run.acknowledge([Delivery(row, RowState.CREATED, contact_id=contact_id, in_crm=in_crm)])
    run.finish(calls=1, seconds=1)
    return row_ids(run, *contacts)


def claiming(
    state: StateStore, sync: SyncIdentity, claimed: dict[str, tuple[str, ...]], *, also_read: tuple[str, ...] = ()
) -> SyncRun:
    """A second run, sealed, of a whole read: each key sends these identities; the other keys are unchanged."""
    run = begin(state, sync, "run 2")
    run.write([planned(run, key, "new")._replace(claimed=several) for key, several in claimed.items()], [])
    ids = row_ids(run, *claimed, *also_read)
    run.seal(Counts(read=len(ids), pending=len(claimed), unchanged=len(also_read)), bits(ids))
    return run


def blockers(run: SyncRun) -> dict[str, tuple[Blocker, ...]]:
    """Return what blocks each row of the outbox."""
    return {row.source_key: row.blockers for row in run.outbox(0, 100)}


def test_a_row_is_blocked_where_another_contact_has_what_it_sends(state: StateStore, sync: SyncIdentity) -> None:
    """By e-mail or phone, whichever column has it, and with whether the other row is still to be sent."""
    ids = on_contacts(
        state,
        sync,
        giver=("C1", frozenset({EMAIL})),
        keeper=("C2", frozenset({PHONE, "cc" * 16})),
        taker=("C3", frozenset()),
    )
    run = claiming(state, sync, {"taker": (EMAIL, PHONE), "giver": ()}, also_read=("keeper",))

    assert blockers(run) == {
        "taker": (
            Blocker(ids["giver"], "C1", EMAIL, is_pending=True),
            Blocker(ids["keeper"], "C2", PHONE, is_pending=False),
        ),
        "giver": (),
    }


def test_an_acknowledged_giver_blocks_no_longer(state: StateStore, sync: SyncIdentity) -> None:
    """Once the answer shows its contact without the identity, and not before: a refused row's contact keeps it."""
    on_contacts(state, sync, giver=("C1", frozenset({EMAIL})), taker=("C2", frozenset()))
    run = claiming(state, sync, {"giver": (PHONE,), "taker": (EMAIL,)})
    giver, taker = run.outbox(0, 10)
    assert [each.contact_id for each in taker.blockers] == ["C1"]

    run.acknowledge([Delivery(giver, RowState.UPDATED, contact_id="C1", in_crm=frozenset({PHONE}))])

    assert blockers(run) == {"taker": ()}


def test_what_does_not_block(state: StateStore, sync: SyncIdentity) -> None:
    """The row itself, a row on the same contact, and another sync's."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    on_contacts(state, other, elsewhere=("C9", frozenset({EMAIL})))
    on_contacts(state, sync, taker=("C1", frozenset({EMAIL})), twin=("C1", frozenset({EMAIL})))

    assert blockers(claiming(state, sync, {"taker": (EMAIL,)}, also_read=("twin",))) == {"taker": ()}


def test_a_departed_row_blocks_a_row_with_a_contact(state: StateStore, sync: SyncIdentity) -> None:
    """Where the account has to match a contact, the departed row's contact is taken over instead."""
    ids = on_contacts(state, sync, taker=("C1", frozenset()), gone=("C2", frozenset({EMAIL})))

    run = claiming(state, sync, {"taker": (EMAIL,), "newcomer": (EMAIL,)})

    assert blockers(run) == {"taker": (Blocker(ids["gone"], "C2", EMAIL, is_pending=False),), "newcomer": ()}
    assert {row.source_key: row.takes_over for row in run.outbox(0, 10)} == {"taker": None, "newcomer": "C2"}


def test_a_contact_that_gave_an_identity_up_blocks_no_longer(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Rows that swap: one contact gives up what the other row sends; the ledger shows it, and nothing is counted."""
    ids = on_contacts(state, sync, a=("C1", frozenset({EMAIL, "cc" * 16})), b=("C2", frozenset({PHONE})))
    run = claiming(state, sync, {"a": (PHONE,), "b": (EMAIL,)})
    [_, b] = run.outbox(0, 10)
    [blocker] = b.blockers

    run.cleared(blocker, "trace", 200)

    assert {key: [each.identity for each in several] for key, several in blockers(run).items()} == {
        "a": [PHONE],
        "b": [],
    }
    assert run.claims.in_crm(ids.values()) == {ids["a"]: {"cc" * 16}, ids["b"]: {PHONE}}
    entry = tables.delivery.c
    with engine.connect() as connection:
        wanted = sa.select(entry.source_key, entry.outcome, entry.contact_id, entry.status, entry.trace_id)
        assert connection.execute(wanted.where(entry.run_id == run.id)).all() == [("a", CLEARED, "C1", 200, "trace")]
    [shown, _] = state.reader().history().deliveries(run.sync_id, "a").records
    assert (shown.outcome, shown.sent) == (CLEARED, None)
    assert run.counts() == Counts(read=2, pending=2)


def collide(state: StateStore, sync: SyncIdentity) -> dict[str, int]:
    """A run after which `b` is on the contact of `a`, and `c` on one of its own."""
    contacts = {"a": "C1", "b": "C1", "c": "C3"}
    run = sealed(state, sync, *contacts)
    run.acknowledge([delivered(row, contacts[row.source_key]) for row in run.outbox(0, 10)])
    run.finish(calls=1, seconds=1)
    assert run.counts()["collisions"] == 1
    return row_ids(run, *contacts)


@pytest.mark.parametrize(
    ("read", "collisions"),
    [("abc", 1), ("bc", 0), ("ac", 0)],
)
def test_a_collision_stands_until_a_whole_read_shows_one_row_gone(
    state: StateStore, sync: SyncIdentity, read: str, collisions: int
) -> None:
    """Every run counts it, also one that finds both rows unchanged, or a partial read that does not have them."""
    ids = collide(state, sync)
    partial = begin(state, sync, "run 2")
    partial.seal(Counts(), b"", is_whole=False)
    assert partial.counts()["collisions"] == 1
    partial.finish(calls=0, seconds=0)
    run = begin(state, sync, "run 3")

    run.seal(Counts(read=len(read), unchanged=len(read)), bits({key: ids[key] for key in read}))

    assert run.counts()["collisions"] == collisions


@pytest.mark.parametrize(("contact_id", "collisions"), [("C1", 1), ("C2", 0)])
def test_a_row_that_collides_and_is_sent_is_counted_by_its_delivery(
    state: StateStore, sync: SyncIdentity, contact_id: str, collisions: int
) -> None:
    """It is sent without the contact, so that the account matches it anew; it is counted once, and only if it stays."""
    ids = collide(state, sync)
    run = sealed(state, sync, "b", task_run="run 2")
    assert run.counts()["collisions"] == 0
    [row] = run.outbox(0, 10)
    assert row.contact_id is None

    run.acknowledge([delivered(row, contact_id, RowState.UPDATED)])
    run.finish(calls=1, seconds=1)

    assert run.counts()["collisions"] == collisions
    after = begin(state, sync, "run 3")
    after.seal(Counts(read=3, unchanged=3), bits(ids))
    assert after.counts()["collisions"] == collisions


def test_a_row_is_sent_to_the_contact_that_it_is_on(state: StateStore, sync: SyncIdentity) -> None:
    """The first row on a shared contact keeps it; a new row has none."""
    collide(state, sync)
    run = sealed(state, sync, "a", "c", "new", task_run="run 2")

    assert {row.source_key: row.contact_id for row in run.outbox(0, 10)} == {"a": "C1", "c": "C3", "new": None}


def test_a_departed_row_gives_its_contact_to_the_row_that_takes_it_over(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """A person whose key changed: no collision, and the contact still counts as created by the sync."""
    ids = on_contacts(state, sync, old=("C1", frozenset({EMAIL})), other=("C2", frozenset()))
    run = claiming(state, sync, {"new": (EMAIL,)}, also_read=("other",))
    [row] = run.outbox(0, 10)

    run.acknowledge([Delivery(row, RowState.UPDATED, contact_id="C1", in_crm=frozenset({EMAIL}))])

    assert run.counts()["collisions"] == 0
    found = tables.row.c
    with engine.connect() as connection:
        wanted = sa.select(found.id, found.contact_id, found.created_by_sync).where(found.sync_id == run.sync_id)
        contacts = {row_id: (contact_id, created) for row_id, contact_id, created in connection.execute(wanted)}
    assert contacts == {ids["old"]: (None, 0), ids["other"]: ("C2", 1), row.row_id: ("C1", 1)}
    assert run.claims.in_crm(contacts) == {row.row_id: {EMAIL}}


def test_contacts_are_looked_up_along_indexes(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Neither what blocks a row nor what collides is found by a look at all rows of the sync."""
    keys = [f"{number:04}" for number in range(1000)]
    first = sealed(state, sync, *keys)
    first.acknowledge(
        [
            replace(delivered(row, row.source_key), in_crm=frozenset({f"{row.row_id:032x}", f"f{row.row_id:031x}"}))
            for row in first.outbox(0, 1000)
        ]
    )
    run = claiming(state, sync, {"new": (EMAIL,)}, also_read=tuple(keys))
    analyze(engine, "leadway_row", "leadway_outbox")

    with statements(engine, "leadway_row.in_crm IN") as blocking, statements(engine, "also_in_crm IN") as also_blocking:
        run.outbox(0, 10)
    with statements(engine, "collides_with > ") as colliding:
        run.complete_seal()

    for seen, index in (
        (blocking, "leadway_row_in_crm"),
        (also_blocking, "leadway_row_also_in_crm"),
        (colliding, "leadway_row_collision"),
    ):
        plan = query_plan(engine, seen[0])
        assert index in plan, plan
        assert not reads_all(plan, "leadway_row"), plan
