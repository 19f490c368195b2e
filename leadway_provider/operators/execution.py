"""One task run of the operator: connections are resolved first, then the phases plan, deliver and remove."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from leadway_provider.exceptions import (
    ConfigurationError,
    LeadwayError,
    QuotaExhaustedError,
    StateUnavailableError,
    StoppedError,
)
from leadway_provider.hooks.database import database_name, open_state
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.hooks.forgotten import forgotten_keys
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.hooks.secrecy import can_encrypt
from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.account import Account
from leadway_provider.operators.delivery import deliver_outbox
from leadway_provider.operators.departure import remove_contacts
from leadway_provider.operators.dry_run import tell_dry_run
from leadway_provider.operators.lineage import run_lineage
from leadway_provider.operators.loop import Loop, LoopThread
from leadway_provider.operators.plan_to import plan_engine, plan_output
from leadway_provider.operators.planning import PlanPhase
from leadway_provider.operators.reading import as_of, interval_to_read, reader
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
from leadway_provider.operators.timing import Timing
from leadway_provider.operators.usage import UsageMeter
from leadway_provider.operators.waiting import acquire, deferral, prove, quota_returns_at
from leadway_provider.printable import printable_log
from leadway_provider.source.query import OpenRows
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.findings import UnkeyedRow
from leadway_provider.sync.interval import Interval
from leadway_provider.sync.lease import LeaseKeeper, LeaseStore
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.progress import PlanProgress
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity, SyncRequest
from leadway_provider.sync.sibling import TaskRun

if TYPE_CHECKING:
    from airflow.sdk import Context

log = printable_log(__name__)


class _Read(TypedDict):
    """What the end of a plan says of what was read; see `SyncRun.seal`."""

    is_whole: bool
    only_keys: bool
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class Execution:
    """What a task run needs, with every connection resolved and nothing opened yet.

    Attributes:
        sync: the source → account pair; its location is `ALL_ACCOUNTS` where each row names its account.
        rows: the account's rows, where the source was read for many accounts at a time; None reads the source.
        plan_engine: the database of the table that a dry run writes its plan to.
    """

    request: SyncRequest
    hook: LeadwayHook
    source: sa.Engine
    sync: SyncIdentity
    task_run: str
    as_of: datetime | None
    interval_start: datetime | None
    record: RunRecord
    cancel_token: CancelToken
    timing: Timing
    rows: Callable[[], AbstractContextManager[OpenRows]] | None = None
    plan_engine: sa.Engine | None = None

    @property
    def is_of_many(self) -> bool:
        """Whether each row names its account."""
        return self.sync.location_id == ALL_ACCOUNTS

    @classmethod
    def resolve(
        cls, request: SyncRequest, context: Context, timing: Timing, *, source: sa.Engine | None = None
    ) -> Execution:
        """Resolve the connections of a task run; Airflow's calls block, so this comes before any event loop.

        Args:
            request: what is asked for.
            context: Airflow's.
            timing: the clocks.
            source: the source, in place of the database of the request's connection.

        Raises:
            ConfigurationError: a connection can't be used.
        """
        ti = context["ti"]
        request = replace(request, default_name=f"{ti.dag_id}.{ti.task_id}")
        hook = LeadwayHook(request.leadway_conn_id, request.location_id, retry=timing.retry, clock=timing.clock)
        settings = hook.settings
        if request.keep_before and not can_encrypt():
            raise ConfigurationError(
                f"Task {request.task_id} has keep_before=True, and what contacts were before is kept encrypted only: "
                "set [core] fernet_key, the same on every worker, or leave keep_before out."
            )
        source = source or sql_engine(request.sql_conn_id, request.hook_params)
        sync = SyncIdentity(name=request.name, host=settings.base_url, location_id=settings.location_id or ALL_ACCOUNTS)
        return cls(
            request=request,
            hook=hook,
            source=source,
            sync=sync,
            task_run=str(TaskRun(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)),
            as_of=as_of(context),
            interval_start=context.get("data_interval_start"),
            record=RunRecord(run_lineage(request, sync, source)),
            cancel_token=CancelToken(),
            timing=timing,
            plan_engine=plan_engine(request),
        )

    def of_account(self, location_id: str) -> Execution:
        """Return the task run for one of many accounts, which is cancelled with this one."""
        return replace(
            self,
            request=replace(self.request, location_id=location_id),
            hook=self.hook.for_location(location_id),
            sync=replace(self.sync, location_id=location_id),
            record=RunRecord(replace(self.record.lineage, location_id=location_id, run_id=None)),
            cancel_token=self.cancel_token.part(),
            timing=replace(self.timing, log_every=math.inf),
        )

    def stop(self) -> None:
        """Send no new call; calls in flight are finished and acknowledged. It may be called from a signal handler."""
        self.cancel_token.cancel(
            StoppedError("The task was told to stop. Its retry continues with what is not acknowledged.")
        )

    def run(self) -> Report:
        """Plan, unless an earlier attempt has, and deliver.

        Raises:
            Deferral: no quota is left, or another run of the sync is at work, and the task is deferrable.
            TooManyRejectedError: more rows were rejected than the task allows.
            LeadwayError: as plan and deliver do; what was acknowledged until then stays so.
        """
        with (
            closing(open_state(self.request.state_conn_id, now=self.timing.clock.now)) as state,
            LoopThread(self.cancel_token) as loop,
        ):
            return self.run_in(state, self.account(state, loop))

    def account(self, state: StateStore, loop: Loop) -> Account:
        """Return the account, which calls the API in that event loop."""
        return Account(
            self.hook,
            loop,
            quota=self.request.quota,
            kept=state.quota(self.sync),
            slots=state.slots(self.sync, self.hook.settings.credentials.app),
            cancel_token=self.cancel_token,
            in_place=not self.request.deferrable,
            timing=self.timing,
        )

    def run_in(self, state: StateStore, account: Account) -> Report:
        """Do the same as `run`, with a state store and an account that the caller has opened."""
        timing, store = self.timing, state.lease(self.sync)
        try:
            with self.acquire(
                store, pause=account.pause, before=lambda: prove(account, store, self.task_run, timing)
            ) as lease:
                self.cancel_token.cancel_when(lease.expiry)
                try:
                    return self._run(state, account)
                except QuotaExhaustedError as error:
                    lease.hold_until(quota_returns_at(error, timing))
                    raise
        except QuotaExhaustedError as error:
            until = quota_returns_at(error, timing)
            raise deferral(str(error), until, self.record.lineage.counts, timing) from error
        finally:
            account.keep_quota()

    def acquire(self, store: LeaseStore, *, pause: Callable[[float], None], before: Callable[[], None]) -> LeaseKeeper:
        """Wait for a lease; see `waiting.acquire`."""
        return acquire(
            store,
            self.request,
            self.task_run,
            pause=pause,
            before=before,
            cancel_token=self.cancel_token,
            timing=self.timing,
        )

    def _run(self, state: StateStore, account: Account) -> Report:
        """Begin a run, or go on with one, with the sync's lease; what waits is logged however it ends."""
        began_at = self.timing.clock.monotonic()
        run = self.begin(state)
        run.measure_with(UsageMeter(account, self.timing.clock))
        self.record.began(run.id)
        try:
            report = self._phases(run, state, account, began_at)
        except (QuotaExhaustedError, TooManyRejectedError):
            raise
        except LeadwayError:
            if run.sealed:
                log.info("Run %s so far: %s", run.id, in_words(self.record.lineage.counts))
            raise
        finally:
            with suppress(StateUnavailableError):  # where this matters, the run has failed already
                log_waiting(run.waiting(), self.timing.clock.now())
            if self.record.lineage.counts:  # otherwise the run has no row to look at
                log_where_to_look(run.id)
        if self.request.dry_run:
            log.info("This was a dry run: nothing was sent.")
        return report

    def _phases(self, run: SyncRun, state: StateStore, account: Account, began_at: float) -> Report:
        """Plan, deliver, treat departed rows, and report."""
        request, hasher = self.request, identity_hasher(state, self.sync)
        unkeyed: tuple[UnkeyedRow, ...] = ()
        if run.sealed:
            log.info("Run %s was planned by an earlier attempt; continuing with its outbox", run.id)
            self.record.resumed(run.source())
        elif request.reviewed_run:
            log.info("Run %s was planned by a dry run; delivering exactly that plan", run.id)
            self.record.resumed(run.source())
            log_sealed(run.seal())
        else:
            request = self._resynced(run)
            interval = None if self.rows else self.interval(state, anew=request.full_resync)
            rows = self.rows or reader(request, self.source, interval)
            phase = PlanPhase(
                request=request,
                sync=self.sync,
                source=self.source,
                read=rows,
                as_of=self.as_of,
                record=self.record,
                cancel_token=self.cancel_token,
                hasher=hasher,
                forgotten=forgotten_keys(state, self.sync),
                progress=PlanProgress(clock=self.timing.clock.monotonic, log=log.info, every=self.timing.log_every),
                selects=self.rows is None,
                now=self.timing.clock.now,
            )
            planned = phase.run(run, account)
            unkeyed = planned.unkeyed
            some = request.only_keys is not None
            watermark = interval.until if interval and interval.moves_watermark and not some else None
            read: _Read = {"is_whole": planned.is_whole, "only_keys": some, "watermark": watermark}
            if request.dry_run:
                run.finish_dry_run(planned.counts, planned.seen, **read)
                output = plan_output(
                    request, self.sync, run.id, self.plan_engine, self.timing, of_many=self.rows is not None
                )
                told = tell_dry_run(request, run, planned, account, output=output, cancel_token=self.cancel_token)
                self._finish(run, planned.counts, account, began_at)
                return self._judged(run, state, unkeyed, told)
            log_sealed(run.seal(planned.counts, planned.seen, **read))
        try:
            deliver_outbox(request, run, account, hasher=hasher, cancel_token=self.cancel_token, timing=self.timing)
            remove_contacts(request.removal, run, account, max_in_flight=request.max_in_flight, timing=self.timing)
        finally:
            self._finish(run, run.counts(), account, began_at)
        run.trim_ledger(request.ledger_days)
        return self._judged(run, state, unkeyed)

    def _judged(
        self, run: SyncRun, state: StateStore, unkeyed: Sequence[UnkeyedRow], told: Report | None = None
    ) -> Report:
        """Return the report of a run that is over, with what a dry run tells, if not too many rows were rejected."""
        counts = run.counts()
        report = report_of(run, counts, watermark=state.watermark(self.sync)) | (told or {})
        log_rejected(run, counts.rejected, unkeyed)
        judge(self.request, counts, report)
        return report

    def begin(self, state: StateStore) -> SyncRun:
        """Begin a run of the sync, or go on with one; whoever calls this holds its lease."""
        sync, request = self.sync, self.request
        digest = request.digest(source=database_name(self.source), host=sync.host, location_id=sync.location_id)
        if request.reviewed_run:
            return state.resume_reviewed(sync, request.reviewed_run, task_run=self.task_run, digest=digest)
        origin = f"{request.sql_conn_id} ({database_name(self.source)}) by {', '.join(request.key_columns)}"
        return state.begin(
            sync,
            task_run=self.task_run,
            digest=digest,
            origin=origin,
            as_of=self.as_of,
            retry_refused=request.retry_refused,
        )

    def _resynced(self, run: SyncRun) -> SyncRequest:
        """Return what is asked for, with a full resync where a person asked for one on the page."""
        if self.request.only_keys is not None or not run.follow_full_resync():
            return self.request
        log.info("A full resync was asked for: this run sends every row")
        return replace(self.request, full_resync=True, compare="state")

    def interval(self, state: StateStore, *, anew: bool) -> Interval | None:
        """Return what an incremental run reads; None for a whole read."""
        end = self.as_of or self.timing.clock.now()
        return interval_to_read(self.request, state.watermark(self.sync), start=self.interval_start, end=end, anew=anew)

    def _finish(self, run: SyncRun, counts: Counts, account: Account, began_at: float) -> None:
        """End the attempt in the state store, and tell lineage the numbers of all attempts."""
        run.finish(calls=account.calls, seconds=self.timing.clock.monotonic() - began_at)
        calls, seconds = run.totals()
        daily = account.daily_quota
        self.record.ended(
            counts,
            calls=calls,
            seconds=seconds,
            quota_limit=daily.limit if daily else None,
            quota_remaining=daily.remaining if daily else None,
            comparison=run.comparison(),
        )
