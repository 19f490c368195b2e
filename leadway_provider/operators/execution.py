"""One task run of the operator: connections are resolved first, and an attempt is made with the sync's lease."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError, QuotaExhaustedError, StoppedError
from leadway_provider.hooks.database import database_name, open_state
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.hooks.secrecy import can_encrypt
from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.account import Account
from leadway_provider.operators.attempt import SyncAttempt
from leadway_provider.operators.lineage import run_lineage
from leadway_provider.operators.loop import Loop, LoopThread
from leadway_provider.operators.plan_to import plan_engine
from leadway_provider.operators.reading import as_of, interval_to_read
from leadway_provider.operators.report import Report
from leadway_provider.operators.timing import Timing
from leadway_provider.operators.waiting import acquire, deferral, prove, quota_returns_at
from leadway_provider.printable import printable_log
from leadway_provider.source.query import OpenRows
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.interval import Interval
from leadway_provider.sync.lease import LeaseKeeper, LeaseStore
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity, SyncRequest
from leadway_provider.sync.sibling import TaskRun

if TYPE_CHECKING:
    from airflow.sdk import Context

log = printable_log(__name__)


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
        plan_database = plan_engine(request)
        sync = SyncIdentity(name=request.name, host=settings.base_url, location_id=settings.location_id or ALL_ACCOUNTS)
        return cls(
            request=request,
            hook=hook,
            source=source,
            sync=sync,
            task_run=str(TaskRun(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)),
            as_of=as_of(context),
            interval_start=context.get("data_interval_start"),
            record=RunRecord(run_lineage(request, sync, source, plan_database)),
            cancel_token=CancelToken(),
            timing=timing,
            plan_engine=plan_database,
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
                    return SyncAttempt(self, state, account).run()
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

    def begin(self, state: StateStore) -> SyncRun:
        """Begin a run of the sync, or go on with one. The caller must hold its lease."""
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

    def interval(self, state: StateStore, *, anew: bool) -> Interval | None:
        """Return what an incremental run reads; None for a whole read."""
        end = self.as_of or self.timing.clock.now()
        return interval_to_read(self.request, state.watermark(self.sync), start=self.interval_start, end=end, anew=anew)
