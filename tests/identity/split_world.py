"""A world whose runs are delivered by several workers at a time, and then by the task that finishes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from leadway_provider.clock import Clock
from leadway_provider.exceptions import LeadwayError
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.parts import PartStore
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.testing import MemoryRun
from tests.identity.faults import Fault, FaultyAccount, KilledError, run_inline
from tests.identity.model import RunSpec, World

HEALTHY = 2
"""So many workers deliver besides those that something happens to."""


@dataclass
class Held:
    """What each worker holds: contacts and hashed identities of the rows that it has read and that are not stored yet.

    Attributes:
        by_worker: those of each row, by its position, by worker.
        twice: what two workers held at a time.
    """

    by_worker: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    def begin(self, worker: str, row: OutboxRow) -> None:
        """Note that a worker has read a row which it will send."""
        others = (*row.blockers, *row.left_behind)
        contacts = (row.contact.contact_id, row.contact_id, row.lives_on, row.takes_over)
        names = {each for each in (*contacts, *(other.contact_id for other in others)) if each}
        names |= {*row.lanes, *row.claimed}
        for other, rows in self.by_worker.items():
            if other != worker:
                self.twice += [name for held in rows.values() for name in names & held]
        self.by_worker.setdefault(worker, {})[row.position] = names


@dataclass
class WatchedPart:
    """The outbox of a part, and what its worker holds."""

    outbox_of_part: Any
    worker: str
    held: Held

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        page: Sequence[OutboxRow] = self.outbox_of_part.outbox(after, limit)
        for row in page:
            if not row.comes_last:
                self.held.begin(self.worker, row)
        return page

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.outbox_of_part.acknowledge(deliveries)
        for each in deliveries:
            self.held.by_worker[self.worker].pop(each.row.position)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outbox_of_part, name)


@dataclass
class SplitWorld(World):
    """What happens to an attempt of a run happens to one of its workers here; its retry joins the others.

    Attributes:
        held: what the workers hold.
        size: rows of a part.
        taken_over: how many workers were expelled, in all runs.
        left_over: how many rows the workers left for the task that finishes a run, in all runs.
    """

    held: Held = field(default_factory=Held)
    size: int = 1
    taken_over: int = 0
    left_over: int = 0
    _tokens: Iterator[int] = field(default_factory=count)

    def finish(self, run: MemoryRun, task_run: str, spec: RunSpec) -> Counts | None:
        """Deliver a sealed run by workers; the last task delivers what they left, and ends it."""
        self.delivered, self.writes, self.overwritten = [], 0, set()
        self.witness.delivery_begins()
        self.witness.attempt_begins()
        parts: Any = self.parts_of(run)
        parts.split(rows_of(run, spec.batch_size), self.size)
        run_inline(self._work_together(run, parts, spec))
        if spec.is_abandoned:
            return None
        assert parts.is_complete()
        assert not parts.others("")
        last: Any = self.state.resume_reviewed(run.id, task_run=task_run)
        self.left_over += len(list(rows_of(last, 100)))
        assert self._attempt(last, {}, spec)
        last.finish()
        assert last.plan.status == "finished"
        counts: Counts = last.counts()
        counts.verify()
        return counts

    def parts_of(self, run: MemoryRun) -> PartStore:
        """Return the parts of a run."""
        return self.state.parts(run.id)

    def join(self, run: MemoryRun) -> Any:
        """Return the run for one of its workers."""
        return self.state.join(run.id)

    async def _work_together(self, run: MemoryRun, parts: PartStore, spec: RunSpec) -> None:
        in_flight: set[str] = set()
        dead: set[str] = set()
        healthy: list[dict[int, Fault]] = [] if spec.is_abandoned else [{} for _ in range(HEALTHY)]
        async with asyncio.TaskGroup() as workers:
            for faults in (*spec.attempts, *healthy):
                workers.create_task(self._worker(run, parts, spec, faults, in_flight, dead))

    async def _worker(  # noqa: PLR0917 - of this class only
        self,
        run: MemoryRun,
        parts: PartStore,
        spec: RunSpec,
        faults: Mapping[int, Fault],
        in_flight: set[str],
        dead: set[str],
    ) -> None:
        """Deliver parts; after a failure or the end of the process, the worker's retry does."""
        token = f"worker {next(self._tokens)}"
        assert parts.acquire(None, LeaseState(token, 0, token, "elsewhere 1"))
        mine = self.join(run)
        sink = FaultyAccount(
            self.account,
            faults,
            self.refused,
            on_call=self.witness.called,
            on_clear=self.witness.clears,
            _in_flight=in_flight,
        )
        is_dead = is_failed = False
        try:
            await self._deliver(parts, mine, token, sink, spec, dead)
        except* KilledError:
            is_dead = True
        except* LeadwayError:
            is_failed = True
        self.writes += sink.writes
        self.unheard |= sink.unheard
        self.overwritten |= sink.overwritten
        assert not sink.overlaps
        assert not self.held.twice
        self.held.by_worker.pop(token, None)
        if is_dead:
            dead.add(token)  # it can't give anything back
        else:
            mine.finish()
            parts.release(token)
        if (is_dead or is_failed) and not spec.is_abandoned:
            await self._worker(run, parts, spec, {}, in_flight, dead)

    async def _deliver(  # noqa: PLR0917 - of this class only
        self, parts: PartStore, mine: Any, token: str, sink: FaultyAccount, spec: RunSpec, dead: set[str]
    ) -> None:
        """Deliver parts as `deliver_parts` does, in an event loop that others share."""
        clock = Clock(now=self.time.now, monotonic=lambda: self.time.seconds, sleep=self.time.sleep)
        while True:
            if part := parts.next_part(token):
                await OutboxDelivery(
                    store=WatchedPart(mine.part(part), token, self.held),
                    sink=sink,
                    max_in_flight=spec.in_flight,
                    batch_size=spec.batch_size,
                    on_acknowledged=self._acknowledged,
                    clock=clock,
                ).run()
                parts.complete(token, part)
                self.held.by_worker.pop(token, None)
            elif parts.is_complete():
                return
            else:
                expired = [each for each in parts.others(token) if each.token in dead]
                self.taken_over += sum(parts.expel(each) for each in expired)
                if not expired and spec.is_abandoned and not set(self._alive(parts, token)) - dead:
                    return
                await asyncio.sleep(0)

    @staticmethod
    def _alive(parts: PartStore, token: str) -> list[str]:
        return [each.token for each in parts.others(token)]


def rows_of(run: Any, batch_size: int) -> Iterator[OutboxRow]:
    """Read the outbox of a run, page by page."""
    position = 0
    while page := run.outbox(position, batch_size):
        yield from page
        position = page[-1].position
