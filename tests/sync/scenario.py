"""The runs of one sync in memory, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from leadway_provider.clock import Clock
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Planner
from leadway_provider.sync.records import OutboxRow
from leadway_provider.testing import MemoryAccount, MemoryRun, MemoryState
from tests.identity.faults import FaultyAccount, run_inline
from tests.sync.columns import Columns

Row: TypeAlias = tuple[object, ...]


@dataclass
class Scenario:
    """A sync, its state and its account.

    Attributes:
        mapping: how a row becomes a contact.
        batch_size: rows that are planned at a time.
        refused: the e-mails and phones that the account refuses.
    """

    mapping: Columns = field(default_factory=Columns)
    batch_size: int = 2
    refused: frozenset[str] = frozenset()
    state: MemoryState = field(default_factory=MemoryState)
    account: MemoryAccount = field(default_factory=MemoryAccount)

    def planner(self, run: MemoryRun, **choices: Any) -> Planner:
        """Return a planner for a run."""
        mapping = cast("ContactMapping", self.mapping)
        return Planner(key=["id"], mapping=mapping, store=run, claims=run.claims, **choices)

    def plan_only(self, rows: Sequence[Row], **choices: Any) -> tuple[MemoryRun, Plan]:
        """Return a new run with the plan of these rows, which is not sealed."""
        run = self.state.begin(task_run=f"run {len(self.state.plans) + 1}")

        def batches() -> Iterator[Sequence[Row]]:
            return (rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size))

        return run, self.planner(run, **choices).plan(batches(), read_again=batches)

    def plan(self, rows: Sequence[Row], **choices: Any) -> tuple[MemoryRun, Plan]:
        """Return a new run with the sealed plan of these rows."""
        run, found = self.plan_only(rows, **choices)
        run.seal(found.counts, found.seen, is_whole=found.is_whole)
        return run, found

    def deliver(self, run: MemoryRun) -> Counts:
        """Deliver what waits in a run's outbox, and return how its rows ended."""
        sink = FaultyAccount(self.account, refused=self.refused)
        time = Clock(now=self.state.now)
        run_inline(OutboxDelivery(store=run, sink=sink, max_in_flight=4, batch_size=2, clock=time).run())
        assert not sink.overlaps
        run.finish()
        counts = run.counts()
        counts.verify()
        return counts

    def run(self, rows: Sequence[Row], **choices: Any) -> Counts:
        """Plan and deliver these rows, and return how they ended."""
        return self.deliver(self.plan(rows, **choices)[0])

    @property
    def in_crm(self) -> dict[str, tuple[object, object]]:
        """The e-mail and phone of the contact that each key lives on."""
        homes = {row.source_key: row.contact_id for row in self.state.rows.values() if row.contact_id}
        contacts = {key: self.account.contacts[contact_id] for key, contact_id in homes.items()}
        return {key: (contact.get("email"), contact.get("phone")) for key, contact in contacts.items()}

    @property
    def reasons(self) -> dict[str, tuple[str, str]]:
        """Field and code of the first reason of each row that was not accepted."""
        return {
            row.source_key: (row.reasons[0].field, row.reasons[0].code)
            for row in self.state.rows.values()
            if row.reasons
        }


def waiting(run: MemoryRun) -> list[OutboxRow]:
    """Return what waits in a run's outbox, in order."""
    return [*run.outbox(0, 1000)]


def keys_waiting(run: MemoryRun) -> list[str]:
    """Return the keys of the rows that wait in a run's outbox, in order."""
    return [row.source_key for row in waiting(run)]
