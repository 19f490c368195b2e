"""One task run of the operator: connections are resolved first, then plan and deliver."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from airflow import __version__ as airflow_version

from leadway_provider import __version__ as leadway_version
from leadway_provider.api.brake import Brake
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping, needs_users
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.exceptions import ConfigurationError, LeadwayError, QuotaExhaustedError, StoppedError
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.hooks.state import open_state, sql_engine
from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.account import Account, returns_in
from leadway_provider.operators.lease import PARKED_LONGER, LeaseKeeper, take
from leadway_provider.operators.lineage import run_lineage
from leadway_provider.operators.loop import LoopThread
from leadway_provider.operators.removal import plan_removal, remove_contacts
from leadway_provider.store.source import SourceRows, read_source
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.lease import Hold
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Plan, plan
from leadway_provider.sync.progress import Progress
from leadway_provider.sync.removal import RemovalPolicy

if TYPE_CHECKING:
    from airflow.sdk import Context

    from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

log = logging.getLogger(__name__)

Report = dict[str, int | float | str]

_FIRST_REASONS = 5
_TELL_EVERY = 5.0
"""Seconds between two lines of progress."""

_LOOK_AGAIN = timedelta(minutes=1)
"""How long a task that waits for another run of its sync leaves its worker slot to others."""


class TooManyRejectedError(LeadwayError):
    """More rows were rejected than the task allows; every other row was delivered."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class Deferral(Exception):  # noqa: N818 - it is no error
    """The task can't go on before a moment, and shall leave its worker slot until then.

    Attributes:
        until: the moment, in aware time.
    """

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


@dataclass(frozen=True, slots=True)
class Execution:
    """What a task run needs, with every connection resolved and nothing opened yet."""

    task: LeadwayUpsertContactsOperator
    hook: LeadwayHook
    source: sa.Engine
    sync: SyncIdentity
    task_run: str
    as_of: datetime | None
    record: RunRecord
    brake: Brake

    @classmethod
    def of_task(cls, task: LeadwayUpsertContactsOperator, context: Context) -> Execution:
        """Resolve the connections of a task run; Airflow's calls block, so this comes before any event loop."""
        ti = context["ti"]
        hook = LeadwayHook(task.leadway_conn_id, location_id=task.location_id)
        settings = hook.settings
        if settings.location_id is None:
            raise ConfigurationError(
                f"Task {task.task_id} doesn't know which account to write to: set location_id on the task, "
                f"or in the extra of connection {task.leadway_conn_id!r}."
            )
        source = sql_engine(task.sql_conn_id)
        name, host, location_id = task.sync_name or f"{ti.dag_id}.{ti.task_id}", settings.base_url, settings.location_id
        return cls(
            task=task,
            hook=hook,
            source=source,
            sync=SyncIdentity(name=name, host=host, location_id=location_id),
            task_run=f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}",
            as_of=_as_of(context),
            record=RunRecord(run_lineage(task, sync=name, host=host, location_id=location_id, source=source)),
            brake=Brake(),
        )

    def stop(self) -> None:
        """Let no new call leave; those on their way are finished and acknowledged. From a signal handler, too."""
        self.brake.pull(StoppedError("The task was told to stop. Its retry goes on with what is not acknowledged."))

    def run(self) -> Report:
        """Plan, unless an attempt before this one has, and deliver.

        Raises:
            Deferral: there is no quota, or another run of the sync is going on, and the task is deferrable.
            TooManyRejectedError: more rows were rejected than the task allows.
            LeadwayError: as plan and deliver do; what was acknowledged until then stays so.
        """
        with closing(open_state(self.task.state_conn_id)) as state, LoopThread(self.brake) as loop:
            account = Account(
                self.hook,
                loop,
                quota=self.task.quota,
                kept=state.quota(self.sync),
                brake=self.brake,
                in_place=not self.task.deferrable,
            )
            with self._lease(state, account) as lease:
                self.brake.watch(lease.trouble)
                try:
                    return self._run(state, account)
                except QuotaExhaustedError as error:
                    until = datetime.now(UTC) + timedelta(seconds=returns_in(error))
                    lease.park(until)
                    raise Deferral(str(error), until) from error
                finally:
                    account.keep_quota()

    def _lease(self, state: StateStore, account: Account) -> LeaseKeeper:
        """Wait for the sync's lease, in a worker slot or out of it, or not at all, as the task says."""

        def goes_on(hold: Hold) -> bool:
            if self.task.on_busy == "wait" and self.task.deferrable:
                raise Deferral(f"Another run of sync {self.sync.name} is going on: {hold.holder}", _soon(hold))
            return self.task.on_busy == "wait"

        book = state.lease(self.sync)
        token = take(book, self.sync.name, self.task_run, goes_on=goes_on, pause=account.pause)
        return LeaseKeeper(book, token, on_lost=self.brake.pull)

    def _run(self, state: StateStore, account: Account) -> Report:
        """Plan and deliver, with the sync's lease."""
        began_at = time.monotonic()
        run = self._begin(state)
        self.record.began(run.id)
        unkeyed: tuple[str, ...] = ()
        if run.sealed:
            log.info("Run %s was planned by an earlier attempt; going on with its outbox", run.id)
            self.record.resumed(run.source())
        elif self.task.reviewed_run:
            log.info("Run %s was planned by a dry run; delivering what that planned", run.id)
            self.record.resumed(run.source())
            run.seal(run.counts())
        else:
            planned = self._plan(run, account)
            unkeyed = tuple(f"row {row.number}: {row.reason.message}" for row in planned.unkeyed)
            seen = planned.seen if self.as_of else b""
            if self.task.only_plan:
                reasons = _first_reasons(unkeyed, run)
                run.shelve(planned.counts, seen)
                run.finish(calls=account.calls, seconds=time.monotonic() - began_at)
                self._record_end(run, planned.counts, account)
                return self._report(run, run.counts(), reasons)
            run.seal(planned.counts, seen)
        try:
            if pending := run.counts().pending:
                self._deliver(run, account, pending)
            remove_contacts(self._removal, run, account.ask, self.task.max_in_flight)
        finally:
            run.finish(calls=account.calls, seconds=time.monotonic() - began_at)
            self._record_end(run, run.counts(), account)
        run.trim_ledger(self.task.ledger_days)
        counts, reasons = run.counts(), _first_reasons(unkeyed, run)
        report = self._report(run, counts, reasons)
        self._judge(counts, report, reasons)
        return report

    def _begin(self, state: StateStore) -> SyncRun:
        task_run, definition = self.task_run, self._definition()
        if self.task.reviewed_run:
            return state.adopt(self.sync, self.task.reviewed_run, task_run=task_run, definition=definition)
        return state.begin(self.sync, task_run=task_run, definition=definition, as_of=self.as_of)

    def _definition(self) -> bytes:
        """Stands for what was asked of this run: an attempt that asks for something else plans anew."""
        task = self.task
        asked = (
            *(task.sql, task.parameters, task.key, task.mapping, task.constants, self._rules()),
            *(task.only_plan, task.full_resync, task.allow_older, self._removal),
        )
        return hashlib.blake2b(repr(asked).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _rules(self) -> ContactRules:
        rules = self.task.rules or ContactRules()
        return replace(rules, strict=rules.strict or self.task.strict)

    @property
    def _removal(self) -> RemovalPolicy:
        return self.task.removal or RemovalPolicy()

    def _key(self) -> list[str]:
        return [self.task.key] if isinstance(self.task.key, str) else list(self.task.key)

    def _plan(self, run: SyncRun, account: Account) -> Plan:
        task = self.task
        # This call comes first of all: it proves token and location before anything is read or planned.
        custom_fields = account.ask(lambda client: client.get_custom_fields())
        newer = run.seen_by_newer()
        with self._read() as source:
            mapping = compile_mapping(
                source.columns,
                key=self._key(),
                mapping=task.mapping,
                constants=task.constants,
                custom_fields=custom_fields,
                users=account.users() if needs_users(source.columns, task.mapping, task.constants) else None,
                rules=self._rules(),
            )
            self.record.mapped(source.columns, mapping, custom_fields, self.source.dialect.default_schema_name)
            run.describe(task.sql, mapping.fed, source=self.record.source(), versions=_versions())
            self._tell_mapping(run, mapping)
            planned = plan(
                source.batches(),
                key=self._key(),
                mapping=mapping,
                store=run,
                claims=run.claims,
                again=self._read_again,
                newer=b"" if task.allow_older else newer,
                resend=task.full_resync,
                removal=self._removal,
                on_batch=self._after_batch,
            )
        if newer:
            log.info("A newer data interval has been synced, so this run doesn't tell which rows have left")
        else:
            plan_removal(self._removal, run, planned)
        self.record.planned(planned.counts)
        log.info("Planned run %s: %s", run.id, _in_words(planned.counts))
        if planned.outdated:
            log.warning(
                "%s changed rows are left as a run for a newer data interval found them, since this one is as of %s; "
                "allow_older=True would send them",
                f"{planned.outdated:,}",
                self.as_of,
            )
        for found in planned.findings:
            said, rows = found.reason, f"{found.rows:,}"
            log.info(
                "In %s rows, first key %s: %s: %s (%s)", rows, found.first_key, said.field, said.message, said.code
            )
        return planned

    def _read(self) -> AbstractContextManager[SourceRows]:
        task = self.task
        return read_source(self.source, task.sql, task.parameters, batch_size=task.batch_size, name=task.sql_conn_id)

    def _read_again(self) -> Iterator[Sequence[Sequence[object]]]:
        with self._read() as source:
            yield from source.batches()

    def _after_batch(self, counts: Counts) -> None:
        self.brake.check()
        self.record.batch(counts)

    def _tell_mapping(self, run: SyncRun, mapping: ContactMapping) -> None:
        log.info(
            "Sync %s, run %s: connection %s feeds contacts of location %s by key %s: %s",
            self.sync.name,
            run.id,
            self.task.sql_conn_id,
            self.sync.location_id,
            ", ".join(self._key()),
            ", ".join(f"{fed.column} → {fed.target}" for fed in mapping.columns),
        )

    def _deliver(self, run: SyncRun, account: Account, pending: int) -> None:
        progress = Progress(pending, clock=time.monotonic, tell=log.info, every=_TELL_EVERY)
        labels = {fed.wire: fed.target for fed in run.columns()}
        account.ask(
            lambda client: deliver(
                run,
                client,
                max_in_flight=self.task.max_in_flight,
                batch_size=self.task.batch_size,
                labels=labels,
                on_acknowledged=progress.acknowledged,
                sleep=self.brake.interrupting(asyncio.sleep),
            ),
            max_in_flight=self.task.max_in_flight,
        )

    def _record_end(self, run: SyncRun, counts: Counts, account: Account) -> None:
        calls, seconds = run.totals()
        daily = account.daily_quota
        self.record.ended(
            counts,
            calls=calls,
            seconds=seconds,
            quota_limit=daily.limit if daily else None,
            quota_remaining=daily.remaining if daily else None,
        )

    def _report(self, run: SyncRun, counts: Counts, reasons: Sequence[str]) -> Report:
        counts.verify()
        calls, seconds = run.totals()
        report: Report = {**counts.as_dict(), "calls": calls, "seconds": round(seconds, 3), "run_id": run.id}
        log.info("Run %s: %s; %s calls in %.1f s", run.id, _in_words(counts), calls, seconds)
        for reason in reasons:
            log.warning("Rejected: %s", reason)
        return report

    def _judge(self, counts: Counts, report: Report, reasons: Sequence[str]) -> None:
        """Raise TooManyRejectedError where the task allows fewer rejected rows."""
        if counts.rejected > _allowed(self.task.max_rejected, counts.read):
            raise TooManyRejectedError(
                f"{counts.rejected:,} of {counts.read:,} rows were rejected ({counts.invalid:,} invalid, "
                f"{counts.refused:,} refused by the API{_unremoved(counts)}), and max_rejected is "
                f"{self.task.max_rejected}. "
                f"All other rows were delivered. The first reasons: {' | '.join(reasons)}",
                report,
            )


def _as_of(context: Context) -> datetime | None:
    """The end of the data interval; of a run without one, the time it is for."""
    if (end := context.get("data_interval_end")) is not None:
        return end
    dag_run = context.get("dag_run")
    return None if dag_run is None else dag_run.run_after


def _soon(hold: Hold) -> datetime:
    """When to look again at a lease that another run has."""
    soon = datetime.now(UTC) + _LOOK_AGAIN
    return soon if hold.parked_until is None else max(soon, hold.parked_until - PARKED_LONGER)


def _versions() -> dict[str, str]:
    """What a run was made with, for whoever looks at it later."""
    return {
        "leadway-provider": leadway_version,
        "apache-airflow": airflow_version,
        "sqlalchemy": sa.__version__,
        "python": platform.python_version(),
    }


def _allowed(max_rejected: float, read: int) -> float:
    return max_rejected * read if 0 < max_rejected < 1 else max_rejected


def _unremoved(counts: Counts) -> str:
    return f", {counts.unremoved:,} that left and whose contacts the API would not change" if counts.unremoved else ""


def _first_reasons(unkeyed: Sequence[str], run: SyncRun) -> list[str]:
    return [*unkeyed, *_reasons(run)][:_FIRST_REASONS]


def _reasons(run: SyncRun) -> Iterator[str]:
    for row in run.rejected(_FIRST_REASONS):
        words = "; ".join(
            f"{reason.field}: {reason.message}" if reason.field else reason.message for reason in row.reasons
        )
        yield f"key {row.source_key} ({row.outcome}): {words}"


def _in_words(counts: Counts) -> str:
    numbers = counts.as_dict()
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number or name == "read")
