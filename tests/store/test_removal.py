"""What the removal of rows that left asks of the store, on every kind of database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from leadway_provider.store import removal as removal_module
from leadway_provider.store import run as run_module
from leadway_provider.store import tables
from leadway_provider.store.state import RejectedRow, StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.claims import Claim
from leadway_provider.sync.outcome import REMOVED, UNREMOVED, Counts, Outcome
from leadway_provider.sync.ports import Delivery, Leaver, LeaverStore, Removal, RemovalStore
from tests.store.sample import MALFORMED, begin, deliver_all, delivered, fingerprint, invalid, planned, sealed


def ids(run: SyncRun, *keys: str) -> list[int]:
    """The row ids of keys."""
    known = run.known(keys)
    return [known[key][0] for key in keys]


def leaving(state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 2") -> SyncRun:
    """A sealed run that found nothing but that these rows left."""
    run = begin(state, sync, task_run)
    run.removals.note(ids(run, *keys))
    run.seal(Counts(read=1, unchanged=1))
    return run


def kept(engine: sa.Engine, run: SyncRun, key: str) -> tuple[str, bytes | None, str | None, int]:
    """Outcome, fingerprint, contact and whether the sync made it."""
    row = tables.row.c
    [row_id] = ids(run, key)
    with engine.connect() as connection:
        found = connection.execute(
            sa.select(row.outcome, row.fingerprint, row.contact_id, row.made).where(row.id == row_id)
        ).one()
    return found.outcome, found.fingerprint, found.contact_id, found.made


def acknowledged(run: SyncRun, outcomes: dict[str, tuple[str, Outcome]]) -> None:
    """Deliver the outbox: the contact and the outcome of each key."""
    run.acknowledge([delivered(row, *outcomes[row.source_key]) for row in run.outbox(0, 100)])
    run.finish(calls=0, seconds=0)


def test_a_run_has_what_removal_asks_for(state: StateStore, sync: SyncIdentity) -> None:
    """Both sides of it; mypy checks the signatures."""
    plan: LeaverStore = begin(state, sync).removals
    removal: RemovalStore = begin(state, sync).removals

    assert plan.holding() == 0
    assert removal.leaving(0, 10) == []


def test_made_tells_whether_the_sync_created_the_contact(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """It stays through updates and failures, ends with another contact, and begins where the row makes one."""
    created, updated = Outcome.CREATED, Outcome.UPDATED

    acknowledged(sealed(state, sync, "a", "b"), {"a": ("C1", created), "b": ("C2", updated)})
    run = sealed(state, sync, "a", "b", task_run="run 2")
    assert (kept(engine, run, "a")[3], kept(engine, run, "b")[3]) == (1, 0)

    acknowledged(run, {"a": ("C1", updated), "b": ("C2", updated)})
    run = sealed(state, sync, "a", "b", task_run="run 3")
    assert (kept(engine, run, "a")[3], kept(engine, run, "b")[3]) == (1, 0)

    first, second = run.outbox(0, 10)
    run.acknowledge([Delivery(first, Outcome.REFUSED), Delivery(second, Outcome.UNKNOWN)])
    assert (kept(engine, run, "a")[2:], kept(engine, run, "b")[2:]) == (("C1", 1), ("C2", 0))

    run = sealed(state, sync, "a", "b", task_run="run 4")
    acknowledged(run, {"a": ("c1", updated), "b": ("C4", created)})
    assert (kept(engine, run, "a")[2:], kept(engine, run, "b")[2:]) == (("c1", 0), ("C4", 1))


def test_rows_that_hold_a_contact_are_found_in_parts(
    state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither rows without one, nor those that have left, nor another sync's."""
    monkeypatch.setattr(removal_module, "_PAGE", 2)
    deliver_all(sealed(state, sync, "a", "b", "c", "d", "e", "f"))
    deliver_all(sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), "x"))
    run = leaving(state, sync, "b")
    run.removals.acknowledge([Removal(leaver) for leaver in run.removals.leaving(0, 10)])
    run = begin(state, sync, "run 3")
    run.write([planned("new")], [invalid("bad")])

    assert list(map(list, run.removals.holders())) == [ids(run, "a", "c"), ids(run, "d", "e"), ids(run, "f")]
    assert run.removals.holding() == 5


def test_a_contact_counts_as_made_whichever_row_made_it(state: StateStore, sync: SyncIdentity) -> None:
    """The customer's key may have changed since; another sync's making tells nothing."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    acknowledged(sealed(state, other, "x"), {"x": ("C2", Outcome.CREATED)})
    acknowledged(
        sealed(state, sync, "old", "key", "found"),
        {"old": ("C1", Outcome.CREATED), "key": ("C1", Outcome.UPDATED), "found": ("C2", Outcome.UPDATED)},
    )
    run = begin(state, sync, "run 2")
    old, key, found = ids(run, "old", "key", "found")

    assert run.removals.leavers([found, key], only_made=True) == {key: "key"}
    assert run.removals.leavers([found, old], only_made=False) == {old: "old", found: "found"}
    assert run.removals.leavers([], only_made=True) == {}


def test_rows_that_left_are_not_pending(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """They wait in the outbox, through the seal, beside what is to be sent, and the run is not finished before."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = begin(state, sync, "run 2")
    run.write([planned("c", "changed")], [invalid("bad")])
    run.removals.note(ids(run, "a", "b"))

    run.seal(Counts(read=2, pending=1, invalid=1))

    assert run.counts() == Counts(read=2, pending=1, invalid=1)
    assert [row.source_key for row in run.outbox(0, 10)] == ["c"]
    assert run.removals.waiting() == 2
    deliver_all(run)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run.id)) == "delivering"
    assert begin(state, sync, "run 2").sealed


def test_the_seal_forgets_what_is_about_to_be_removed(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should such a row come back it is sent, whether or not its removal was acknowledged; nothing else changes."""
    monkeypatch.setattr(run_module, "_CHUNK", 2)
    deliver_all(sealed(state, sync, *"abcde"))
    run = begin(state, sync, "run 2")
    run.removals.note(ids(run, *"abc"))
    assert kept(engine, run, "a")[1] == fingerprint("a")

    run.seal(Counts(read=2, unchanged=2))

    assert [kept(engine, run, key)[1] for key in "abcde"] == [None, None, None, fingerprint("d"), fingerprint("e")]
    assert kept(engine, run, "a") == ("created", None, "contact of a", 1)
    assert run.rejected(10) == []


def test_leavers_come_in_order_behind_a_position(state: StateStore, sync: SyncIdentity) -> None:
    """Each with its contact, and in as many pages as it takes."""
    deliver_all(sealed(state, sync, *"abcde"))
    run = leaving(state, sync, *"abcd")

    first, second = run.removals.leaving(0, 2)

    [row_id] = ids(run, "a")
    assert first == Leaver(first.position, row_id, "a", "contact of a", shared=False)
    assert [leaver.source_key for leaver in run.removals.leaving(second.position, 10)] == ["c", "d"]


def test_a_contact_is_shared_where_a_row_that_has_not_left_stands_on_it(state: StateStore, sync: SyncIdentity) -> None:
    """Rows that leave too, that left before, or that belong to another sync don't count; ids differ by case."""
    keys = ("here", "goes", "also goes", "left", "alone", "other case")
    contacts = dict(zip(keys, ("C1", "C1", "C2", "C2", "C3", "c3"), strict=True))
    acknowledged(sealed(state, sync, *keys), {key: (contact, Outcome.CREATED) for key, contact in contacts.items()})
    elsewhere = sealed(state, SyncIdentity(sync.name, sync.host, "loc2"), "x")
    acknowledged(elsewhere, {"x": ("C3", Outcome.CREATED)})
    run = leaving(state, sync, "left")
    run.removals.acknowledge([Removal(leaver) for leaver in run.removals.leaving(0, 10)])
    run = leaving(state, sync, "goes", "also goes", "alone", task_run="run 3")

    assert [(each.source_key, each.shared) for each in run.removals.leaving(0, 10)] == [
        ("goes", True),
        ("also goes", False),
        ("alone", False),
    ]


def test_rows_of_one_contact_that_leave_together_do_not_share_it(state: StateStore, sync: SyncIdentity) -> None:
    """Nor where the API has refused the first of them."""
    acknowledged(sealed(state, sync, "a", "b"), dict.fromkeys("ab", ("C1", Outcome.CREATED)))
    run = leaving(state, sync, "a", "b")
    first, second = run.removals.leaving(0, 10)
    assert not first.shared
    assert not second.shared

    run.removals.acknowledge([Removal(first, reasons=(MALFORMED,))])

    assert run.removals.leaving(0, 10) == [second]


def test_a_removed_row_is_on_record(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """It is counted, without a fingerprint; with its contact where that still exists."""
    deliver_all(sealed(state, sync, "tagged", "deleted", "stays"))
    run = leaving(state, sync, "tagged", "deleted")
    tagged, deleted = run.removals.leaving(0, 10)

    run.removals.acknowledge([Removal(tagged), Removal(deleted, contact_gone=True)])
    run.finish(calls=1, seconds=1)

    assert kept(engine, run, "tagged") == (REMOVED, None, "contact of tagged", 1)
    assert kept(engine, run, "deleted") == (REMOVED, None, None, 0)
    assert kept(engine, run, "stays") == ("created", fingerprint("stays"), "contact of stays", 1)
    assert run.counts() == Counts(read=1, unchanged=1, removed=2)
    assert not begin(state, sync, "run 2").sealed


def test_a_refused_removal_keeps_its_reasons(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """It is among the run's rejected rows, and is found again by the next run."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = leaving(state, sync, "a")

    run.removals.acknowledge([Removal(leaver, reasons=(MALFORMED,)) for leaver in run.removals.leaving(0, 10)])

    assert kept(engine, run, "a") == (UNREMOVED, None, "contact of a", 1)
    assert run.rejected(10) == [RejectedRow("a", UNREMOVED, (MALFORMED,))]
    assert run.counts() == Counts(read=1, unchanged=1, unremoved=1)
    run.finish(calls=0, seconds=0)
    assert begin(state, sync, "run 3").removals.holding() == 2


def test_what_became_of_rows_that_left_is_in_the_ledger(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Removed and refused alike, with the contact and the API's reasons, beside what was delivered before."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = leaving(state, sync, "a", "b")
    first, second = run.removals.leaving(0, 10)
    removals = [Removal(first, contact_gone=True), Removal(second, contact_gone=False, reasons=(MALFORMED,))]
    run.removals.acknowledge(removals)
    run.removals.acknowledge(removals)

    entry = tables.delivery.c
    told = sa.select(entry.source_key, entry.outcome, entry.contact_id, entry.reasons.is_not(None), entry.attempt)
    with engine.connect() as connection:
        found = connection.execute(told.where(entry.run_id == run.id).order_by(entry.id)).all()
    assert [tuple(each) for each in found] == [
        ("a", REMOVED, "contact of a", False, 1),
        ("b", UNREMOVED, "contact of b", True, 1),
    ]


def test_a_removed_row_holds_and_waits_for_nothing(state: StateStore, sync: SyncIdentity) -> None:
    """Its claims end with it; where the API refused, and of other rows, they stay."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = leaving(state, sync, "a", "b")
    a, b, c = ids(run, "a", "b", "c")
    mail, phone = "0" * 32, "f" * 32
    run.claims.reclaim(
        [],
        [
            Claim(mail, a, holds=True),
            Claim(mail, c, holds=False),
            Claim(phone, a, holds=False),
            Claim(phone, b, holds=True),
        ],
    )
    first, second = run.removals.leaving(0, 10)

    run.removals.acknowledge([Removal(first), Removal(second, reasons=(MALFORMED,))])

    assert set(run.claims.claims_of([a, b, c])) == {Claim(phone, b, holds=True), Claim(mail, c, holds=False)}


def test_acknowledging_twice_counts_once(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A row that has left the outbox is neither counted nor changed again."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = leaving(state, sync, "a", "b")
    first, second = run.removals.leaving(0, 10)
    run.removals.acknowledge([Removal(first)])

    run.removals.acknowledge([Removal(first, reasons=(MALFORMED,)), Removal(second)])

    assert run.counts() == Counts(read=1, unchanged=1, removed=2)
    assert kept(engine, run, "a")[0] == REMOVED


def test_acknowledging_is_all_or_nothing(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the outbox and the counts, neither has changed, and the retry goes on with every row."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = leaving(state, sync, "a", "b")
    found = run.removals.leaving(0, 10)
    monkeypatch.setattr(removal_module, "encode_reasons", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        run.removals.acknowledge([Removal(found[0]), Removal(found[1], reasons=(MALFORMED,))])

    retry = begin(state, sync, "run 2")
    assert retry.id == run.id
    assert retry.counts() == Counts(read=1, unchanged=1)
    assert retry.removals.leaving(0, 10) == found
    assert kept(engine, run, "a")[0] == "created"


def test_many_rows_leave_in_parts(state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than one statement takes are noted and acknowledged all the same."""
    monkeypatch.setattr(removal_module, "_CHUNK", 2)
    keys = [f"{number:02}" for number in range(7)]
    deliver_all(sealed(state, sync, *keys))
    run = begin(state, sync, "run 2")
    wanted = run.removals.leavers(ids(run, *keys), only_made=True)
    assert list(wanted.values()) == keys
    run.removals.note(wanted)
    run.seal(Counts(read=1, unchanged=1))

    run.removals.acknowledge([Removal(leaver, contact_gone=True) for leaver in run.removals.leaving(0, 10)])

    assert run.counts().removed == 7
    assert run.removals.waiting() == run.removals.holding() == 0


def test_another_run_starts_afresh(state: StateStore, sync: SyncIdentity) -> None:
    """What an abandoned or a dry run noted is forgotten; who left is found anew."""
    deliver_all(sealed(state, sync, "a", "b"))
    abandoned = leaving(state, sync, "a")

    dry = begin(state, sync, "run 3")
    assert abandoned.removals.waiting() == 0
    dry.removals.note(ids(dry, "a"))
    dry.shelve(Counts(read=1, unchanged=1))

    assert begin(state, sync, "run 4").removals.holding() == 2
    assert dry.removals.waiting() == 0


def test_a_row_that_left_collides_with_nobody(state: StateStore, sync: SyncIdentity) -> None:
    """Another key may have its contact."""
    deliver_all(sealed(state, sync, "a"))
    run = leaving(state, sync, "a")
    run.removals.acknowledge([Removal(leaver) for leaver in run.removals.leaving(0, 10)])
    run.finish(calls=0, seconds=0)
    run = sealed(state, sync, "b", task_run="run 3")

    acknowledged(run, {"b": ("contact of a", Outcome.UPDATED)})

    assert run.counts().collisions == 0
