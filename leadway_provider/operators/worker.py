"""One of several tasks that deliver a run together: it splits the run's outbox, or joins those that have begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from leadway_provider.exceptions import ConfigurationError, QuotaExhaustedError
from leadway_provider.hooks.database import open_state
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.operators.account import Account
from leadway_provider.operators.delivery import deliver_rows
from leadway_provider.operators.execution import Execution
from leadway_provider.operators.loop import LoopThread
from leadway_provider.operators.report import Report, log_sealed
from leadway_provider.operators.usage import UsageMeter
from leadway_provider.operators.waiting import deferral, quota_returns_at
from leadway_provider.printable import printable_log
from leadway_provider.store.state import PartRun, StateStore, SyncRun
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.lease import HELD_LONGER, LeaseWatcher
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.parts import Part, PartStore, deliver_parts, part_size
from leadway_provider.sync.records import OutboxRow
from leadway_provider.sync.sibling import TaskRun
from leadway_provider.words import counted

log = printable_log(__name__)


class _SplitByAnotherError(Exception):
    """Another worker has split the outbox, so that its lease need not be waited for."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Delivers parts of a reviewed run's outbox; any number of others do the same.

    What it leaves is for the task that delivers the reviewed run without a `worker`, when all workers have ended: rows
    that may touch a contact of another worker's part, and departed rows. That task reports the run.

    Attributes:
        execution: the task run, with its connections resolved.
    """

    execution: Execution

    def run(self) -> Report:
        """Deliver until no part is left, and report what this worker did.

        Raises:
            ConfigurationError: the run can't be delivered as it was reviewed, or rows name their accounts.
            Deferral: no quota is left, or a run of the sync is at work that this one is not part of.
            LeadwayError: as the account and the state store raise; the worker's parts are free for the others.
        """
        task = self.execution
        if task.is_of_many:
            raise ConfigurationError(
                f"Task {task.request.task_id} has a `worker`, but no account: workers share one account's rows. Name "
                "it by location_id, or in the connection."
            )
        with (
            closing(open_state(task.request.state_conn_id, now=task.timing.clock.now)) as state,
            LoopThread(task.cancel_token) as loop,
        ):
            account = task.account(state, loop)
            try:
                self._split(state, account)
                return self._join(state, account)
            except QuotaExhaustedError as error:
                until = quota_returns_at(error, task.timing)
                state.parts(task.sync, self._run_id).hold_longer(until + HELD_LONGER)
                raise deferral(str(error), until, {}, task.timing) from error
            finally:
                account.keep_quota()

    @property
    def _run_id(self) -> str:
        """The reviewed run.

        Raises:
            ConfigurationError: the task names none.
        """
        if not (run_id := self.execution.request.reviewed_run):
            raise ConfigurationError(
                f"Task {self.execution.request.task_id} has a `worker`, but no `reviewed_run`: let a task with "
                "dry_run=True plan, and pass on the `run_id` of its report."
            )
        return run_id

    def _split(self, state: StateStore, account: Account) -> None:
        """Seal the plan and split its outbox, unless another worker has; that worker is waited for."""
        task, run_id = self.execution, self._run_id
        if state.is_split(task.sync, run_id):
            return

        def pause(seconds: float) -> None:
            account.pause(seconds)
            if state.is_split(task.sync, run_id):
                raise _SplitByAnotherError

        with (
            suppress(_SplitByAnotherError),
            task.acquire(state.lease(task.sync), pause=pause, before=lambda: _prove(account)) as lease,
        ):
            task.cancel_token.cancel_when(lease.expiry)
            if not state.is_split(task.sync, run_id):
                # Whichever worker comes first, a retry of any of them may go on.
                run = state.resume_reviewed(task.sync, run_id, task_run=_of_all(task.task_run), digest=b"")
                if not run.sealed:
                    log_sealed(run.seal())
                pending = run.counts()[RowState.PENDING]
                parts = state.parts(task.sync, run_id).split(_rows(run, task.request.batch_size), part_size(pending))
                log.info("Run %s: %s to send, in %s", run_id, counted(pending, "row"), counted(parts, "part"))
        task.cancel_token.cancel_when(lambda: None)

    def _join(self, state: StateStore, account: Account) -> Report:
        """Deliver parts with a place among the workers, until all parts are complete."""
        task, run_id = self.execution, self._run_id
        parts, began_at = state.parts(task.sync, run_id), task.timing.clock.monotonic()
        if parts.is_complete():
            log.info("Run %s: every part was delivered before", run_id)
            return {"run_id": run_id, "acknowledged": 0, "calls": 0, "seconds": 0.0}
        with task.acquire(parts, pause=account.pause, before=lambda: _prove(account)) as lease:
            task.cancel_token.cancel_when(lease.expiry)
            run = state.join(task.sync, run_id)
            run.measure_with(UsageMeter(account, task.timing.clock))
            task.record.began(run.id)
            task.record.resumed(run.source())
            try:
                acknowledged = self._deliver(run, parts, lease.token, account, identity_hasher(state, task.sync))
            except QuotaExhaustedError as error:
                lease.hold_until(quota_returns_at(error, task.timing))
                raise
            finally:
                seconds = task.timing.clock.monotonic() - began_at
                run.finish(calls=account.calls, seconds=seconds)
        return {"run_id": run_id, "acknowledged": acknowledged, "calls": account.calls, "seconds": round(seconds, 3)}

    def _deliver(self, run: PartRun, parts: PartStore, token: str, account: Account, hasher: IdentityHasher) -> int:
        """Deliver parts until all are complete, and return how many rows were acknowledged."""
        task, timing, sent = self.execution, self.execution.timing, Counter[str]()

        def deliver(part: Part) -> None:
            before = sent.total()
            deliver_rows(
                task.request,
                run,
                account,
                run.part(part),
                hasher=hasher,
                cancel_token=task.cancel_token,
                timing=timing,
                on_acknowledged=lambda rows: sent.update(row.outcome for row in rows),
            )
            log.info("Run %s, part %s: delivered %s", run.id, part.number, counted(sent.total() - before, "row"))

        delivered = deliver_parts(
            parts,
            token,
            deliver,
            watcher=lambda: LeaseWatcher(task.task_run, clock=timing.clock, alive=timing.alive, timing=timing.lease),
            pause=account.pause,
            look_every=timing.lease.look_every,
        )
        log.info("Run %s: every part is delivered; by this worker: %s", run.id, counted(delivered, "part"))
        return sent.total()


def _prove(account: Account) -> None:
    """Prove the token before a lease is acquired."""
    account.prove()


def _of_all(task_run: str) -> str:
    """Return what the runs of all workers of a task have in common."""
    found = TaskRun.parse(task_run)
    return str(found._replace(map_index=-1)) if found else task_run


def _rows(run: SyncRun, batch_size: int) -> Iterator[OutboxRow]:
    """Return the rows of a run's outbox, in order."""
    position = 0
    while page := run.outbox(position, batch_size):
        yield from page
        position = page[-1].position
