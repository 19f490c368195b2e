"""One task run of the operator: connections are resolved first, then plan and deliver."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from leadway_provider.contacts.mapping import ContactMapping, compile_mapping, needs_users
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, ConfigurationError, LeadwayError
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.hooks.state import open_state, sql_engine
from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.lineage import run_lineage
from leadway_provider.operators.removal import plan_removal, remove_contacts
from leadway_provider.store.source import SourceRows, read_source
from leadway_provider.store.state import SyncIdentity, SyncRun
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Plan, plan
from leadway_provider.sync.progress import Progress
from leadway_provider.sync.removal import RemovalPolicy

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.api.pacing import DailyQuota
    from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

log = logging.getLogger(__name__)

T = TypeVar("T")

Report = dict[str, int | float | str]

_FIRST_REASONS = 5
_TELL_EVERY = 5.0
"""Seconds between two lines of progress."""


class TooManyRejectedError(LeadwayError):
    """More rows were rejected than the task allows; every other row was delivered."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class Execution:
    """What a task run needs, with every connection resolved and nothing opened yet."""

    task: LeadwayUpsertContactsOperator
    hook: LeadwayHook
    source: sa.Engine
    sync: SyncIdentity
    task_run: str
    record: RunRecord

    @classmethod
    def of_task(cls, task: LeadwayUpsertContactsOperator, ti: RuntimeTaskInstanceProtocol) -> Execution:
        """Resolve the connections of a task run; Airflow's calls block, so this comes before any event loop."""
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
            record=RunRecord(run_lineage(task, sync=name, host=host, location_id=location_id, source=source)),
        )

    def run(self) -> Report:
        """Plan, unless an attempt before this one has, and deliver.

        Raises:
            TooManyRejectedError: more rows were rejected than the task allows.
            LeadwayError: as plan and deliver do; what was acknowledged until then stays so.
        """
        began_at = time.monotonic()
        with closing(open_state(self.task.state_conn_id)) as state, asyncio.Runner() as runner:
            run = state.begin(self.sync, task_run=self.task_run, definition=self._definition())
            self.record.began(run.id)
            account = _Account(self.hook, runner)
            unkeyed: tuple[str, ...] = ()
            if run.sealed:
                log.info("Run %s was planned by an earlier attempt; going on with its outbox", run.id)
            else:
                planned = self._plan(run, account)
                unkeyed = tuple(f"row {row.number}: {row.reason.message}" for row in planned.unkeyed)
                if self.task.only_plan:
                    reasons = _first_reasons(unkeyed, run)
                    run.discard(planned.counts)
                    run.finish(calls=account.calls, seconds=time.monotonic() - began_at)
                    self._record_end(run, planned.counts, account)
                    return self._report(run, replace(run.counts(), pending=planned.counts.pending), reasons)
                run.seal(planned.counts)
            try:
                if pending := run.counts().pending:
                    self._deliver(run, account, pending)
                remove_contacts(self._removal, run, account.ask, self.task.max_in_flight)
            finally:
                run.finish(calls=account.calls, seconds=time.monotonic() - began_at)
                self._record_end(run, run.counts(), account)
            counts, reasons = run.counts(), _first_reasons(unkeyed, run)
            report = self._report(run, counts, reasons)
            self._judge(counts, report, reasons)
            return report

    def _definition(self) -> bytes:
        """Stands for what was asked of this run: an attempt that asks for something else plans anew."""
        task = self.task
        asked = (
            *(task.sql, task.parameters, task.key, task.mapping, task.constants),
            *(self._rules(), task.only_plan, self._removal),
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

    def _plan(self, run: SyncRun, account: _Account) -> Plan:
        task = self.task
        # This call comes first of all: it proves token and location before anything is read or planned.
        custom_fields = account.ask(lambda client: client.get_custom_fields())
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
            run.describe(task.sql, mapping.columns)
            self._tell_mapping(run, mapping)
            self.record.mapped(source.columns, mapping, custom_fields, self.source.dialect.default_schema_name)
            planned = plan(
                source.batches(),
                key=self._key(),
                mapping=mapping,
                store=run,
                claims=run.claims,
                again=self._read_again,
                removal=self._removal,
                on_batch=self.record.batch,
            )
        plan_removal(self._removal, run, planned)
        self.record.planned(planned.counts)
        log.info("Planned run %s: %s", run.id, _in_words(planned.counts))
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

    def _deliver(self, run: SyncRun, account: _Account, pending: int) -> None:
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
            ),
            max_in_flight=self.task.max_in_flight,
        )

    def _record_end(self, run: SyncRun, counts: Counts, account: _Account) -> None:
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


class _Account:
    """The account during one run, and how many calls the run has made to it."""

    def __init__(self, hook: LeadwayHook, runner: asyncio.Runner) -> None:
        self._hook = hook
        self._runner = runner
        self._clients: list[LeadwayClient] = []

    @property
    def calls(self) -> int:
        return sum(client.calls for client in self._clients)

    @property
    def daily_quota(self) -> DailyQuota | None:
        """The day's quota as last told."""
        return self._clients[-1].pacer.daily if self._clients else None

    def ask(self, call: Callable[[LeadwayClient], Awaitable[T]], max_in_flight: int = 1) -> T:
        """Connect, make calls, and disconnect: planning may take longer than a connection stays open."""
        client = self._hook.client(max_in_flight=max_in_flight)
        self._clients.append(client)

        async def connected() -> T:
            async with client:
                return await call(client)

        return self._runner.run(connected())

    def users(self) -> dict[str, str]:
        """The ids of the account's users by e-mail; none where the token may not read them."""
        try:
            found = self.ask(lambda client: client.get_users())
        except (AccessDeniedError, AuthenticationError) as error:
            log.warning("The account's users can't be read, so e-mails in assigned_to will be withheld: %s", error)
            return {}
        return {user.email: user.id for user in found if user.email}


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
