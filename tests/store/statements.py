"""The statements that a database gets, and the indexes that it uses for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import sqlalchemy as sa

SORTS: Final = "filesort"
"""How a plan of MariaDB shows that what was found is sorted, although an index could have given it in order."""

_CHANGES: Final = frozenset({"ALTER", "COMMIT", "CREATE", "DELETE", "DROP", "INSERT", "UPDATE"})

_PLANS: Final[dict[str, Callable[[Any], str]]] = {
    "sqlite": lambda row: row.detail,
    "postgresql": lambda row: row[0],
    "mysql": lambda row: f"{row.key or f'SCAN {row.table}'} {row.Extra}",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as a driver gets it."""

    sql: str
    parameters: Any


@contextmanager
def statements(engine: sa.Engine, about: str = "leadway_") -> Iterator[list[Statement]]:
    """Collect the statements that name a table whose name has this in it."""
    seen: list[Statement] = []

    def listen(_connection: object, _cursor: object, sql: str, parameters: object, *_: object) -> None:
        if about in sql:
            seen.append(Statement(sql, parameters))

    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)


def query_plan(engine: sa.Engine, statement: Statement) -> str:
    """Return the steps by which the database executes a statement, one on each line."""
    name = engine.dialect.name
    explain = "EXPLAIN QUERY PLAN " if name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement.sql, statement.parameters)
        return "\n".join(map(_PLANS[name], rows))


def reads_all(plan: str, table: str) -> bool:
    """Return whether a database reads a whole table in that plan."""
    return f"SCAN {table}" in plan or f"Seq Scan on {table}" in plan


def analyze(engine: sa.Engine, *tables: str) -> None:
    """Let a server count what its tables hold, as it does by itself after a while; SQLite never does."""
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as connection:
        for table in tables:
            connection.exec_driver_sql(f"{'ANALYZE TABLE' if engine.dialect.name == 'mysql' else 'ANALYZE'} {table}")


def killed_at_each_step(engine: sa.Engine, act: Callable[[], object]) -> list[str]:
    """Repeat an action, killed each time before its first step that was not reached before, until it is complete.

    Returns:
        The steps: all different statements that change the database.
    """
    steps: list[str] = []

    def kill(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.split(maxsplit=1)[0] in _CHANGES and sql not in steps:
            steps.append(sql)
            raise KeyboardInterrupt

    sa.event.listen(engine, "before_cursor_execute", kill)
    try:
        while True:
            reached = len(steps)
            with suppress(KeyboardInterrupt):
                act()
            if len(steps) == reached:
                return steps
    finally:
        sa.event.remove(engine, "before_cursor_execute", kill)


def killed(_: object = None) -> NoReturn:
    """End the process as Ctrl+C would, wherever it is."""
    raise KeyboardInterrupt
