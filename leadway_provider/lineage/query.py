"""Reading a query: its tables, and for each column of its result the source columns that it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leadway_provider.lineage.origin import Origin, QueryLineage, ResultColumn, UnreadableError
from leadway_provider.printable import printable_log

log = printable_log(__name__)

DIALECTS: Final = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql", "awsathena": "athena"}
"""The parser's name for a database, where SQLAlchemy has another one."""


def read_query(sql: str, backend: str, columns: Sequence[str] | None = None) -> QueryLineage:
    """Find where a query's columns come from. It never raises: what can't be determined has the reason beside it.

    Args:
        sql: the query as the database gets it.
        backend: the database's name in a SQLAlchemy URL, such as `postgresql`.
        columns: the live result's columns, which show what a `*` stands for. Without them, only the query's text is
            used.
    """
    try:
        from leadway_provider.lineage import sql as parser  # noqa: PLC0415 - sqlglot is optional

        return parser.read(sql, DIALECTS.get(backend, backend), columns)
    except ImportError:
        return unread("sqlglot can't be imported; leadway-provider[lineage] brings it", columns)
    except UnreadableError as error:
        return unread(str(error), columns)
    except Exception as error:  # a defect of the parser, or an old parser, must not fail a sync
        log.debug("The query's lineage can't be read", exc_info=True)
        return unread(f"reading the query failed ({type(error).__name__})", columns)


def unread(problem: str, columns: Sequence[str] | None) -> QueryLineage:
    """Return the lineage of a query that can't be read: no tables, and every column is unresolved."""
    unresolved = tuple(ResultColumn(name, Origin.UNRESOLVED, problem=problem) for name in columns or ())
    return QueryLineage((), unresolved, problem)
