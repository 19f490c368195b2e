"""One contract for the parts of an outbox and their workers, in memory and in every kind of database."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import ConfigurationError, LeaseLostError
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.parts import Part
from leadway_provider.sync.records import Delivery, OutboxRow, PlannedRow
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.testing import MemoryState
from tests.store.sample import bits, fingerprint

ROWS = 6
MINE = LeaseState("mine", 0, "dag/run/deliver/0", "machine 1")
THEIRS = replace(MINE, token="theirs", holder="dag/run/deliver/1")
LATER = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)


class Kind(NamedTuple):
    """One kind of state store, with a run that has six rows, split into parts of two."""

    state: Any
    sync: SyncIdentity
    run: Any
    parts: Any

    def join(self) -> Any:
        """The run as a worker sees it."""
        return self.state.join(self.run.id) if self.is_memory else self.state.join(self.sync, self.run.id)

    def resume(self) -> Any:
        """The run as the last task sees it."""
        if self.is_memory:
            return self.state.resume_reviewed(self.run.id)
        return self.state.resume_reviewed(self.sync, self.run.id, task_run="last", digest=b"")

    def begin(self, task_run: str) -> Any:
        """Another run of the sync."""
        if self.is_memory:
            return self.state.begin(task_run=task_run)
        return self.state.begin(self.sync, task_run=task_run, digest=b"")

    @property
    def is_memory(self) -> bool:
        """Whether it is the one in memory."""
        return isinstance(self.state, MemoryState)


def planned(n: int, row_id: int) -> PlannedRow:
    """A row with an e-mail of its own."""
    email = f"p{n}@example.com"
    claimed = (UNKEYED.hash("email", email),)
    return PlannedRow(row_id, f"K{n}", fingerprint(f"K{n}"), Contact({"email": email}), claimed, claimed)


def hashed(n: int) -> str:
    """The hash of a row's e-mail."""
    return UNKEYED.hash("email", f"p{n}@example.com")


def opened(state: Any, sync: SyncIdentity) -> Kind:
    """A run in a state store, sealed and split."""
    is_memory = isinstance(state, MemoryState)
    run = state.begin(task_run="plan") if is_memory else state.begin(sync, task_run="plan", digest=b"")
    ids = run.ensure_rows([f"K{n}" for n in range(1, ROWS + 1)])
    run.write([planned(n, ids[f"K{n}"]) for n in range(1, ROWS + 1)], [])
    run.seal(Counts(read=ROWS, pending=ROWS), bits(ids))
    parts = state.parts(run.id) if is_memory else state.parts(sync, run.id)
    assert parts.split(run.outbox(0, 100), 2) == ROWS // 2
    return Kind(state, sync, run, parts)


@pytest.fixture(params=["memory", "database"])
def kind(request: pytest.FixtureRequest, state: StateStore, sync: SyncIdentity) -> Kind:
    """In memory, and in each kind of database."""
    return opened(MemoryState() if request.param == "memory" else state, sync)


def accepted(row: OutboxRow, contact_id: str = "", *also_shows: int) -> Delivery:
    """The CRM made a contact of a row, and shows the e-mails of others on it."""
    shown = frozenset({*row.claimed, *map(hashed, also_shows)})
    return Delivery(row, RowState.CREATED, contact_id or f"contact of {row.source_key}", in_crm=shown)


def test_each_part_has_one_worker(kind: Kind) -> None:
    """Two workers get different parts, each with its rows in order; a part that is complete never comes again."""
    assert kind.parts.acquire(None, MINE)
    assert kind.parts.acquire(None, THEIRS)
    run = kind.join()
    found = [kind.parts.next_part(token) for token in ("mine", "theirs", "mine", "theirs")]
    assert found[3] is None
    keys = [[row.source_key for row in run.part(part).outbox(0, 10)] for part in found[:3]]
    assert keys == [["K1", "K2"], ["K3", "K4"], ["K5", "K6"]]
    for token, part in zip(("mine", "theirs", "mine"), found, strict=False):
        assert not kind.parts.is_complete()
        kind.parts.complete(token, part)
    assert kind.parts.is_complete()
    kind.parts.release("mine")
    assert kind.parts.next_part("theirs") is None


def test_a_part_is_read_page_by_page(kind: Kind) -> None:
    """A page begins behind a position, and ends at its limit."""
    kind.parts.acquire(None, MINE)
    outbox = kind.join().part(kind.parts.next_part("mine"))
    [first] = outbox.outbox(0, 1)
    [second] = outbox.outbox(first.position, 5)
    assert [first.source_key, second.source_key] == ["K1", "K2"]
    assert not outbox.outbox(second.position, 5)


def test_only_its_worker_completes_a_part(kind: Kind) -> None:
    """What another worker says of it changes nothing."""
    kind.parts.acquire(None, MINE)
    kind.parts.acquire(None, THEIRS)
    part = kind.parts.next_part("mine")
    kind.parts.complete("theirs", part)
    kind.parts.release("mine")
    assert kind.parts.next_part("theirs") == part


def test_an_expelled_worker_gives_its_parts_back(kind: Kind) -> None:
    """Unless it has stored a heartbeat since it was looked at; afterwards it is none of the workers."""
    kind.parts.acquire(None, MINE)
    kind.parts.acquire(None, THEIRS)
    part = kind.parts.next_part("theirs")
    [seen] = kind.parts.others("mine")
    assert seen == THEIRS
    assert kind.parts.heartbeat("theirs")
    assert not kind.parts.expel(seen)
    assert kind.parts.expel(kind.parts.others("mine")[0])
    assert not kind.parts.others("mine")
    assert not kind.parts.heartbeat("theirs")
    with pytest.raises(LeaseLostError):
        kind.parts.next_part("theirs")
    with pytest.raises(LeaseLostError):
        kind.parts.complete("theirs", part)
    assert kind.parts.next_part("mine") == part


def test_the_last_task_delivers_what_workers_left(kind: Kind) -> None:
    """It sees all rows of all parts in order, and the counts are those of all."""
    kind.parts.acquire(None, MINE)
    run = kind.join()
    part = kind.parts.next_part("mine")
    run.part(part).acknowledge([accepted(run.part(part).outbox(0, 1)[0])])
    kind.parts.release("mine")
    last = kind.resume()
    left = last.outbox(0, 10)
    assert [row.source_key for row in left] == ["K2", "K3", "K4", "K5", "K6"]
    last.acknowledge([accepted(row) for row in left])
    assert last.counts()[RowState.CREATED] == ROWS
    last.counts().verify()


def test_an_answer_that_comes_twice_counts_once(kind: Kind) -> None:
    """A worker that was taken over, and stores its answer all the same, changes no count."""
    kind.parts.acquire(None, MINE)
    run = kind.join()
    outbox = run.part(kind.parts.next_part("mine"))
    [row] = outbox.outbox(0, 1)
    outbox.acknowledge([accepted(row)])
    outbox.acknowledge([accepted(row)])
    assert run.counts()[RowState.CREATED] == 1


def test_a_row_whose_e_mail_another_worker_has_met_comes_last(kind: Kind) -> None:
    """An answer shows an e-mail on a contact of another part: its row may touch this contact, so it is left."""
    kind.parts.acquire(None, MINE)
    run = kind.join()
    first, second = (run.part(kind.parts.next_part("mine")) for _ in range(2))
    before = second.outbox(0, 10)
    assert [(row.source_key, row.comes_last) for row in before] == [("K3", False), ("K4", False)]
    first.acknowledge([accepted(first.outbox(0, 1)[0], "contact of K1", 4)])
    after = second.outbox(0, 10)
    assert [(row.source_key, row.comes_last) for row in after] == [("K3", False), ("K4", True)]


def test_a_row_on_a_contact_that_another_one_will_write_to_is_planned_again(kind: Kind) -> None:
    """The account matched the contact of a row of another part: what it has now is known when that row is sent."""
    kind.parts.acquire(None, MINE)
    run = kind.join()
    for row in run.part(kind.parts.next_part("mine")).outbox(0, 10):
        run.acknowledge([accepted(row)])
    kind.parts.release("mine")
    last = kind.resume()
    last.acknowledge([accepted(row) for row in last.outbox(0, 10)])
    last.finish(**({} if kind.is_memory else {"calls": 0, "seconds": 0.0}))
    again = kind.begin("second")
    ids = {key: row_id for key, (row_id, _) in again.known(["K1", "K6"]).items()}
    again.write([planned(1, ids["K1"]), planned(6, ids["K6"])], [])
    again.seal(Counts(read=2, pending=2), bits(ids), is_whole=False)
    parts = kind.state.parts(again.id) if kind.is_memory else kind.state.parts(kind.sync, again.id)
    assert parts.split(again.outbox(0, 100), 1) == 2
    parts.acquire(None, MINE)
    mine = kind._replace(run=again, parts=parts).join()
    outbox = mine.part(parts.next_part("mine"))
    outbox.acknowledge([accepted(outbox.outbox(0, 1)[0], "contact of K6")])
    assert again.known(["K1"])["K1"][1] is None
    [other] = mine.part(parts.next_part("mine")).outbox(0, 10)
    mine.acknowledge([accepted(other)])
    assert again.known(["K6"])["K6"][1] is not None


def test_a_run_that_was_replaced_has_no_workers(kind: Kind) -> None:
    """Another run of the sync has begun: neither a worker nor the last task goes on with this one."""
    kind.begin("second")
    with pytest.raises(ConfigurationError):
        kind.join()
    with pytest.raises(ConfigurationError):
        kind.resume()


def test_what_workers_left_is_carried_without_its_part(kind: Kind) -> None:
    """The next run has the rows in its outbox, and may split them anew."""
    again = kind.begin("second")
    again.seal(Counts(), b"", is_whole=False)
    assert [row.source_key for row in again.outbox(0, 10)] == [f"K{n}" for n in range(1, ROWS + 1)]
    parts = kind.state.parts(again.id) if kind.is_memory else kind.state.parts(kind.sync, again.id)
    assert parts.split(again.outbox(0, 100), 3) == 2
    parts.acquire(None, MINE)
    run = kind._replace(run=again, parts=parts).join()
    assert len(run.part(parts.next_part("mine")).outbox(0, 10)) == 3


class TestLease:
    """The sync's lease, which the workers of a run hold together in a database."""

    @pytest.fixture
    def kind(self, state: StateStore, sync: SyncIdentity) -> Kind:
        """A database."""
        return opened(state, sync)

    def test_the_last_one_releases_it(self, kind: Kind) -> None:
        """For the workers it reads as free; for others it is held until the last worker has left."""
        leases = kind.state.lease(kind.sync)
        for state in (MINE, THEIRS):
            assert kind.parts.read() is None
            assert kind.parts.acquire(None, state)
        held = leases.read()
        assert held.holder == THEIRS.holder
        assert not leases.acquire(None, MINE)
        kind.parts.release("theirs")
        assert leases.read() is not None
        kind.parts.release("mine")
        assert leases.read() is None

    def test_each_heartbeat_keeps_it(self, kind: Kind) -> None:
        """Who saw the lease before a heartbeat of any worker comes too late; the process of none of them is named."""
        leases = kind.state.lease(kind.sync)
        kind.parts.acquire(None, MINE)
        kind.parts.acquire(None, THEIRS)
        seen = leases.read()
        assert seen.process == ""
        assert kind.parts.heartbeat("mine")
        assert not leases.acquire(seen, replace(MINE, token="other"))

    def test_another_run_waits_and_workers_wait_for_it(self, kind: Kind) -> None:
        """A lease that another run holds is not free for workers; when it has expired, it is theirs."""
        leases = kind.state.lease(kind.sync)
        assert leases.acquire(None, replace(MINE, token="other"))
        seen = kind.parts.read()
        assert seen.token == "other"
        assert not kind.parts.acquire(None, MINE)
        assert kind.parts.acquire(seen, MINE)
        assert not leases.heartbeat("other")

    def test_workers_whose_lease_was_acquired_stop(self, kind: Kind) -> None:
        """Their next heartbeat fails."""
        leases = kind.state.lease(kind.sync)
        kind.parts.acquire(None, MINE)
        assert leases.acquire(leases.read(), replace(MINE, token="other"))
        assert not kind.parts.heartbeat("mine")

    def test_it_is_held_while_workers_wait_for_quota(self, kind: Kind) -> None:
        """Their parts are free meanwhile; a worker that comes back ends it, and one that is late holds it longer."""
        leases = kind.state.lease(kind.sync)
        kind.parts.acquire(None, MINE)
        part = kind.parts.next_part("mine")
        assert not kind.parts.hold_until("theirs", LATER)
        assert kind.parts.hold_until("mine", LATER)
        kind.parts.release("mine")
        assert leases.read().held_until == LATER
        kind.parts.hold_longer(LATER.replace(hour=7))
        kind.parts.hold_longer(LATER)
        assert leases.read().held_until == LATER.replace(hour=7)
        assert kind.parts.acquire(None, THEIRS)
        assert leases.read().held_until is None
        assert kind.parts.next_part("theirs") == part
        kind.parts.hold_longer(LATER)
        kind.parts.release("theirs")
        assert leases.read() is None

    def test_a_split_that_was_killed_is_repeated(self, kind: Kind) -> None:
        """Only when every row is in its part, the outbox counts as split."""
        assert kind.state.is_split(kind.sync, kind.run.id)
        run = kind.begin("second")
        run.seal(Counts(), b"", is_whole=False)
        parts = kind.state.parts(kind.sync, run.id)

        def killed() -> Iterator[OutboxRow]:
            yield from run.outbox(0, 2)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            parts.split(killed(), 2)
        assert not kind.state.is_split(kind.sync, run.id)
        assert parts.split(run.outbox(0, 100), 2) == ROWS // 2
        assert kind.state.is_split(kind.sync, run.id)


def test_of_many_processes_each_gets_other_parts(empty_url: sa.URL) -> None:
    """Four processes take parts at the same time: none is given twice, and none is left."""
    sync = SyncIdentity("same", "host", "loc")
    with closing(StateStore.open(sa.create_engine(empty_url), "state")) as state:
        run = state.begin(sync, task_run="plan", digest=b"")
        ids = run.ensure_rows([f"K{n}" for n in range(1, 41)])
        run.write([planned(n, ids[f"K{n}"]) for n in range(1, 41)], [])
        run.seal(Counts(read=40, pending=40), bits(ids))
        assert state.parts(sync, run.id).split(run.outbox(0, 100), 1) == 40
    spawn = multiprocessing.get_context("spawn")
    barrier, taken = spawn.Barrier(4), spawn.Queue()
    address = empty_url.render_as_string(hide_password=False)
    together = (barrier, taken)
    processes = [spawn.Process(target=_take, args=(address, sync, run.id, f"w{n}", together)) for n in range(4)]
    for process in processes:
        process.start()
    found = [taken.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(number for numbers in found for number in numbers) == list(range(1, 41))
    with closing(StateStore.open(sa.create_engine(empty_url), "state")) as state:
        assert state.lease(sync).read() is None
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.worker)) == 0


def _take(
    address: str,
    sync: SyncIdentity,
    run_id: str,
    token: str,
    together: tuple[Barrier, multiprocessing.Queue[list[int]]],
) -> None:
    barrier, taken = together
    with closing(StateStore.open(sa.create_engine(address), "state")) as state:
        parts = state.parts(sync, run_id)
        barrier.wait()
        assert parts.acquire(None, LeaseState(token, 0, token, "machine 1"))
        found: list[Part] = []
        while part := parts.next_part(token):
            parts.heartbeat(token)
            parts.complete(token, part)
            found.append(part)
        parts.release(token)
        taken.put([part.number for part in found])
