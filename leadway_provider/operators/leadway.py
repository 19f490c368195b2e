"""The operator: a SELECT's rows become contacts of a Leadway account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.hooks.configuration import (
    configured_ledger_days,
    configured_max_in_flight,
    default_deferrable,
)
from leadway_provider.links.leadway import ContactsLink, RunLink
from leadway_provider.operators.arguments import parsed, without_templates
from leadway_provider.operators.collection import rare_collections
from leadway_provider.operators.failure import FramesHidden
from leadway_provider.operators.openlineage import OpenLineageMethods
from leadway_provider.policies import ContactRules, GuardPolicy, OnMatch, QuotaPolicy, RemovalPolicy
from leadway_provider.sync.request import SyncRequest

if TYPE_CHECKING:
    from airflow.sdk import Context

    from leadway_provider.operators.execution import Execution
    from leadway_provider.operators.timing import Timing


_TEMPLATE_FIELDS: Final = (
    *("sql", "parameters", "hook_params", "sql_conn_id", "leadway_conn_id", "location_id", "state_conn_id"),
    *("sync_name", "reviewed_run", "mapping", "constants", "max_rejected", "dry_run", "full_resync", "allow_older"),
    *("incremental", "only_keys", "guards", "compare", "stamps", "plan_to", "sample"),
)


class LeadwayUpsertContactsOperator(OpenLineageMethods, BaseOperator):
    """Upsert contacts from a SQL source: send what changed, at the account's full quota, and account for every row.

    The SELECT list is the mapping: a column's name is its target, such as `email`, `first_name` (or `firstName`),
    `custom.Lifetime Value`, `dnd.sms` or `tags`. A column that names no target and is not the key is an error before
    anything is sent. Nothing is sent that no column maps to.

    First each row is compared with what the account last acknowledged, and what changed is put into an outbox; then the
    outbox is delivered. A row that has a contact is written to that contact, whatever changed in the source. A retry of
    the same task run continues with the outbox: after a crash at most `max_in_flight` contacts, and
    those that wait for their tags, are sent twice, and none is lost. What a run could not deliver, the sync's next run
    delivers. Two runs of one sync never overlap. When the account's daily quota ends, the task defers until it returns,
    and continues.

    Returns a dict of counts without any contact's data: `read` and `carried` (rows that earlier runs left) are the sum
    of `unchanged, invalid, superseded, skipped, created, updated, refused, unknown, pending`; `withheld, not_kept,
    collisions, identity_taken, edited_in_crm, adopted, drifted, missing` count rows with such a remark; `removed` and
    `unremoved` count departed rows; then `calls`, `seconds`, `run_id` and, for an incremental sync, `watermark`. It is
    pushed to XCom also when too many rows were rejected, unless `do_xcom_push=False`.

    Args:
        sql: a query, or a `.sql` file of the DAG's template path; templated. Values belong into `parameters`.
        sql_conn_id: the source, a connection to a SQL database; see `docs/sources.md`.
        key: the column, or columns, that identify a row of the source for good.
        mapping: `{column: target}` for columns whose name can't be their target; templated.
        constants: `{target: value}`, the same on every contact; templated.
        stamps: `{target: "time" | "run_id" | "key"}`: when and by which run the row was planned, and its key, written
            with what is sent anyway. A stamp makes no row changed, and is not compared with the account; templated.
        leadway_conn_id: the account's connection, of type `leadway`.
        location_id: the account, where the connection names none or another. Where neither names one, each row does, in
            the column `location_id`; then the counts are the sum over all accounts, and `accounts` is their number.
        state_conn_id: where the state is kept: SQLite, PostgreSQL or MariaDB/MySQL. Without it, `[leadway]
            state_conn_id` of Airflow's configuration, or else the file `leadway_state.db` in the Airflow home, which
            only suits a single machine.
        sync_name: what the state belongs to, together with the account; `<dag_id>.<task_id>` unless given. Keep it when
            you rename a task, else every contact is sent again. Mapped tasks that write to one account need one each.
        parameters: bound to the query's `:name` parameters by the database's driver, never formatted into it.
        hook_params: arguments of the source's hook, as in Airflow's SQL operators: `{"role": "LOADER"}`; templated.
        rules: how values are normalised and how forgiving validation is.
        strict: make a row invalid for any bad value; otherwise only that value is withheld.
        batch_size: rows read, compared and planned at a time.
        max_in_flight: the most calls that wait for an answer at a time; unless given, `[leadway] max_in_flight`, or 16.
        max_rejected: rejected rows (invalid or refused) that are still a success: a whole number, or below 1 a share of
            the rows read. With more, the task fails for good after all other rows are delivered. Templated.
        removal: what becomes of the contacts of departed rows, which are no longer in the result; nothing unless given.
            A row counts as rejected too where the API refuses that.
        dry_run: plan only; `pending` counts the rows that would be sent. The report then has `creates`, `updates`,
            `removals`, `fields.<target>`, `calls_needed`, `seconds_needed` and, where it is known, `days_needed`. It
            fails where the guards or `max_rejected` would let a run fail. Templated.
        ledger_days: how many days the ledger keeps what was delivered by this sync; see `leadway trace`. Unless given,
            `[leadway] ledger_days`, or 90.
        keep_before: whether it is kept for as long, encrypted, what each contact was before this task wrote to it, so
            that `leadway revert` can write it back. It costs a look-up by id before the first write to a contact.
        reviewed_run: the `run_id` of a dry run's report: deliver exactly what that planned, and read no source. Give
            both tasks the same `sync_name`. It is an error where another run of the sync has begun since.
        worker: the number of this task among several that deliver one `reviewed_run` together; each takes parts of it
            that no other has. A last task, without `worker`, delivers what they leave, and reports. `leadway_sync` with
            `workers` makes these tasks; see `docs/scaling.md`.
        full_resync: send every row, also those that did not change since the account acknowledged them; templated.
        allow_older: let a run for an older data interval, as a backfill is, change rows that a newer one has seen;
            otherwise such rows are superseded. Templated.
        quota: how much of the account's quota the task may use, and how long a call waits for it.
        deferrable: leave the worker slot while the quota is used up, or while another run of the sync is at work;
            otherwise both are waited for in the worker slot. Unless given, Airflow's `[operators] default_deferrable`.
        on_busy: `wait` for another run of the same sync to end, or `fail` with an error that names it.
        emit_unchanged: let the task's contacts asset (an outlet `leadway://<location id>/contacts`) have an event also
            where no contact was created, updated or removed; DAGs that are scheduled on it then run every time.
        incremental: the query reads only some rows, so that an absent row says nothing: no row departs. The query may
            name `:since` and `:until`: `:until` is the end of the run's data interval, and `:since` is the `:until` of
            the sync's last run whose plan was sealed, or the beginning of time. So a run that failed, was skipped or
            paused leaves no gap. Templated.
        overlap: how much earlier `:since` is, for rows that come late.
        retry_refused: a row that the API refused is tried again by so many runs; then it waits until it changes.
        guards: what a plan may look like, so that it is sent. If it does not, the task fails for good before any
            contact is changed. Templated.
        only_keys: sync the rows of these keys only, as a test. No other row departs, is sent or is dropped, and the
            watermark does not move. A key of several columns is a list of their values. Templated.
        compare: `state` compares each row with what the account last acknowledged; `account` reads all contacts of the
            account, 500 a call, and compares each row with its contact, so that only what differs there is sent. The
            report then has `contacts`, `drifted.<target>` by field, `believed` and, for a whole read, `unmatched`, and
            where nothing had to be sent `verified_at`, `verified_rows` and `verified_hash`. Templated.
        on_match: `upsert` writes every changed row. `update_only` never creates a contact: a row that has none in the
            account is skipped. `create_only` never changes a contact that exists: a row that has one is skipped. For
            what that costs see `docs/account.md`.
        plan_to: where a dry run writes its plan, row by row, in place of the one before: a table of a connection,
            `warehouse:crm.plan`, or the absolute path of a CSV file. Templated.
        plan_values: let that plan have the values that would be sent, too.
        sample: with `compare="account"` and `dry_run=True`, read that many contacts by id in place of the account,
            chosen at random among those of unchanged rows. The report then has `sampled`, `sampled_of`,
            `sampled_equal`, and that share with its bounds, with 95% confidence: `sampled_share`, `sampled_share_low`,
            `sampled_share_high`; `drifted`, `drifted.<target>` and `missing` are of the sample. Templated.

    Raises:
        AirflowFailException: too many rejected rows, or something that a person must correct.
        TransientError: the API, the source or the state can't be reached; the task's retry continues where it stopped.
    """

    template_fields: Sequence[str] = _TEMPLATE_FIELDS
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {  # noqa: RUF012 - as BaseOperator declares it
        "sql": "sql",
        **dict.fromkeys(("parameters", "hook_params", "mapping", "constants", "guards", "stamps"), "json"),
    }
    ui_color = "#d9efe5"
    operator_extra_links = (RunLink(), ContactsLink())

    timing: Timing | None = None
    """The clocks, retries and periods of a run, in place of the real ones: for tests."""
    rows: Any = None
    """An engine on rows that a function has returned, in place of that of `sql_conn_id`."""

    def __init__(
        self,
        *,
        sql: str,
        sql_conn_id: str,
        key: str | Sequence[str],
        mapping: Mapping[str, str] | str | None = None,
        constants: Mapping[str, object] | str | None = None,
        stamps: Mapping[str, str] | str | None = None,
        leadway_conn_id: str = "leadway_default",
        location_id: str | None = None,
        state_conn_id: str | None = None,
        sync_name: str | None = None,
        parameters: Mapping[str, object] | None = None,
        hook_params: Mapping[str, object] | None = None,
        rules: ContactRules | None = None,
        strict: bool = False,
        batch_size: int = 1000,
        max_in_flight: int | None = None,
        max_rejected: float | str = 0,
        removal: RemovalPolicy | None = None,
        dry_run: bool | str = False,
        ledger_days: int | None = None,
        keep_before: bool = False,
        reviewed_run: str | None = None,
        worker: int | None = None,
        full_resync: bool | str = False,
        allow_older: bool | str = False,
        quota: QuotaPolicy | None = None,
        deferrable: bool | None = None,
        on_busy: Literal["wait", "fail"] = "wait",
        emit_unchanged: bool = False,
        incremental: bool | str = False,
        overlap: timedelta = timedelta(),
        retry_refused: int = 5,
        guards: GuardPolicy | Mapping[str, object] | None = None,
        only_keys: Sequence[object] | str | None = None,
        compare: str = "state",
        on_match: OnMatch = "upsert",
        plan_to: str | None = None,
        plan_values: bool = False,
        sample: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.leadway_conn_id = leadway_conn_id
        self.location_id = location_id
        self.state_conn_id = state_conn_id
        self.sync_name = sync_name
        self.parameters = parameters
        self.hook_params = hook_params
        self.reviewed_run = reviewed_run
        self.mapping = mapping
        self.constants = constants
        self.stamps = stamps
        self.max_rejected = max_rejected
        # Airflow's operators have a method of this name, which nothing of Airflow 3 calls.
        self.dry_run = dry_run  # type: ignore[assignment, method-assign]  # a method of BaseOperator has this name
        self.full_resync = full_resync
        self.allow_older = allow_older
        self.incremental = incremental
        self.only_keys = only_keys
        self.compare = compare
        self.plan_to = plan_to
        self.sample = sample
        # A dict, because Airflow renders what is in one.
        self.guards = dict(guards) if isinstance(guards, Mapping) else asdict(guards or GuardPolicy())
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        given = {"max_in_flight": max_in_flight, "ledger_days": ledger_days, "worker": worker}
        self._chosen: dict[str, Any] = {
            **{name: value for name, value in given.items() if value is not None},
            "key": key,
            "rules": rules or ContactRules(),
            "strict": strict,
            "batch_size": batch_size,
            "removal": removal or RemovalPolicy(),
            "quota": quota or QuotaPolicy(),
            "deferrable": self.deferrable,
            "on_busy": on_busy,
            "emit_unchanged": emit_unchanged,
            "overlap": overlap,
            "retry_refused": retry_refused,
            "on_match": on_match,
            "keep_before": keep_before,
            "plan_values": plan_values,
        }
        known = {name: without_templates(getattr(self, name)) for name in _TEMPLATE_FIELDS}
        known = {name: value for name, value in known.items() if value is not None}
        self._overlaps_if_incremental = "incremental" not in known
        self._request_of(_checkable(known))
        self.record = None
        self._execution: Execution | None = None
        self._is_stopped = False

    @property
    def request(self) -> SyncRequest:
        """What this task asks for, with its template fields as they are rendered now, and the configuration.

        Raises:
            ConfigurationError: a template field is not what it must be, or the configuration is wrong.
        """
        configured = {"max_in_flight": configured_max_in_flight(), "ledger_days": configured_ledger_days()}
        return self._request_of({name: getattr(self, name) for name in _TEMPLATE_FIELDS}, **configured)

    @property
    def written_location_id(self) -> str | None:
        """The account that this attempt writes to; None before that is known, and where each row names its own."""
        execution = self._execution
        return execution.sync.location_id if execution and not execution.is_of_many else None

    def _request_of(self, template_fields: Mapping[str, Any], **configured: int) -> SyncRequest:
        key = self._chosen["key"]
        columns = (key,) if isinstance(key, str) else tuple(key)
        arguments = {
            **configured,
            **self._chosen,
            **parsed(template_fields, key_columns=columns, task_id=self.task_id),
        }
        if self._overlaps_if_incremental and not arguments.get("incremental"):
            arguments["overlap"] = timedelta()
        names = {"task_id": self.task_id, "default_name": f"{self.dag_id}.{self.task_id}"}
        return SyncRequest(**{**names, "sql": "", "sql_conn_id": "", **arguments})

    def execute(self, context: Context) -> dict[str, int | float | str]:
        """Run the sync; see the class."""
        with FramesHidden():
            return self._run_sync(context)

    def _run_sync(self, context: Context) -> dict[str, int | float | str]:
        from leadway_provider.operators.accounts import ManyAccounts  # noqa: PLC0415 - heavy
        from leadway_provider.operators.execution import Execution  # noqa: PLC0415 - heavy
        from leadway_provider.operators.lineage import report_to_assets  # noqa: PLC0415 - heavy
        from leadway_provider.operators.report import FailedRunError  # noqa: PLC0415 - heavy
        from leadway_provider.operators.timing import TIMING  # noqa: PLC0415 - heavy
        from leadway_provider.operators.waiting import Deferral  # noqa: PLC0415 - heavy
        from leadway_provider.operators.worker import Worker  # noqa: PLC0415 - heavy

        try:
            request = self.request
            self._execution = Execution.resolve(request, context, self.timing or TIMING, source=self.rows)
            self.record = self._execution.record
            if self._is_stopped:
                self._execution.stop()
            with rare_collections():
                if request.worker is not None:
                    return Worker(self._execution).run()
                report = (ManyAccounts(self._execution) if self._execution.is_of_many else self._execution).run()
        except Deferral as deferral:
            self._defer_until(deferral.until, str(deferral))
        except FailedRunError as error:
            if self.do_xcom_push:
                context["ti"].xcom_push(key="return_value", value=error.report)
            raise AirflowFailException(str(error)) from None
        except ConfigurationError as error:
            raise AirflowFailException(str(error)) from None
        finally:
            if self.record:
                self.record.close()
        report_to_assets(self, request, self.record, context, report)
        return report

    def resume(self, context: Context, event: object) -> dict[str, int | float | str]:  # noqa: ARG002 - Airflow's interface
        """Continue after a deferral."""
        return self.execute(context)

    def on_kill(self) -> None:
        """Send no new call; calls in flight are finished and acknowledged within 10 s."""
        self._is_stopped = True
        if self._execution:
            self._execution.stop()

    def _defer_until(self, until: datetime, reason: str) -> NoReturn:
        from leadway_provider.operators.triggerer import warn_without_triggerer  # noqa: PLC0415 - few runs need it
        from leadway_provider.triggers.wait import WaitTrigger  # noqa: PLC0415 - the same

        warn_without_triggerer()
        self.defer(trigger=WaitTrigger(until.isoformat(), reason), method_name="resume")


def _checkable(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return template fields that are known before they are rendered, so that what they ask for can be checked."""
    if "sample" in known:
        return {"compare": "account", "dry_run": True, **known}  # anything else would be an error
    return {**known} if "dry_run" in known else {**known, "plan_to": None}  # it may become a dry run
