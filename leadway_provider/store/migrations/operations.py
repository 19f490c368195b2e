"""What migrations have in common: the options of tables, and indexes that may be there already."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

OPTIONS: Final[dict[str, Any]] = {
    "sqlite_autoincrement": True,
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    # MySQL commits after each table: the first tables are there when a killed migration is repeated.
    "if_not_exists": True,
}

WITHOUT_ID: Final = {name: value for name, value in OPTIONS.items() if name != "sqlite_autoincrement"}
KEYED: Final = {**WITHOUT_ID, "sqlite_with_rowid": False}


def create_index(name: str, table: str, columns: list[str], *, where: str | None = None) -> None:
    """Create an index of all rows, or where the database can, of the rows of a condition; it may be there already."""
    # MySQL has no CREATE INDEX IF NOT EXISTS, and no index of some rows only.
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        condition = None if where is None else sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
