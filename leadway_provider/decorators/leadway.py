"""`@task.leadway_upsert`: a function returns the query, or the rows, of a sync."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    DecoratedOperator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)

from leadway_provider.exceptions import ConfigurationError, SourceError
from leadway_provider.operators.failure import FramesHidden
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.decorator import TaskDecorator


class LeadwayUpsertDecoratedOperator(DecoratedOperator, LeadwayUpsertContactsOperator):
    """Calls a function, and syncs what it returns: a query as text, or rows as an iterable of mappings.

    A query needs `sql_conn_id`. Rows need no connection, but all values of a row's columns must be plain; a function
    that yields its rows needs no memory for all of them. All other arguments are the operator's.

    Args:
        sql_conn_id: the source of a query, a connection to a SQL database.

    Raises:
        ConfigurationError: `sql` is given, which the function returns.
    """

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *(name for name in LeadwayUpsertContactsOperator.template_fields if name != "sql"),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **LeadwayUpsertContactsOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.leadway_upsert"

    def __init__(
        self,
        *,
        python_callable: Callable[..., object],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        sql_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        if "sql" in kwargs:
            raise ConfigurationError(
                f"sql of task {kwargs.get('task_id')} is given, but the decorated function returns the query or the "
                "rows: leave sql out."
            )
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            sql="",
            sql_conn_id=sql_conn_id,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Call the function and run the sync; see the class."""
        with FramesHidden():
            return self._called(context)

    def _called(self, context: Context) -> Any:
        context_merge(context, self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        found = self.python_callable(*self.op_args, **kwargs)
        if isinstance(found, str):
            if not self.sql_conn_id:
                raise AirflowFailException(
                    f"The function of task {self.task_id} returned a query, and sql_conn_id is not given: name the "
                    "connection to the database."
                )
            self.sql = found
            return super().execute(context)
        return self._execute_rows(found, context)

    def _execute_rows(self, rows: Any, context: Context) -> Any:
        from leadway_provider.source.rows import ROWS_SQL, rows_source  # noqa: PLC0415 - heavy

        if isinstance(rows, Mapping | bytes) or not hasattr(rows, "__iter__"):
            raise AirflowFailException(
                f"The function of task {self.task_id} returned {type(rows).__name__}; return a query as text, or rows "
                "as an iterable of mappings."
            )
        key = self._chosen["key"]
        try:
            with rows_source(rows, (key,) if isinstance(key, str) else tuple(key)) as self.rows:
                self.sql, self.sql_conn_id = ROWS_SQL, ""
                return super().execute(context)
        except SourceError as error:
            raise AirflowFailException(f"Task {self.task_id}: {error}") from None


def leadway_upsert_task(python_callable: Callable[..., object] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns the query or the rows of a sync; see `LeadwayUpsertDecoratedOperator`."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=LeadwayUpsertDecoratedOperator, **kwargs
    )
