"""The text of a DAG file with one sync."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_TEXT: Final = '''"""Every day, send the rows of a query to Leadway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

# The SELECT list is the mapping: the name of each column is the contact field that it fills.{left_out}
QUERY = {query}

with DAG(
    dag_id={dag_id!r},
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # the query reads the present rows
    max_active_runs=1,
    default_args={{"retries": 3, "retry_delay": timedelta(minutes=5)}},  # a retry goes on where the last attempt ended
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync",
        sql_conn_id={source_conn_id!r},
        sql=QUERY,
        key={key!r},
        leadway_conn_id={leadway_conn_id!r},{location}
        max_rejected=0.05,  # a few wrong addresses are normal; more rejected rows mean that the source is broken
    )
'''


@dataclass(frozen=True)
class DagFile:
    """A DAG file with one sync.

    Attributes:
        dag_id: the DAG's id.
        source_conn_id: the connection of the source.
        leadway_conn_id: the connection of the account.
        location_id: the account, where the connection does not name it.
        key: the columns of the key.
        query: the query, whose lines after the first are indented by four blanks.
        left_out: columns of the table that have no target.
    """

    dag_id: str
    source_conn_id: str = field(repr=False)
    leadway_conn_id: str
    location_id: str | None
    key: Sequence[str]
    query: str = field(repr=False)
    left_out: Sequence[str] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The file's text."""
        left_out = f"\n# Left out, since no field is called so: {', '.join(self.left_out)}." if self.left_out else ""
        return _TEXT.format(
            dag_id=self.dag_id,
            source_conn_id=self.source_conn_id,
            leadway_conn_id=self.leadway_conn_id,
            location=f"\n        location_id={self.location_id!r}," if self.location_id else "",
            key=self.key[0] if len(self.key) == 1 else list(self.key),
            query=_literal(self.query),
            left_out=left_out.encode("ascii", "backslashreplace").decode(),
        )


def _literal(query: str) -> str:
    """Return the query as a literal of several lines, or of one where it has what such a literal can't hold."""
    if '"""' in query or "\\" in query or query.endswith('"') or not query.replace("\n", "").isprintable():
        return repr(query)
    return f'"""\n    {query}\n"""'
