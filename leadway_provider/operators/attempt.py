"""One attempt of a task run, with the sync's lease: the phases plan, deliver and remove, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from leadway_provider.exceptions import LeadwayError, QuotaExhaustedError, StateUnavailableError
from leadway_provider.hooks.forgotten import forgotten_keys
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.operators.account import Account
from leadway_provider.operators.delivery import deliver_outbox
from leadway_provider.operators.departure import remove_contacts
from leadway_provider.operators.dry_run import tell_dry_run
from leadway_provider.operators.plan_to import plan_output
from leadway_provider.operators.planning import PlanPhase
from leadway_provider.operators.reading import reader
from leadway_provider.operators.report import (
    Report,
    TooManyRejectedError,
    in_words,
    judge,
    log_rejected,
    log_sealed,
    log_waiting,
    log_where_to_look,
    report_of,
)
from leadway_provider.operators.usage import UsageMeter
from leadway_provider.printable import printable_log
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.findings import UnkeyedRow
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.progress import PlanProgress
from leadway_provider.sync.request import SyncRequest

if TYPE_CHECKING:
    from leadway_provider.operators.execution import Execution

log = printable_log(__name__)


class _Read(TypedDict):
    """What the end of a plan says of what was read; see `SyncRun.seal`."""

    is_whole: bool
    only_keys: bool
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class SyncAttempt:
    """One attempt of a task run for one account; used once.

    Attributes:
        task: the task run, with its connections resolved.
        state: the state store. The caller must hold the sync's lease in it.
        account: the account.
    """

    task: Execution
    state: StateStore
    account: Account

    def run(self) -> Report:
        """Begin a run, or go on with one; what waits is logged however it ends.

        Raises:
            LeadwayError: as `Execution.run` does.
        """
        task, clock = self.task, self.task.timing.clock
        began_at = clock.monotonic()
        run = task.begin(self.state)
        run.measure_with(UsageMeter(self.account, clock))
        task.record.began(run.id)
        try:
            report = self._phases(run, began_at)
        except (QuotaExhaustedError, TooManyRejectedError):
            raise
        except LeadwayError:
            if run.sealed:
                log.info("Run %s so far: %s", run.id, in_words(task.record.lineage.counts))
            raise
        finally:
            with suppress(StateUnavailableError):  # where this matters, the run has failed already
                log_waiting(run.waiting(), clock.now())
            if task.record.lineage.counts:  # otherwise the run has no row to look at
                log_where_to_look(run.id)
        if task.request.dry_run:
            log.info("This was a dry run: nothing was sent.")
        return report

    def _phases(self, run: SyncRun, began_at: float) -> Report:
        """Plan, deliver, treat departed rows, and report."""
        task, state, account = self.task, self.state, self.account
        request, hasher = task.request, identity_hasher(state, task.sync)
        unkeyed: tuple[UnkeyedRow, ...] = ()
        if run.sealed:
            log.info("Run %s was planned by an earlier attempt; continuing with its outbox", run.id)
            task.record.resumed(run.source())
        elif request.reviewed_run:
            log.info("Run %s was planned by a dry run; delivering exactly that plan", run.id)
            task.record.resumed(run.source())
            log_sealed(run.seal())
        else:
            request = self._resynced(run)
            interval = None if task.rows else task.interval(state, anew=request.full_resync)
            rows = task.rows or reader(request, task.source, interval)
            phase = PlanPhase(
                request=request,
                sync=task.sync,
                source=task.source,
                read=rows,
                as_of=task.as_of,
                record=task.record,
                cancel_token=task.cancel_token,
                hasher=hasher,
                forgotten=forgotten_keys(state, task.sync),
                progress=PlanProgress(clock=task.timing.clock.monotonic, log=log.info, every=task.timing.log_every),
                selects=task.rows is None,
                now=task.timing.clock.now,
                random=task.timing.random,
            )
            planned = phase.run(run, account)
            unkeyed = planned.unkeyed
            some = request.only_keys is not None
            watermark = interval.until if interval and interval.moves_watermark and not some else None
            read: _Read = {"is_whole": planned.is_whole, "only_keys": some, "watermark": watermark}
            if request.dry_run:
                run.finish_dry_run(planned.counts, planned.seen, **read)
                output = plan_output(
                    request, task.sync, run.id, task.plan_engine, task.timing, of_many=task.rows is not None
                )
                told = tell_dry_run(request, run, planned, account, output=output, cancel_token=task.cancel_token)
                self._finish(run, planned.counts, began_at)
                return self._judged(run, unkeyed, told)
            log_sealed(run.seal(planned.counts, planned.seen, **read))
        try:
            deliver_outbox(request, run, account, hasher=hasher, cancel_token=task.cancel_token, timing=task.timing)
            remove_contacts(request.removal, run, account, max_in_flight=request.max_in_flight, timing=task.timing)
        finally:
            self._finish(run, run.counts(), began_at)
        run.trim_ledger(request.ledger_days)
        return self._judged(run, unkeyed)

    def _judged(self, run: SyncRun, unkeyed: Sequence[UnkeyedRow], told: Report | None = None) -> Report:
        """Return the report of a run that is over, with what a dry run tells, if not too many rows were rejected."""
        counts = run.counts()
        report = report_of(run, counts, watermark=self.state.watermark(self.task.sync)) | (told or {})
        log_rejected(run, counts.rejected, unkeyed)
        judge(self.task.request, counts, report)
        return report

    def _resynced(self, run: SyncRun) -> SyncRequest:
        """Return what is asked for, with a full resync where a person asked for one on the page."""
        request = self.task.request
        if request.only_keys is not None or not run.follow_full_resync():
            return request
        log.info("A full resync was asked for: this run sends every row, and compares none with the account")
        return replace(request, full_resync=True, compare="state", sample=None)

    def _finish(self, run: SyncRun, counts: Counts, began_at: float) -> None:
        """End the attempt in the state store, and tell lineage the numbers of all attempts."""
        run.finish(calls=self.account.calls, seconds=self.task.timing.clock.monotonic() - began_at)
        calls, seconds = run.totals()
        daily = self.account.daily_quota
        self.task.record.ended(
            counts,
            calls=calls,
            seconds=seconds,
            quota_limit=daily.limit if daily else None,
            quota_remaining=daily.remaining if daily else None,
            comparison=run.comparison(),
        )
