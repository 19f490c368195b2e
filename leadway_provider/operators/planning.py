"""The plan phase of one task run: the source is read and compared, and the run's outbox is filled."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from random import random as system_random

import sqlalchemy as sa
from airflow import __version__ as airflow_version

from leadway_provider import __version__ as leadway_version
from leadway_provider.clock import utc_now
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import MappingError, SourceError
from leadway_provider.hooks.comparison import ComparedAccount, compared_account
from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.account import Account
from leadway_provider.operators.departure import plan_removal
from leadway_provider.operators.report import log_mapping, log_plan
from leadway_provider.operators.sampling import SampledAccount
from leadway_provider.printable import printable_log
from leadway_provider.source.query import OpenRows
from leadway_provider.source.schemas import find_schemas
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.forgotten import ForgottenKeys
from leadway_provider.sync.guards import PlanFigures, check_guards
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.planner import described_columns, mapping_of, planner_of, refuse_cut_columns
from leadway_provider.sync.progress import PlanProgress
from leadway_provider.sync.request import SyncIdentity, SyncRequest
from leadway_provider.sync.sample import RowSample
from leadway_provider.sync.selection import KeySelection
from leadway_provider.sync.snapshot import ContactDigester

log = printable_log(__name__)


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """Plans one run.

    Attributes:
        request: what is asked for.
        sync: the source → account pair.
        source: the source database.
        read: runs the query, or gives the account's rows of it.
        as_of: the end of the data interval, or None.
        record: what lineage is told of the run.
        cancel_token: ends the plan between two batches.
        hasher: hashes the sync's e-mails and phones.
        forgotten: the keys whose rows are skipped.
        progress: logs how far the plan is.
        selects: whether the rows of `only_keys` are still to be found; those of one of many accounts are.
        now: returns the present.
        random: returns a number from 0 up to 1.
    """

    request: SyncRequest
    sync: SyncIdentity
    source: sa.Engine
    read: Callable[[], AbstractContextManager[OpenRows]]
    as_of: datetime | None
    record: RunRecord
    cancel_token: CancelToken
    hasher: IdentityHasher
    forgotten: ForgottenKeys
    progress: PlanProgress
    selects: bool = True
    now: Callable[[], datetime] = utc_now
    random: Callable[[], float] = system_random

    def run(self, run: SyncRun, account: Account) -> Plan:
        """Read the source and fill the run's outbox; the caller seals it.

        Raises:
            ConfigurationError: the query, the mapping or the account's fields don't fit, or too many rows departed.
            GuardError: the plan is not as the guards allow.
            LeadwayError: as the account, the source and the state store raise.
        """
        request = self.request
        custom_fields = account.prove()
        seen_by_newer = run.seen_by_newer()
        with self.read() as source:
            refuse_cut_columns(request, source.columns, custom_fields, source.name_limit)
            mapping = self._mapping(source.columns, account, custom_fields)
            schemas = find_schemas(self.source, self.record.lineage.tables_without_schema())
            self.record.mapped(source.columns, mapping, custom_fields, schemas)
            run.describe(request.sql, described_columns(mapping), source=self.record.source(), versions=_versions())
            log_mapping(request, self.sync, run.id, mapping)
            form, sampled = ContactForm.of(mapping, custom_fields), self._sampled(run, account)
            with self._compared(run, account, mapping, form) as compared:
                planned = self._plan(run, mapping, seen_by_newer, source, compared, sampled=sampled)
                found = compared.conclude(planned) if compared else None
        self.record.planned(planned.counts)
        log_plan(run.id, planned, self.as_of, request.key_columns)
        check_guards(request.guards, self._figures(run, planned), task_id=request.task_id)
        departed = 0
        if request.reads_all and request.removal.on_removed != "ignore":
            if seen_by_newer:
                log.info("A newer data interval was synced before: this run does not show which rows have departed")
            else:
                departed = plan_removal(request.removal, run, planned)
        if compared and found and not departed:
            compared.verify(found, planned)
        if sampled:
            return sampled.conclude(planned, mapping, ContactDigester(form, self.hasher))
        return planned

    def _mapping(
        self, columns: Sequence[str], account: Account, custom_fields: Sequence[CustomField]
    ) -> ContactMapping:
        try:
            return mapping_of(self.request, columns, custom_fields, account.users)
        except (MappingError, SourceError) as error:
            raise type(error)(f"Task {self.request.task_id}: {error}") from None

    def _compared(
        self, run: SyncRun, account: Account, mapping: ContactMapping, form: ContactForm
    ) -> AbstractContextManager[ComparedAccount | None]:
        if not self.request.reads_account:
            return nullcontext()
        return compared_account(self.request, run, account, form, mapping, hasher=self.hasher, now=self.now)

    def _sampled(self, run: SyncRun, account: Account) -> SampledAccount | None:
        if (size := self.request.sample) is None:
            return None
        return SampledAccount(self.request, run, account, RowSample(size, self.random, run.snapshot))

    def _plan(
        self,
        run: SyncRun,
        mapping: ContactMapping,
        seen_by_newer: bytes,
        source: OpenRows,
        compared: ComparedAccount | None,
        *,
        sampled: SampledAccount | None,
    ) -> Plan:
        planner = planner_of(
            self.request,
            mapping,
            run,
            seen_by_newer=seen_by_newer,
            hasher=self.hasher,
            comparison=compared.comparison if compared else None,
            forgotten=self.forgotten,
            planned_at=self.now(),
            sample=sampled.sample if sampled else None,
        )
        if self.request.only_keys is None or not self.selects:
            return planner.plan(source.batches(), read_again=self._read_again, on_batch=self._after_batch)
        positions, alive = mapping.key_positions, self.cancel_token.raise_if_cancelled
        selection = KeySelection(self.request.only_keys, positions, alive)
        planned = planner.plan(
            selection.rows(source.batches()),
            read_again=lambda: selection.rows(self._read_again()),
            on_batch=self._after_batch,
        )
        selection.require_all(self.request.task_id)
        return planned

    def _figures(self, run: SyncRun, planned: Plan) -> PlanFigures:
        return PlanFigures(
            read=planned.counts["read"],
            repeated=planned.repeated.rows,
            count_with_contact=run.count_with_contact,
            count_planned=run.count_planned,
            reads_all=self.request.reads_all,
            min_rows_applies=self.request.only_keys is None,
        )

    def _read_again(self) -> Iterator[Rows]:
        with self.read() as source:
            yield from source.batches()

    def _after_batch(self, counts: Counts) -> None:
        self.cancel_token.raise_if_cancelled()
        self.record.batch(counts)
        self.progress.compared(counts)


def _versions() -> dict[str, str]:
    """Return the versions that a run was planned with."""
    return {
        "leadway-provider": leadway_version,
        "apache-airflow": airflow_version,
        "sqlalchemy": sa.__version__,
        "python": platform.python_version(),
    }
