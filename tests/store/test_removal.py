"""What the removal of departed rows needs of the store, on every kind of database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.rejection import RejectedRow
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.ports import DepartedStore, RemovalStore
from leadway_provider.sync.records import Delivery, DepartedRow, Removal
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import MALFORMED, begin, deliver_all, delivered, fingerprint, invalid, planned, sealed
from tests.store.statements import killed


def ids(run: SyncRun, *keys: str) -> list[int]:
    """The row ids of keys."""
    known = run.known(keys)
    return [known[key][0] for key in keys]


def departed(state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 2") -> SyncRun:
    """A sealed run that found nothing but that these rows departed."""
    run = begin(state, sync, task_run)
    run.removals.plan_departed(ids(run, *keys))
    run.seal(Counts(read=1, unchanged=1))
    return run


def kept(engine: sa.Engine, run: SyncRun, key: str) -> tuple[str, bytes | None, str | None, int]:
    """Outcome, fingerprint, contact and whether the sync created it."""
    row = tables.row.c
    [row_id] = ids(run, key)
    with engine.connect() as connection:
        found = connection.execute(
            sa.select(row.outcome, row.fingerprint, row.contact_id, row.created_by_sync).where(row.id == row_id)
        ).one()
    return found.outcome, found.fingerprint, found.contact_id, found.created_by_sync


def acknowledged(run: SyncRun, outcomes: dict[str, tuple[str, RowState]]) -> None:
    """Deliver the outbox: the contact and the outcome of each key."""
    run.acknowledge([delivered(row, *outcomes[row.source_key]) for row in run.outbox(0, 100)])
    run.finish(calls=0, seconds=0)


def test_a_run_has_what_removal_needs(state: StateStore, sync: SyncIdentity) -> None:
    """Both sides of it; mypy checks the signatures."""
    plan: DepartedStore = begin(state, sync).removals
    removal: RemovalStore = begin(state, sync).removals

    assert list(plan.with_contact()) == []
    assert removal.departed(0, 10) == []


def test_a_row_has_whether_the_sync_created_its_contact(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """It stays through updates and failures, ends with another contact, and begins where the row creates one."""
    created, updated = RowState.CREATED, RowState.UPDATED

    acknowledged(sealed(state, sync, "a", "b"), {"a": ("C1", created), "b": ("C2", updated)})
    run = sealed(state, sync, "a", "b", task_run="run 2")
    assert (kept(engine, run, "a")[3], kept(engine, run, "b")[3]) == (1, 0)

    acknowledged(run, {"a": ("C1", updated), "b": ("C2", updated)})
    run = sealed(state, sync, "a", "b", task_run="run 3")
    assert (kept(engine, run, "a")[3], kept(engine, run, "b")[3]) == (1, 0)

    first, second = run.outbox(0, 10)
    run.acknowledge([Delivery(first, RowState.REFUSED), Delivery(second, RowState.UNKNOWN)])
    assert (kept(engine, run, "a")[2:], kept(engine, run, "b")[2:]) == (("C1", 1), ("C2", 0))

    run = sealed(state, sync, "a", "b", task_run="run 4")
    acknowledged(run, {"a": ("c1", updated), "b": ("C4", created)})
    assert (kept(engine, run, "a")[2:], kept(engine, run, "b")[2:]) == (("c1", 0), ("C4", 1))


def test_rows_that_have_a_contact_are_found_in_parts(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """Neither rows without one, nor those that have departed before, nor another sync's."""
    keys = [f"{number:02}" for number in range(42)]
    deliver_all(sealed(state_by_twos, sync, "0a", *keys))
    deliver_all(sealed(state_by_twos, SyncIdentity(sync.name, sync.host, "loc2"), "x"))
    run = departed(state_by_twos, sync, "0a")
    run.removals.acknowledge([Removal(departed) for departed in run.removals.departed(0, 10)])
    run = begin(state_by_twos, sync, "run 3")
    run.write([planned(run, "new")], [invalid(run, "bad")])

    parts = [list(part) for part in run.removals.with_contact()]
    assert parts == [ids(run, *keys[:20]), ids(run, *keys[20:40]), ids(run, *keys[40:])]
    assert run.removals.count_with_contact() == 42


def test_a_contact_counts_as_created_by_the_sync_whichever_row_created_it(
    state: StateStore, sync: SyncIdentity
) -> None:
    """The customer's key may have changed since; what another sync created does not count."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    acknowledged(sealed(state, other, "x"), {"x": ("C2", RowState.CREATED)})
    acknowledged(
        sealed(state, sync, "old", "key", "found"),
        {"old": ("C1", RowState.CREATED), "key": ("C1", RowState.UPDATED), "found": ("C2", RowState.UPDATED)},
    )
    run = begin(state, sync, "run 2")
    old, key, found = ids(run, "old", "key", "found")

    assert run.removals.keys_of([found, key], only_created_by_sync=True) == {key: "key"}
    assert run.removals.keys_of([found, old], only_created_by_sync=False) == {old: "old", found: "found"}
    assert run.removals.keys_of([], only_created_by_sync=True) == {}


def test_departed_rows_are_not_pending(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """They wait in the outbox, through the seal, beside what is to be sent, and the run is not finished before."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = begin(state, sync, "run 2")
    run.write([planned(run, "c", "changed")], [invalid(run, "bad")])
    run.removals.plan_departed(ids(run, "a", "b"))

    run.seal(Counts(read=2, pending=1, invalid=1))

    assert run.counts() == Counts(read=2, pending=1, invalid=1)
    assert [row.source_key for row in run.outbox(0, 10)] == ["c"]
    assert run.removals.waiting() == 2
    deliver_all(run)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run.id)) == "delivering"
    assert begin(state, sync, "run 2").sealed


def test_the_seal_forgets_what_is_about_to_be_removed(
    state_by_twos: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Should such a row come back it is sent, whether or not its removal was acknowledged; nothing else changes."""
    deliver_all(sealed(state_by_twos, sync, *"abcde"))
    run = begin(state_by_twos, sync, "run 2")
    run.removals.plan_departed(ids(run, *"abc"))
    assert kept(engine, run, "a")[1] == fingerprint("a")

    run.seal(Counts(read=2, unchanged=2))

    assert [kept(engine, run, key)[1] for key in "abcde"] == [None, None, None, fingerprint("d"), fingerprint("e")]
    assert kept(engine, run, "a") == ("created", None, "contact of a", 1)
    assert not run.rejected(10).first


def test_departed_rows_come_in_order_behind_a_position(state: StateStore, sync: SyncIdentity) -> None:
    """Each with its contact, and in as many pages as it takes."""
    deliver_all(sealed(state, sync, *"abcde"))
    run = departed(state, sync, *"abcd")

    first, second = run.removals.departed(0, 2)

    [row_id] = ids(run, "a")
    assert first == DepartedRow(first.position, row_id, "a", "contact of a", shared=False)
    assert [departed.source_key for departed in run.removals.departed(second.position, 10)] == ["c", "d"]


def test_a_contact_is_shared_with_a_row_that_has_not_departed(state: StateStore, sync: SyncIdentity) -> None:
    """Rows that depart too, that departed before, or that belong to another sync do not count; ids differ by case."""
    keys = ("here", "goes", "also goes", "went before", "alone", "other case")
    contacts = dict(zip(keys, ("C1", "C1", "C2", "C2", "C3", "c3"), strict=True))
    acknowledged(sealed(state, sync, *keys), {key: (contact, RowState.CREATED) for key, contact in contacts.items()})
    elsewhere = sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), "x")
    acknowledged(elsewhere, {"x": ("C3", RowState.CREATED)})
    run = departed(state, sync, "went before")
    run.removals.acknowledge([Removal(departed) for departed in run.removals.departed(0, 10)])
    run = departed(state, sync, "goes", "also goes", "alone", task_run="run 3")

    assert [(each.source_key, each.shared) for each in run.removals.departed(0, 10)] == [
        ("goes", True),
        ("also goes", False),
        ("alone", False),
    ]


def test_rows_of_one_contact_that_depart_together_do_not_share_it(state: StateStore, sync: SyncIdentity) -> None:
    """Nor where the API has refused the first of them."""
    acknowledged(sealed(state, sync, "a", "b"), dict.fromkeys("ab", ("C1", RowState.CREATED)))
    run = departed(state, sync, "a", "b")
    first, second = run.removals.departed(0, 10)
    assert not first.shared
    assert not second.shared

    run.removals.acknowledge([Removal(first, reasons=(MALFORMED,))])

    assert run.removals.departed(0, 10) == [second]


def test_a_removed_row_is_stored_as_such(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """It is counted, and has no fingerprint; it keeps its contact where that still exists."""
    deliver_all(sealed(state, sync, "tagged", "deleted", "stays"))
    run = departed(state, sync, "tagged", "deleted")
    tagged, deleted = run.removals.departed(0, 10)

    run.removals.acknowledge([Removal(tagged), Removal(deleted, contact_missing=True)])
    run.finish(calls=1, seconds=1)

    assert kept(engine, run, "tagged") == (RowState.REMOVED, None, "contact of tagged", 1)
    assert kept(engine, run, "deleted") == (RowState.REMOVED, None, None, 0)
    assert kept(engine, run, "stays") == ("created", fingerprint("stays"), "contact of stays", 1)
    assert run.counts() == Counts(read=1, unchanged=1, removed=2)
    assert not begin(state, sync, "run 2").sealed


def test_a_refused_removal_keeps_its_reasons(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """It is among the run's rejected rows, and is found again by the next run."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = departed(state, sync, "a")

    run.removals.acknowledge([Removal(departed, reasons=(MALFORMED,)) for departed in run.removals.departed(0, 10)])

    assert kept(engine, run, "a") == (RowState.UNREMOVED, None, "contact of a", 1)
    assert list(run.rejected(10).first) == [RejectedRow("a", RowState.UNREMOVED, (MALFORMED,))]
    assert run.counts() == Counts(read=1, unchanged=1, unremoved=1)
    run.finish(calls=0, seconds=0)
    assert begin(state, sync, "run 3").removals.count_with_contact() == 2


def test_what_became_of_departed_rows_is_in_the_ledger(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Removed and refused alike, with the contact and the API's reasons, beside what was delivered before."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = departed(state, sync, "a", "b")
    first, second = run.removals.departed(0, 10)
    removals = [Removal(first, contact_missing=True), Removal(second, contact_missing=False, reasons=(MALFORMED,))]
    run.removals.acknowledge(removals)
    run.removals.acknowledge(removals)

    entry = tables.delivery.c
    wanted = sa.select(entry.source_key, entry.outcome, entry.contact_id, entry.reasons.is_not(None), entry.attempt)
    with engine.connect() as connection:
        found = connection.execute(wanted.where(entry.run_id == run.id).order_by(entry.id)).all()
    assert [tuple(each) for each in found] == [
        ("a", RowState.REMOVED, "contact of a", False, 1),
        ("b", RowState.UNREMOVED, "contact of b", True, 1),
    ]


def test_a_removed_row_has_no_claims(state: StateStore, sync: SyncIdentity) -> None:
    """Its claims end with it; where the API refused, and of other rows, they stay."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = begin(state, sync, "run 2")
    a, b, c = ids(run, "a", "b", "c")
    mail, phone = "0" * 32, "f" * 32
    run.claims.update_claims(
        [],
        [
            Claim(mail, a, ClaimKind.HOLDS),
            Claim(mail, c, ClaimKind.WAITS),
            Claim(phone, a, ClaimKind.WAITS),
            Claim(phone, b, ClaimKind.HOLDS),
        ],
    )
    run.removals.plan_departed([a, b])
    run.seal(Counts(read=1, unchanged=1))
    first, second = run.removals.departed(0, 10)

    run.removals.acknowledge([Removal(first), Removal(second, reasons=(MALFORMED,))])

    assert set(run.claims.claims_of([a, b, c])) == {Claim(phone, b, ClaimKind.HOLDS), Claim(mail, c, ClaimKind.WAITS)}


def test_acknowledging_twice_counts_once(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A row that is no longer in the outbox is neither counted nor changed again."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = departed(state, sync, "a", "b")
    first, second = run.removals.departed(0, 10)
    run.removals.acknowledge([Removal(first)])

    run.removals.acknowledge([Removal(first, reasons=(MALFORMED,)), Removal(second)])

    assert run.counts() == Counts(read=1, unchanged=1, removed=2)
    assert kept(engine, run, "a")[0] == RowState.REMOVED


def test_acknowledging_is_all_or_nothing(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Killed between the outbox and the counts, neither has changed, and the retry goes on with every row."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = departed(state, sync, "a", "b")
    found = run.removals.departed(0, 10)

    with at("UPDATE leadway_run", killed), pytest.raises(KeyboardInterrupt):
        run.removals.acknowledge([Removal(found[0]), Removal(found[1], reasons=(MALFORMED,))])

    retry = begin(state, sync, "run 2")
    assert retry.id == run.id
    assert retry.counts() == Counts(read=1, unchanged=1)
    assert retry.removals.departed(0, 10) == found
    assert kept(engine, run, "a")[0] == "created"


def test_many_rows_depart_in_parts(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """More rows than one transaction treats are planned and acknowledged all the same."""
    keys = [f"{number:02}" for number in range(7)]
    deliver_all(sealed(state_by_twos, sync, *keys))
    run = begin(state_by_twos, sync, "run 2")
    wanted = run.removals.keys_of(ids(run, *keys), only_created_by_sync=True)
    assert list(wanted.values()) == keys
    run.removals.plan_departed(wanted)
    run.seal(Counts(read=1, unchanged=1))

    run.removals.acknowledge([Removal(departed, contact_missing=True) for departed in run.removals.departed(0, 10)])

    assert run.counts()["removed"] == 7
    assert run.removals.waiting() == run.removals.count_with_contact() == 0


def test_another_run_starts_afresh(state: StateStore, sync: SyncIdentity) -> None:
    """What a dry run found is forgotten, and what an abandoned run found with the next seal; all is found anew."""
    deliver_all(sealed(state, sync, "a", "b"))
    abandoned = departed(state, sync, "a")
    dry = begin(state, sync, "run 3")
    dry.removals.plan_departed(ids(dry, "a"))
    dry.finish_dry_run(Counts(read=1, unchanged=1))

    run = begin(state, sync, "run 4")

    assert run.removals.count_with_contact() == 2
    assert (abandoned.removals.waiting(), dry.removals.waiting()) == (1, 0)
    run.removals.plan_departed(ids(run, "a"))
    run.seal(Counts(read=1, unchanged=1))
    assert abandoned.removals.waiting() == 0
    assert [each.source_key for each in run.removals.departed(0, 10)] == ["a"]


def test_a_removed_row_collides_with_no_other(state: StateStore, sync: SyncIdentity) -> None:
    """Another key may have its contact."""
    deliver_all(sealed(state, sync, "a"))
    run = departed(state, sync, "a")
    run.removals.acknowledge([Removal(departed) for departed in run.removals.departed(0, 10)])
    run.finish(calls=0, seconds=0)
    run = sealed(state, sync, "b", task_run="run 3")

    acknowledged(run, {"b": ("contact of a", RowState.UPDATED)})

    assert run.counts()["collisions"] == 0
