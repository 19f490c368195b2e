"""The operator: a SELECT's rows become contacts of a Leadway account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from leadway_provider.contacts.mapping import check_targets
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policy import QuotaPolicy
from leadway_provider.sync.removal import RemovalPolicy

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from leadway_provider.lineage.record import RunRecord
    from leadway_provider.operators.execution import Execution


class LeadwayUpsertContactsOperator(BaseOperator):
    """Upsert contacts from a SQL source: send what changed, at the account's full quota, and account for every row.

    The SELECT list is the mapping: a column's name is its target, such as `email`, `first_name` (or `firstName`),
    `custom.Lifetime Value`, `dnd.sms` or `tags`. A column that names no target and is not the key is an error before
    anything is sent. Nothing is sent that no column maps to.

    First the query is compared with what the account last acknowledged, and what changed is put into an outbox; then
    the outbox is delivered. A retry of the same task run goes on with the outbox: after a crash at most `max_in_flight`
    contacts are sent twice, and none is lost. Two runs of one sync never overlap. When the account's daily quota ends,
    the task defers until it returns, and goes on where it was.

    Returns a dict of counts without any contact's data: `read` is the sum of `unchanged, invalid, superseded, created,
    updated, refused, unknown, pending`; `withheld, not_kept, collisions` count rows with such a remark; `removed`
    and `unremoved` count rows that left; then `calls`, `seconds` and `run_id`. It is pushed to XCom also when the task
    fails.

    Args:
        sql: a query, or a `.sql` file of the DAG's template path; templated. Values belong into `parameters`.
        sql_conn_id: the source, any connection whose hook offers a SQLAlchemy engine.
        key: the column, or columns, that identify a row of the source for good.
        mapping: `{column: target}` for columns whose name can't be their target.
        constants: `{target: value}`, the same on every contact.
        leadway_conn_id: the account's connection, of type `leadway`.
        location_id: the account, where the connection names none or another.
        state_conn_id: where the state is kept: SQLite, PostgreSQL or MariaDB/MySQL. Without it, the file
            `leadway_state.db` in the Airflow home, which only suits a single machine.
        sync_name: what the state belongs to, together with the account; `<dag_id>.<task_id>` unless given. Keep it when
            you rename a task, else every contact is sent again.
        parameters: bound to the query's `:name` places by the database's driver, never formatted into it.
        rules: how values are normalised and how forgiving validation is.
        strict: make a row invalid for any bad value, where otherwise only that value is withheld.
        batch_size: rows read, compared and planned at a time.
        max_in_flight: the most calls that wait for an answer at a time.
        max_rejected: rejected rows (invalid or refused) that are still a success: a number, or below 1 a share of the
            rows read. With more, the task fails for good after all other rows are delivered.
        removal: what becomes of the contacts of rows that are no longer in the result; nothing unless given. A row
            counts as rejected too where the API refuses that.
        dry_run: plan only; the counts tell as `pending` what would be sent.
        ledger_days: how many days the ledger keeps what was delivered by this sync; see `leadway trace`.
        reviewed_run: the `run_id` of a dry run's report: deliver exactly what that planned, and read no source. Give
            both tasks the same `sync_name`. It is an error where another run of the sync has begun since.
        full_resync: send every row, also those that did not change since the account acknowledged them.
        allow_older: let a run for an older data interval, as a backfill is, change rows that a newer one has seen;
            otherwise such rows are superseded.
        quota: how much of the account's quota the task may use, and how long a call waits for it.
        deferrable: leave the worker slot while the quota is used up, or while another run of the sync is going on;
            otherwise both are waited for in place.
        on_busy: `wait` for another run of the same sync to end, or `fail` with an error that names it.
        emit_unchanged: let the task's contacts asset (an outlet `leadway://<location id>/contacts`) have an event also
            where no contact was created, updated or removed; DAGs that are scheduled on it then run every time.

    Raises:
        AirflowFailException: too many rejected rows, or something that a person must put right.
        TransientError: the API, the source or the state can't be reached; the task's retry goes on where it was.
    """

    template_fields: Sequence[str] = (
        "sql",
        "parameters",
        "sql_conn_id",
        "leadway_conn_id",
        "location_id",
        "state_conn_id",
        "sync_name",
        "reviewed_run",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "parameters": "json"}  # noqa: RUF012 - as BaseOperator declares it
    ui_color = "#d9efe5"

    def __init__(
        self,
        *,
        sql: str,
        sql_conn_id: str,
        key: str | Sequence[str],
        mapping: Mapping[str, str] | None = None,
        constants: Mapping[str, object] | None = None,
        leadway_conn_id: str = "leadway_default",
        location_id: str | None = None,
        state_conn_id: str | None = None,
        sync_name: str | None = None,
        parameters: Mapping[str, object] | None = None,
        rules: ContactRules | None = None,
        strict: bool = False,
        batch_size: int = 1000,
        max_in_flight: int = 16,
        max_rejected: float = 0,
        removal: RemovalPolicy | None = None,
        dry_run: bool = False,
        ledger_days: int = 90,
        reviewed_run: str | None = None,
        full_resync: bool = False,
        allow_older: bool = False,
        quota: QuotaPolicy | None = None,
        deferrable: bool = True,
        on_busy: Literal["wait", "fail"] = "wait",
        emit_unchanged: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.key = key
        self.mapping = mapping
        self.constants = constants
        self.leadway_conn_id = leadway_conn_id
        self.location_id = location_id
        self.state_conn_id = state_conn_id
        self.sync_name = sync_name
        self.parameters = parameters
        self.rules = rules
        self.strict = strict
        self.batch_size = batch_size
        self.max_in_flight = max_in_flight
        self.max_rejected = max_rejected
        self.removal = removal
        self.only_plan = dry_run  # `dry_run` is a method of Airflow's operators
        self.ledger_days = ledger_days
        self.reviewed_run = reviewed_run
        self.full_resync = full_resync
        self.allow_older = allow_older
        self.quota = quota or QuotaPolicy()
        self.deferrable = deferrable
        self.on_busy = on_busy
        self.emit_unchanged = emit_unchanged
        self.record: RunRecord | None = None
        self._execution: Execution | None = None
        self._told_to_stop = False
        self._check_arguments()

    def _check_arguments(self) -> None:
        """Fail while the DAG is parsed, where that needs no connection."""
        for name in ("batch_size", "max_in_flight"):
            if (value := getattr(self, name)) < 1:
                raise ConfigurationError(f"{name} of task {self.task_id} is {value}; it must be 1 or more.")
        if type(self.ledger_days) is not int or self.ledger_days < 1:
            raise ConfigurationError(
                f"ledger_days of task {self.task_id} is {self.ledger_days!r}; it must be a whole number of days, "
                "1 or more."
            )
        if self.only_plan and self.reviewed_run:
            raise ConfigurationError(
                f"Task {self.task_id} has both dry_run and reviewed_run; the one plans, the other one delivers a plan."
            )
        if self.on_busy not in ("wait", "fail"):
            raise ConfigurationError(f"on_busy of task {self.task_id} is {self.on_busy!r}; it is 'wait' or 'fail'.")
        if self.max_rejected < 0 or (self.max_rejected > 1 and self.max_rejected != int(self.max_rejected)):
            raise ConfigurationError(
                f"max_rejected of task {self.task_id} is {self.max_rejected}; give a whole number of rows, "
                "or a share of the rows read between 0 and 1."
            )
        check_targets(self.mapping, self.constants, self.rules or ContactRules())

    def execute(self, context: Context) -> dict[str, int | float | str]:
        """Run the sync; see the class."""
        from leadway_provider.operators.execution import Deferral, Execution, TooManyRejectedError  # noqa: PLC0415 - heavy
        from leadway_provider.operators.lineage import settle_assets  # noqa: PLC0415 - heavy

        try:
            self._execution = Execution.of_task(self, context)
            self.record = self._execution.record
            if self._told_to_stop:
                self._execution.stop()
            report = self._execution.run()
        except Deferral as deferral:
            self._wait(str(deferral), deferral.until)
        except TooManyRejectedError as error:
            context["ti"].xcom_push(key="return_value", value=error.report)
            raise AirflowFailException(str(error)) from None
        except ConfigurationError as error:
            raise AirflowFailException(str(error)) from error
        finally:
            if self.record:
                self.record.close()
        settle_assets(self, context, report)
        return report

    def resume(self, context: Context, event: object) -> dict[str, int | float | str]:  # noqa: ARG002 - Airflow's interface
        """Go on after a deferral."""
        return self.execute(context)

    def on_kill(self) -> None:
        """Let no new call leave; those on their way are finished and acknowledged within 10 s."""
        self._told_to_stop = True
        if self._execution:
            self._execution.stop()

    def _wait(self, reason: str, until: datetime) -> NoReturn:
        from leadway_provider.triggers.wait import WaitTrigger  # noqa: PLC0415 - few runs need it

        self.log.info("%s Leaving the worker slot until %s.", reason, until.isoformat(timespec="seconds"))
        self.defer(trigger=WaitTrigger(until.isoformat(), reason), method_name="resume")

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """What Airflow's OpenLineage integration tells before the task runs: what its query and connections say."""
        from leadway_provider.operators.lineage import openlineage_facets  # noqa: PLC0415 - heavy

        return openlineage_facets(self)

    def get_openlineage_facets_on_complete(self, ti: object) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - Airflow's interface
        """The same with the live result's columns and the run's counts."""
        from leadway_provider.operators.lineage import openlineage_facets  # noqa: PLC0415 - heavy

        return openlineage_facets(self)

    def get_openlineage_facets_on_failure(self, ti: object) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - Airflow's interface
        """The same, as far as the run got."""
        from leadway_provider.operators.lineage import openlineage_facets_of_failure  # noqa: PLC0415 - heavy

        return openlineage_facets_of_failure(self)
