"""What a plan asks of the store, on every kind of database."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.store import outbox
from leadway_provider.store import run as run_module
from leadway_provider.store.state import RejectedRow, StateStore, SyncIdentity
from leadway_provider.sync.outcome import Counts, Outcome
from leadway_provider.sync.ports import PlannedRow, PlanStore
from tests.store.sample import (
    IMPOSSIBLE,
    MALFORMED,
    acknowledged,
    begin,
    deliver_all,
    fingerprint,
    invalid,
    planned,
    sealed,
)

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
    """A run has what the plan asks for; mypy checks the signatures."""
    store: PlanStore = begin(state, sync)

    assert store.known([]) == {}


def test_new_keys_get_an_id_and_no_fingerprint(state: StateStore, sync: SyncIdentity) -> None:
    """What was written is known from then on, but nothing is acknowledged yet."""
    run = begin(state, sync)

    assert run.known(["a", "b", "c"]) == {}
    ids = run.write([planned("a")], [invalid("b")])

    assert sorted(ids) == ["a", "b"]
    assert run.known(["a", "b", "c"]) == {"a": (ids["a"], None), "b": (ids["b"], None)}


def test_keys_are_told_apart_byte_for_byte(state: StateStore, sync: SyncIdentity) -> None:
    """Case, blanks, accents, emoji and SQL in a key are part of the key; 255 characters fit."""
    run = begin(state, sync)

    ids = run.write([planned(key) for key in KEYS], [])

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

    run.write([PlannedRow("a", b"\0" * 16, contact)], [])

    (row,) = run.outbox(0, 10)
    assert row.contact == contact
    assert list(row.contact.fields) == ["z", "a", "long"]
    assert [type(value) for value in row.contact.fields["a"]][:3] == [int, float, float]  # type: ignore[union-attr]  # a list, as above
    assert row.fingerprint == b"\0" * 16


def test_the_outbox_keeps_the_order_given(state: StateStore, sync: SyncIdentity) -> None:
    """Rows are sent in the source's order, over several writes, and are handed out behind a position."""
    run = begin(state, sync)
    order = [f"{number * 7919 % 1000:03}" for number in range(300)]
    run.write([planned(key) for key in order[:200]], [])
    run.write([planned(key) for key in order[200:]], [])

    rows = run.outbox(0, 1000)

    assert [row.source_key for row in rows] == order
    assert [row.position for row in run.outbox(rows[9].position, 3)] == [row.position for row in rows[10:13]]


def test_a_rewritten_row_sits_at_its_later_place(state: StateStore, sync: SyncIdentity) -> None:
    """A key that comes again is sent where it came last, once."""
    run = begin(state, sync)
    ids = run.write([planned("a", "old"), planned("b")], [])

    assert run.retract([ids["a"]]) == {ids["a"]: Outcome.PENDING}
    assert run.write([planned("a", "new")], [])["a"] == ids["a"]

    assert [(row.source_key, row.fingerprint) for row in run.outbox(0, 10)] == [
        ("b", fingerprint("b")),
        ("a", fingerprint("new")),
    ]


def test_retract_tells_what_each_row_had_been(state: StateStore, sync: SyncIdentity) -> None:
    """Pending, invalid and unchanged rows are told apart, and only this run's doing is taken back."""
    deliver_all(sealed(state, sync, "same"))
    earlier = begin(state, sync, "run 2")
    earlier.write([], [invalid("was invalid")])
    earlier.seal(Counts(read=1, invalid=1))
    earlier.finish(calls=0, seconds=0)
    run = begin(state, sync, "run 3")
    ids = run.write([planned("new")], [invalid("bad")])
    ids |= {key: row_id for key, (row_id, _) in run.known(["same", "was invalid"]).items()}

    assert run.retract(list(ids.values())) == {
        ids["new"]: Outcome.PENDING,
        ids["bad"]: Outcome.INVALID,
        ids["same"]: Outcome.UNCHANGED,
        ids["was invalid"]: Outcome.UNCHANGED,
    }
    assert run.outbox(0, 10) == []
    assert run.rejected(10) == []
    assert acknowledged(run, "same") == fingerprint("same")


def test_an_invalid_row_is_on_record_with_every_reason(state: StateStore, sync: SyncIdentity) -> None:
    """An invalid row loses its fingerprint with the seal, so that its return to the old value is sent."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = begin(state, sync, "run 2")

    run.write([], [invalid("b"), invalid("c")])
    wanted = [RejectedRow(key, Outcome.INVALID, (MALFORMED,)) for key in ("b", "c")]
    assert run.rejected(10) == wanted
    assert acknowledged(run, "b") == fingerprint("b")
    run.seal(Counts(read=3, unchanged=1, invalid=2))

    assert run.outbox(0, 10) == []
    assert run.known(["a", "b"])["a"][1] == fingerprint("a")
    assert acknowledged(run, "b") is None
    assert run.rejected(10) == wanted
    assert len(run.rejected(1)) == 1


def test_sealing_forgets_what_is_about_to_be_overwritten(
    state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the seal on nobody knows what the CRM holds for a row of the outbox; other rows keep their fingerprint."""
    monkeypatch.setattr(run_module, "_CHUNK", 2)
    keys = ["a", "b", "c", "d", "e"]
    deliver_all(sealed(state, sync, *keys, "same"))
    run = begin(state, sync, "run 2")
    run.write([planned(key, "changed") for key in keys], [])
    assert acknowledged(run, "a") == fingerprint("a")

    run.seal(Counts(read=6, unchanged=1, pending=5))

    assert run.sealed
    assert {acknowledged(run, key) for key in keys} == {None}
    assert acknowledged(run, "same") == fingerprint("same")


def test_sealing_keeps_the_counts(state: StateStore, sync: SyncIdentity) -> None:
    """The plan's counts are kept; pending and withheld are counted in the outbox."""
    run = begin(state, sync)
    run.write([planned("a", withheld=(IMPOSSIBLE,)), planned("b")], [invalid("c")])
    assert run.counts() == Counts(pending=2)

    run.seal(Counts(read=10, unchanged=5, invalid=1, superseded=2, pending=2))

    counts = run.counts()
    assert counts == Counts(read=10, unchanged=5, invalid=1, superseded=2, pending=2, withheld=1)
    counts.verify()


def test_a_plan_that_is_not_sealed_counts_for_nothing(
    state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of the seal, a retry plans anew and finds every row changed that was forgotten."""
    deliver_all(sealed(state, sync, "a", "b"))
    run = begin(state, sync, "run 2")
    run.write([planned("a", "changed"), planned("b", "changed")], [])
    monkeypatch.setattr(run_module, "_CHUNK", 1)
    seal_rows = run._seal_rows
    monkeypatch.setattr(run, "_seal_rows", lambda after: seal_rows(after) if after == 0 else _killed())
    with pytest.raises(KeyboardInterrupt):
        run.seal(Counts(read=2, pending=2))

    retry = begin(state, sync, "run 2")

    assert not retry.sealed
    assert retry.id != run.id
    assert retry.outbox(0, 10) == []
    assert acknowledged(retry, "a") is None
    assert acknowledged(retry, "b") == fingerprint("b")


def test_a_failed_write_leaves_nothing(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, outbox and rejections of one write are one transaction."""
    run = begin(state, sync)
    monkeypatch.setattr(outbox, "encode_reasons", lambda _: _killed())

    with pytest.raises(KeyboardInterrupt):
        run.write([planned("a")], [invalid("b")])

    assert run.known(["a", "b"]) == {}
    assert run.outbox(0, 10) == []
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every engine here has a QueuePool


def _killed() -> int:
    raise KeyboardInterrupt
