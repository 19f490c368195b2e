"""The parts of one run's outbox in memory, its workers, and the run as one of them delivers it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadway_provider.exceptions import LeaseLostError
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.parts import Part, PartOutbox, split
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.testing.run import MemoryRun
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryTables


@dataclass
class MemoryParts:
    """The parts of one run and its workers: it implements `PartStore`.

    Attributes:
        tables: the tables of the sync.
        plan: the run.
        workers: those that hold the sync's lease together, by token.
        held: who has which part, by its number.
        completed: the numbers of the parts of which nothing is left.
    """

    tables: MemoryTables = field(repr=False)
    plan: MemoryPlan
    workers: dict[str, LeaseState] = field(default_factory=dict, repr=False)
    held: dict[int, str] = field(default_factory=dict, repr=False)
    completed: set[int] = field(default_factory=set)
    _parts: Sequence[Part] = field(default=(), repr=False)

    def read(self) -> LeaseState | None:
        """See `LeaseStore.read`: in memory, nobody but the workers wants the lease."""
        return None

    def acquire(self, instead_of: LeaseState | None, state: LeaseState) -> bool:  # noqa: ARG002 - nobody else has it
        """See `LeaseStore.acquire`."""
        self.workers[state.token] = state
        return True

    def heartbeat(self, token: str) -> bool:
        """See `LeaseStore.heartbeat`."""
        if token not in self.workers:
            return False
        self.workers[token] = replace(self.workers[token], heartbeats=self.workers[token].heartbeats + 1)
        return True

    def hold_until(self, token: str, until: datetime) -> bool:  # noqa: ARG002 - nobody else wants the lease
        """See `LeaseStore.hold_until`."""
        is_worker = token in self.workers
        self.release(token)
        return is_worker

    def release(self, token: str) -> None:
        """See `LeaseStore.release`."""
        self.workers.pop(token, None)
        self.held = {number: holder for number, holder in self.held.items() if holder != token}

    def others(self, worker: str) -> Sequence[LeaseState]:
        """See `PartStore.others`."""
        return [state for token, state in self.workers.items() if token != worker]

    def expel(self, other: LeaseState) -> bool:
        """See `PartStore.expel`."""
        if self.workers.get(other.token) != other:
            return False
        self.release(other.token)
        return True

    def split(self, rows: Iterable[OutboxRow], size: int) -> int:
        """See `PartStore.split`."""
        found = split(rows, size)
        for position, number in found.moved.items():
            self.tables.outbox[position].part = number
        self._parts, self.plan.is_split = found.parts, True
        return len(found.parts)

    def next_part(self, worker: str) -> Part | None:
        """See `PartStore.next_part`."""
        self._require(worker)
        free = (part for part in self._parts if part.number not in self.held and part.number not in self.completed)
        if found := next(free, None):
            self.held[found.number] = worker
        return found

    def complete(self, worker: str, part: Part) -> None:
        """See `PartStore.complete`."""
        self._require(worker)
        if self.held.get(part.number) == worker:
            del self.held[part.number]
            self.completed.add(part.number)

    def is_complete(self) -> bool:
        """See `PartStore.is_complete`."""
        return len(self.completed) == len(self._parts)

    def _require(self, worker: str) -> None:
        if worker not in self.workers:
            raise LeaseLostError("Other workers have taken over the parts of this one, so it stops.")


class MemoryPartRun(MemoryRun):
    """A run as one of its workers delivers it: it implements `PartedRun`."""

    def part(self, part: Part) -> PartOutbox:
        """Return the outbox of one part."""
        return PartOutbox(self, part)

    def rows_of(self, part: Part, after: int, limit: int) -> list[OutboxRow]:
        """Return the next rows of a part."""
        waiting = [each for each in self._tables.entries_of(self.plan) if each.is_pending]
        mine = [each for each in waiting if _belongs(each, part) and each.position > after]
        mine.sort(key=lambda each: each.position)
        elsewhere = {each.row_id for each in waiting if not _belongs(each, part)}
        elsewhere |= {each.row_id for each in self._tables.rows.values() if each.accepted_in == self.id}
        page = []
        for row in map(self._outbox_row, mine[:limit]):
            others = {each.row_id for each in (*row.blockers, *row.left_behind)}
            page.append(replace(row, comes_last=bool(others & elsewhere)))
            for blocker in row.blockers:
                if not blocker.is_pending:
                    self._tables.rows[blocker.row_id].fingerprint = None
        return page

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`; a row counts as changed whose contact another row will write to."""
        sent = {each.row.row_id for each in deliveries}
        waiting = (each.row_id for each in self._tables.entries_of(self.plan) if each.is_pending)
        busy = {self._tables.rows[row_id].contact_id for row_id in waiting if row_id not in sent}
        found = [
            replace(each, plan_again=True)
            if each.contact_id in busy and each.contact_id not in (None, each.row.lives_on)
            else each
            for each in deliveries
            if self._is_waiting(each)
        ]
        super().acknowledge(found)
        for each in found:
            if each.outcome.is_accepted:
                self._tables.rows[each.row.row_id].accepted_in = self.id

    def _is_waiting(self, delivery: Delivery) -> bool:
        entry = self._tables.outbox.get(delivery.row.position)
        return entry is not None and entry.is_pending and entry.run_id == self.id


def _belongs(entry: MemoryEntry, part: Part) -> bool:
    if entry.part is None:
        return part.first <= entry.position <= part.last
    return entry.part == part.number
