"""What a plan needs of the store, on every kind of database."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.store.rejection import RejectedRow
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.ports import PlanStore
from leadway_provider.sync.records import PlannedRow, SettledRow
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import (
    IMPOSSIBLE,
    MALFORMED,
    acknowledged,
    begin,
    bits,
    deliver_all,
    fingerprint,
    invalid,
    planned,
    row_ids,
    sealed,
    write,
)
from tests.store.statements import killed

KEYS = (
    "a",
    "A",
    "a ",
    " a",
    "a\t",
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "e",
    "ß",
    "ss",
    "😀",
    "😁",
    "😀" * 255,
    "x" * 255,
    "'; DROP TABLE leadway_row; --",
    "100%s",
    ":keys",
    "back\\slash",
    '"quoted"',
    "[1]",
    "1",
    "1.0",
    "01",
    "NULL",
    "",
)


def test_a_run_is_a_plan_store(state: StateStore, sync: SyncIdentity) -> None:
    """A run has what the plan needs; mypy checks the signatures."""
    store: PlanStore = begin(state, sync)

    assert store.known([]) == {}


def same_contact(run: SyncRun, key: str) -> SettledRow:
    """A row that changed, and became the contact that the CRM acknowledged."""
    return SettledRow(row_ids(run, key)[key], key, RowState.UNCHANGED, fingerprint=fingerprint("new form"))


def test_new_keys_get_an_id_and_no_fingerprint(state: StateStore, sync: SyncIdentity) -> None:
    """What was written is known from then on, but nothing is acknowledged yet."""
    run = begin(state, sync)

    assert run.known(["a", "b", "c"]) == {}
    ids = row_ids(run, "a", "b")
    run.write([planned(run, "a")], [invalid(run, "b")])

    assert sorted(ids) == ["a", "b"]
    assert run.known(["a", "b", "c"]) == {"a": (ids["a"], None), "b": (ids["b"], None)}


def test_keys_are_compared_byte_for_byte(state: StateStore, sync: SyncIdentity) -> None:
    """Case, blanks, accents, emoji and SQL in a key are part of the key; 255 characters fit."""
    run = begin(state, sync)

    ids = write(run, *KEYS)

    assert len(set(ids.values())) == len(KEYS)
    assert run.known(KEYS) == {key: (ids[key], None) for key in KEYS}
    assert [row.source_key for row in run.outbox(0, 100)] == list(KEYS)


def test_a_key_belongs_to_its_sync(state: StateStore, sync: SyncIdentity) -> None:
    """Another account, host or name shares no fingerprint, even where only the case differs."""
    deliver_all(sealed(state, sync, "a"))

    for other in (
        SyncIdentity(sync.name, sync.host, "LOC1"),
        SyncIdentity(sync.name, "https://other.example.com", sync.location_id),
        SyncIdentity(sync.name.upper(), sync.host, sync.location_id),
    ):
        assert begin(state, other).known(["a"]) == {}
    assert acknowledged(begin(state, sync), "a") == fingerprint("a")


def test_contacts_come_back_as_they_were(state: StateStore, sync: SyncIdentity) -> None:
    """Every JSON value, NUL and emoji included, and a contact of a megabyte survive the outbox."""
    contact = Contact(
        {
            "z": None,
            "a": [1, 1.0, 0.1, 10**30, True, "😀\0\n%s", {"nested": [[]]}],
            "long": "ü" * 1_000_000,
        },
        add_tags=("vip", "Été"),
        remove_tags=("old",),
        withheld=(IMPOSSIBLE,),
    )
    run = begin(state, sync)

    run.write([PlannedRow(row_ids(run, "a")["a"], "a", b"\0" * 16, contact)], [])

    (row,) = run.outbox(0, 10)
    assert row.contact == contact
    assert list(row.contact.fields) == ["z", "a", "long"]
    assert [type(value) for value in row.contact.fields["a"]][:3] == [int, float, float]  # type: ignore[union-attr]  # a list, as above
    assert row.fingerprint == b"\0" * 16


def test_the_outbox_keeps_the_order_given(state: StateStore, sync: SyncIdentity) -> None:
    """Rows are sent in the source's order, over several writes, and are read behind a position."""
    run = begin(state, sync)
    order = [f"{number * 7919 % 1000:03}" for number in range(300)]
    write(run, *order[:200])
    write(run, *order[200:])

    rows = run.outbox(0, 1000)

    assert [row.source_key for row in rows] == order
    assert [row.position for row in run.outbox(rows[9].position, 3)] == [row.position for row in rows[10:13]]


def test_a_row_that_is_planned_again_has_the_later_place(state: StateStore, sync: SyncIdentity) -> None:
    """A key that comes again is sent where it came last, once."""
    run = begin(state, sync)
    ids = write(run, "a", content="old") | write(run, "b")

    assert run.unplan([ids["a"]]) == {ids["a"]: RowState.PENDING}
    assert write(run, "a", content="new")["a"] == ids["a"]

    assert [(row.source_key, row.fingerprint) for row in run.outbox(0, 10)] == [
        ("b", fingerprint("b")),
        ("a", fingerprint("new")),
    ]


def test_unplan_returns_what_each_row_had_been(state: StateStore, sync: SyncIdentity) -> None:
    """Pending, invalid and unchanged rows are distinguished, and only what this run planned is taken back."""
    deliver_all(sealed(state, sync, "same"))
    earlier = begin(state, sync, "run 2")
    earlier.write([], [invalid(earlier, "was invalid")])
    earlier.seal(Counts(read=1, invalid=1))
    earlier.finish(calls=0, seconds=0)
    run = begin(state, sync, "run 3")
    run.write([planned(run, "new")], [invalid(run, "bad")])
    ids = row_ids(run, "new", "bad", "same", "was invalid")

    assert run.unplan(list(ids.values())) == {
        ids["new"]: RowState.PENDING,
        ids["bad"]: RowState.INVALID,
        ids["same"]: RowState.UNCHANGED,
        ids["was invalid"]: RowState.UNCHANGED,
    }
    assert run.outbox(0, 10) == []
    assert not run.rejected(10).first
    assert acknowledged(run, "same") == fingerprint("same")


def test_an_invalid_row_is_stored_with_every_reason(state: StateStore, sync: SyncIdentity) -> None:
    """An invalid row loses its fingerprint with the seal, so that its return to the old value is sent."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = begin(state, sync, "run 2")

    run.write([], [invalid(run, "b"), invalid(run, "c")])
    wanted = [RejectedRow(key, RowState.INVALID, (MALFORMED,)) for key in ("b", "c")]
    assert list(run.rejected(10).first) == wanted
    assert acknowledged(run, "b") == fingerprint("b")
    run.seal(Counts(read=3, unchanged=1, invalid=2))

    assert run.outbox(0, 10) == []
    assert run.known(["a", "b"])["a"][1] == fingerprint("a")
    assert acknowledged(run, "b") is None
    assert list(run.rejected(10).first) == wanted
    assert len(run.rejected(1).first) == 1


def test_a_row_that_became_the_same_contact_keeps_its_contact(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """From the seal on it has its new fingerprint; a plan that is not sealed changes none."""
    keys = ["a", "b", "c"]
    deliver_all(sealed(state_by_twos, sync, *keys))
    dead = begin(state_by_twos, sync, "run 2")
    dead.write([], [same_contact(dead, "a")])
    assert acknowledged(dead, "a") == fingerprint("a")
    run = begin(state_by_twos, sync, "run 3")
    assert acknowledged(run, "a") == fingerprint("a")
    run.write([planned(run, "d")], [same_contact(run, key) for key in keys])

    run.seal(Counts(read=4, unchanged=3, pending=1))

    assert {acknowledged(run, key) for key in keys} == {fingerprint("new form")}
    assert [row.source_key for row in run.outbox(0, 10)] == ["d"]
    assert run.unplan(list(row_ids(run, *keys).values())) == dict.fromkeys(
        row_ids(run, *keys).values(), RowState.UNCHANGED
    )


def test_sealing_forgets_what_is_about_to_be_overwritten(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """From the seal on it is not known what the CRM has for a row of the outbox; other rows keep their fingerprint."""
    keys = ["a", "b", "c", "d", "e"]
    deliver_all(sealed(state_by_twos, sync, *keys, "same"))
    run = begin(state_by_twos, sync, "run 2")
    write(run, *keys, content="changed")
    assert acknowledged(run, "a") == fingerprint("a")

    run.seal(Counts(read=6, unchanged=1, pending=5))

    assert run.sealed
    assert {acknowledged(run, key) for key in keys} == {None}
    assert acknowledged(run, "same") == fingerprint("same")


def test_sealing_keeps_the_counts(state: StateStore, sync: SyncIdentity) -> None:
    """The plan's counts are kept; pending and withheld are counted in the outbox."""
    run = begin(state, sync)
    run.write([planned(run, "a", withheld=(IMPOSSIBLE,)), planned(run, "b")], [invalid(run, "c")])
    assert run.counts() == Counts(pending=2)

    run.seal(Counts(read=10, unchanged=5, invalid=1, superseded=2, pending=2))

    counts = run.counts()
    assert counts == Counts(read=10, unchanged=5, invalid=1, superseded=2, pending=2, withheld=1)
    counts.verify()


def test_a_plan_that_is_not_sealed_counts_for_nothing(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """Killed before the seal, no row has changed, new keys are forgotten, and a retry plans anew."""
    deliver_all(sealed(state_by_twos, sync, "a", "a2", "b"))
    run = begin(state_by_twos, sync, "run 2")
    write(run, "a", "a2", "b", "new", content="changed")
    run.write([], [invalid(run, "bad")])
    with at("UPDATE leadway_run SET status", killed), pytest.raises(KeyboardInterrupt):
        run.seal(Counts(read=5, pending=4, invalid=1))

    retry = begin(state_by_twos, sync, "run 2")

    assert not retry.sealed
    assert retry.id != run.id
    assert retry.outbox(0, 10) == run.outbox(0, 10) == []
    assert {key: content for key, (_, content) in retry.known(["a", "a2", "b", "new", "bad"]).items()} == {
        key: fingerprint(key) for key in ("a", "a2", "b")
    }


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        ("UPDATE leadway_row", 0),
        ("UPDATE leadway_row", 1),
        ("DELETE FROM leadway_outbox", 0),
        ("UPDATE leadway_sync", 0),
    ],
)
@pytest.mark.parametrize("task_run", ["run 2", "run 3"])
def test_a_seal_that_was_killed_is_completed(
    state_by_twos: StateStore, sync: SyncIdentity, statement: str, after: int, task_run: str
) -> None:
    """From its first transaction on the plan counts: the sync's next attempt or run completes it, and delivers it."""
    deliver_all(sealed(state_by_twos, sync, "a", "a2", "b", "same", "bad"))
    run = begin(state_by_twos, sync, "run 2")
    ids = write(run, "a", "a2", "b", content="changed")
    run.write([], [invalid(run, "bad")])
    counts = Counts(read=5, unchanged=1, invalid=1, pending=3)
    with at(statement, killed, after=after), pytest.raises(KeyboardInterrupt):
        run.seal(counts, bits(ids), is_whole=False)

    after_kill = begin(state_by_twos, sync, task_run)

    assert after_kill.sealed is (task_run == "run 2")
    assert [row.source_key for row in run.outbox(0, 10)] == ["a", "a2", "b"]
    assert run.counts() == counts
    fingerprints = {key: content for key, (_, content) in run.known(["a", "a2", "b", "same", "bad"]).items()}
    assert fingerprints == dict.fromkeys(["a", "a2", "b", "bad"]) | {"same": fingerprint("same")}
    assert list(after_kill.rejected(10).first) == (
        [RejectedRow("bad", RowState.INVALID, (MALFORMED,))] * after_kill.sealed
    )


def test_a_failed_write_writes_nothing(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Planned and rejected rows of one write are one transaction; here the last one is refused by the database."""
    run = begin(state, sync)
    run.ensure_rows(["a", "b"])

    with pytest.raises(StateUnavailableError):
        run.write([planned(run, "a")], [invalid(run, "b"), invalid(run, "a")])

    assert run.outbox(0, 10) == []
    assert not run.rejected(10).first
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every engine here has a QueuePool
