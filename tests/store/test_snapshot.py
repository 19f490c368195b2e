"""The contacts that a run has read of the account, and rows that are acknowledged because the account has all of them.

Every test of the port runs over each database and in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.state import StateStore
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import SettledRow
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.sync.snapshot import ContactDigest, SnapshotStore
from leadway_provider.sync.verification import RowHome
from leadway_provider.testing import MemoryState
from tests.store.sample import begin, deliver_all, row_ids, sealed

EMAIL, PHONE, OTHER = "aa" * 10, "bb" * 10, "cc" * 10
ANN = ContactDigest("ann", EMAIL, PHONE, b"12345678", b"tag-one.tag-two.")
BOB = ContactDigest("Bob", OTHER, None, b"\x00\xff345678")
Made = tuple[SnapshotStore, dict[str, int]]


@pytest.fixture(params=["in SQL", "in memory"])
def made(request: pytest.FixtureRequest, state: StateStore, sync: SyncIdentity) -> Made:
    """A run's store, and the ids of three rows: of two that live on contacts of their own, and of a new one."""
    if request.param == "in SQL":
        deliver_all(sealed(state, sync, "a", "b"))
        run = begin(state, sync, "run 2")
        return run.snapshot, row_ids(run, "a", "b", "new")
    memory = MemoryState()
    first = memory.begin(task_run="run 1")
    ids = dict(first.ensure_rows(["a", "b"]))
    first.seal(Counts())
    for key, row_id in ids.items():
        memory.rows[row_id].contact_id = f"contact-{key}"
    second = memory.begin(task_run="run 2")
    return second.snapshot, {**ids, **second.ensure_rows(["new"])}


def test_contacts_are_found_by_id_and_by_identity(made: Made) -> None:
    """As they were added, upper and lower case of an id kept apart; one that is read again is replaced."""
    store, _ = made
    store.add([ANN, BOB])
    later = replace(ANN, phone=None, fields=b"87654321")
    store.add([later])

    assert store.by_id(["ann", "Bob", "bob", "nobody"]) == {"ann": later, "Bob": BOB}
    assert {name: list(found) for name, found in store.with_identities([EMAIL, PHONE, OTHER]).items()} == {
        EMAIL: [later],
        OTHER: [BOB],
    }


def test_a_contact_remembers_the_row_that_it_was_compared_with(made: Made) -> None:
    """So that no second row is."""
    store, ids = made
    store.add([ANN, BOB])
    store.match({"ann": ids["new"]})
    assert {each.contact_id: each.matched_by for each in store.by_id(["ann", "Bob"]).values()} == {
        "ann": ids["new"],
        "Bob": None,
    }


def test_contacts_of_no_row_are_counted(made: Made) -> None:
    """Neither compared with a row, nor lived on by one that the plan read."""
    store, ids = made
    homes = [ContactDigest(str(store.homes([ids[key]])[ids[key]].contact_id), None, None, b"") for key in ("a", "b")]
    store.add([ANN, BOB, *homes])
    store.match({"ann": ids["new"]})
    is_read: Callable[[int], bool] = {ids["a"], ids["new"]}.__contains__

    assert store.count_unmatched(is_read) == 2
    assert store.count_unmatched(lambda _: True) == 1


def test_rows_are_known_with_their_homes(made: Made) -> None:
    """A new row lives nowhere; the others are the residents of their contacts."""
    store, ids = made
    homes = store.homes(ids.values())
    assert homes[ids["new"]].contact_id is None
    a = str(homes[ids["a"]].contact_id)
    assert {each: list(rows) for each, rows in store.residents([a, "nobody"]).items()} == {a: [ids["a"]]}


def test_rows_are_read_in_the_order_of_their_keys(made: Made) -> None:
    """Capitals first, whatever the database, and each once; a new row has neither contact nor fingerprint."""
    store, ids = made
    found = list(store.rows())
    assert [(each.row_id, each.source_key) for each in found] == [(ids[key], key) for key in ("a", "b", "new")]
    assert [each.contact_id is None for each in found] == [False, False, True]
    assert found[2].fingerprint is None


def test_rows_are_as_the_plan_leaves_them(state: StateStore, sync: SyncIdentity) -> None:
    """Over several pages, with the contacts that it found and the fingerprints that it stores."""
    deliver_all(sealed(state, sync, "b"))
    run = begin(state, sync, "run 2")
    keys = ["b", "B", "a", *(f"k{number:04}" for number in range(2_500))]
    ids = row_ids(run, *keys)
    [before] = [each for each in run.snapshot.rows() if each.source_key == "b"]
    run.write([], [SettledRow(ids["a"], "a", RowState.UNCHANGED, (), b"0123456789abcdef", "found")])
    run.write([], [SettledRow(ids["b"], "b", RowState.UNCHANGED, (), b"fedcba9876543210")])

    found = list(run.snapshot.rows())

    assert [each.source_key for each in found] == sorted(keys)
    assert found[1] == RowHome(ids["a"], "a", "found", b"0123456789abcdef")
    assert found[2] == RowHome(ids["b"], "b", before.contact_id, b"fedcba9876543210")


def test_nothing_is_left_when_a_plan_has_ended(made: Made) -> None:
    """However many contacts there were."""
    store, _ = made
    store.add([replace(ANN, contact_id=f"contact {number}") for number in range(2_500)])
    store.clear()
    assert store.by_id(["contact 1", "contact 2499"]) == {}
    assert store.count_unmatched(lambda _: True) == 0


def test_the_next_run_deletes_what_a_killed_one_has_read(
    engine: sa.Engine, state: StateStore, sync: SyncIdentity
) -> None:
    """Nothing of a plan that was never sealed stays."""
    begin(state, sync, "run 1").snapshot.add([ANN, BOB])
    begin(state, sync, "run 2")
    with engine.connect() as connection:
        found = connection.scalar(
            sa.select(sa.func.count())
            .select_from(tables.snapshot)
            .join(tables.run, tables.run.c.id == tables.snapshot.c.run_id)
            .where(tables.run.c.sync_id == state.syncs().ensure(sync))
        )
    assert found == 0


def test_an_adopted_row_lives_on_its_contact_from_the_seal_on(
    engine: sa.Engine, state: StateStore, sync: SyncIdentity
) -> None:
    """Acknowledged with what the account has, and without an entry in the ledger; before the seal nothing is known."""
    run = begin(state, sync, "run 1")
    row_id = row_ids(run, "a")["a"]
    adopted = SettledRow(row_id, "a", RowState.UNCHANGED, (), b"f" * 16, "ann", frozenset({EMAIL, PHONE}))
    run.write([], [adopted])
    assert run.snapshot.homes([row_id])[row_id].contact_id is None

    run.seal(Counts(read=1, unchanged=1, adopted=1), b"\xff" * (row_id // 8 + 1))

    home = run.snapshot.homes([row_id])[row_id]
    assert (home.contact_id, home.in_crm) == ("ann", frozenset({EMAIL, PHONE}))
    assert run.known(["a"]) == {"a": (row_id, b"f" * 16)}
    assert run.counts()["adopted"] == 1
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.row.c.outcome).where(tables.row.c.id == row_id)) == "unchanged"
        assert not connection.scalar(
            sa.select(sa.func.count()).select_from(tables.delivery).where(tables.delivery.c.run_id == run.id)
        )
