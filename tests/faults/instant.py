"""The moment at which something goes wrong, found by the statements that a database gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

Statement = str | tuple[str, ...]
"""How a statement begins, or the ways in which it may."""

COMPARING = "SELECT r.source_key"
"""A batch of source rows is compared with what a SQLite state knows."""
PLANNING = "INSERT INTO leadway_outbox"
"""A batch of planned rows is written."""
SENDING = (
    "SELECT leadway_outbox.id, leadway_outbox.row_id, leadway_outbox.source_key, "
    "leadway_outbox.fingerprint, leadway_outbox.contact, leadway_outbox.lanes"
)
"""The next rows are taken from the outbox."""
ACKNOWLEDGING = (
    "SELECT id, run_id, outcome FROM leadway_outbox",
    "SELECT leadway_outbox.id, leadway_outbox.run_id, leadway_outbox.outcome",
)
"""Rows that were delivered are about to leave the outbox: of a SQLite state, and of one on a server."""


@contextmanager
def at(statement: Statement, act: Callable[[sa.Connection], object], *, after: int = 0) -> Iterator[list[int]]:
    """Do something once, just before a database is sent a statement that begins so; then the list has an item.

    Args:
        statement: how it begins.
        act: what to do, in the thread that waits for the statement, on its connection. Where it returns False it could
            not be done yet, and is tried again at the next such statement.
        after: how many such statements pass first.
    """
    passed = 0
    done: list[int] = []

    def look(connection: sa.Connection, _cursor: Any, said: str, *_rest: Any) -> None:
        nonlocal passed
        if done or not said.startswith(statement):
            return
        passed += 1
        if passed > after and act(connection) is not False:
            done.append(passed)

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    try:
        yield done
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", look)
