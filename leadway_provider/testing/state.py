"""The state of one sync in memory: its runs begin, end, and are abandoned as those of the state store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.testing.parts import MemoryPartRun, MemoryParts
from leadway_provider.testing.run import MemoryRun
from leadway_provider.testing.tables import MemoryPlan, MemoryTables


@dataclass
class MemoryState(MemoryTables):
    """The state of one sync; `begin` its runs one after the other."""

    _parts: dict[str, MemoryParts] = field(default_factory=dict, repr=False)

    def begin(
        self, *, task_run: str = "run", digest: bytes = b"", origin: str = "", retry_refused: int = 5
    ) -> MemoryRun:
        """Start a run, or continue with the sealed one that this task run left unfinished.

        A run that was not finished before is abandoned, and a plan that was not sealed leaves no trace.

        Args:
            task_run: the task run, whose retries continue with its run.
            digest: stands for what is asked for; with another one, a retry plans anew.
            origin: names source connection and key; rows that a run of another origin left are dropped.
            retry_refused: a row that the API refused in so many runs waits until it changes.
        """
        wanted = ("delivering", task_run, digest)
        for plan in self.plans.values():
            if (plan.status, plan.task_run, plan.digest) == wanted:
                plan.attempt += 1
                return MemoryRun(self, plan)
        for plan in self.plans.values():
            if plan.status != "finished":
                plan.status = "abandoned"
        self._sweep()
        plan = MemoryPlan(f"{len(self.plans) + 1:032x}", task_run, digest, origin, retry_refused=retry_refused)
        self.plans[plan.run_id] = plan
        return MemoryRun(self, plan)

    def resume_reviewed(self, run_id: str, *, task_run: str = "run", digest: bytes = b"") -> MemoryRun:
        """Continue with a dry run.

        Raises:
            ConfigurationError: another run has begun since.
        """
        plan = self.plans[run_id]
        if plan.is_split and plan.status != "abandoned":
            plan.attempt += 1
            return MemoryRun(self, plan)
        if plan.status != "dry_run":
            raise ConfigurationError(f"Run {run_id} can't be delivered as it was reviewed: it is {plan.status}.")
        plan.status, plan.task_run, plan.digest = "planning", task_run, digest
        return MemoryRun(self, plan)

    def parts(self, run_id: str) -> MemoryParts:
        """Return the parts of a run, for several workers."""
        return self._parts.setdefault(run_id, MemoryParts(self, self.plans[run_id]))

    def join(self, run_id: str) -> MemoryPartRun:
        """Return a run that was split, for one of its workers.

        Raises:
            ConfigurationError: it was not split, or another run has begun since.
        """
        plan = self.plans[run_id]
        if not plan.is_split or plan.status == "abandoned":
            raise ConfigurationError(f"Run {run_id} can't be delivered in parts: it is {plan.status}.")
        plan.attempt += 1
        return MemoryPartRun(self, plan)

    def summary(self) -> Mapping[str, object]:
        """Return everything that a plan which is not sealed must leave as it was."""
        unsealed = {plan.run_id for plan in self.plans.values() if not plan.is_sealed}
        return {
            "rows": {key: vars(row).copy() for key, row in self.rows.items() if row.created_in not in unsealed},
            "claims": dict(self.claims),
            "outbox": {
                place: vars(entry).copy() for place, entry in self.outbox.items() if entry.run_id not in unsealed
            },
        }

    def _sweep(self) -> None:
        """Delete what plans that were never sealed left."""
        unsealed = {plan.run_id for plan in self.plans.values() if not plan.is_sealed and plan.status == "abandoned"}
        for position in [each for each, entry in self.outbox.items() if entry.run_id in unsealed]:
            del self.outbox[position]
        for row_id in [each for each, row in self.rows.items() if row.created_in in unsealed]:
            del self._ids[self.rows.pop(row_id).source_key]
        for run_id in unsealed:
            self.plans[run_id].claims.clear()
            self.plans[run_id].replan.clear()
