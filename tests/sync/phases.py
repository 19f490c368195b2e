"""The second phase, as tests call it: what a test does not name has its default."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.ports import ContactSink
from leadway_provider.sync.records import Delivery, PlannedRow
from leadway_provider.testing import MemoryRun, MemoryState
from leadway_provider.testing.tables import MemoryPlan, MemoryRow


class RecordingRun(MemoryRun):
    """A run in memory that records each commit of outcomes.

    Attributes:
        state: the sync's state.
        commits: the rows of each commit.
    """

    def __init__(self, state: MemoryState, plan: MemoryPlan) -> None:
        super().__init__(state, plan)
        self.state = state
        self.commits: list[list[Delivery]] = []

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Record the commit, and make it."""
        self.commits.append(list(deliveries))
        super().acknowledge(deliveries)

    @property
    def outcomes(self) -> dict[str, Delivery]:
        """What was acknowledged, by source key."""
        return {delivery.row.source_key: delivery for commit in self.commits for delivery in commit}

    def row(self, key: str) -> MemoryRow:
        """Return what is known of a source row."""
        found = self.state.row_of(key)
        assert found is not None
        return found


def outbox(
    contacts: Sequence[Contact],
    state: MemoryState | None = None,
    *,
    keys: Sequence[str] = (),
    fingerprint: bytes = b"fingerprint",
) -> RecordingRun:
    """Return a sealed run with these contacts, whose keys are 0, 1, 2 and so on unless they are given.

    A row claims the identities that no other row has.
    """
    state = MemoryState() if state is None else state
    run = RecordingRun(state, state.begin(task_run=f"run {len(state.plans) + 1}").plan)
    keys = keys or [str(index) for index in range(len(contacts))]
    known = {key: row_id for key, (row_id, _) in run.known(keys).items()}
    ids = {**known, **run.ensure_rows([key for key in keys if key not in known])}
    frequency = Counter(name for contact in contacts for name in UNKEYED.of(contact))
    planned = []
    for key, contact in zip(keys, contacts, strict=True):
        lanes = UNKEYED.of(contact)
        claimed = tuple(name for name in lanes if frequency[name] == 1)
        planned.append(PlannedRow(ids[key], key, fingerprint, contact, lanes, claimed))
    run.write(planned, [])
    run.seal(Counts(read=len(contacts), pending=len(contacts)), b"", is_whole=False)
    return run


def people(*names: str) -> list[Contact]:
    """Return a contact for each name."""
    return [Contact({"email": f"{name}@example.com"}) for name in names]


async def deliver(
    run: MemoryRun,
    account: ContactSink,
    *,
    max_in_flight: int = 4,
    batch_size: int = 3,
    targets: Mapping[str, str] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Deliver the run's outbox."""
    await OutboxDelivery(
        store=run,
        sink=account,
        max_in_flight=max_in_flight,
        batch_size=batch_size,
        targets=targets or {},
        clock=clock,
    ).run()


def delivered(run: MemoryRun, account: ContactSink, **choices: Any) -> Counts:
    """Deliver the run's outbox, and return the counts afterwards."""
    asyncio.run(deliver(run, account, **choices))
    run.counts().verify()
    return run.counts()
