"""Leases, quotas, rows that leave, and the ledger.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import RunId, UtcDateTime, bitmap, document, exact_text, row_number

revision = "0002"
down_revision = "0001"

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    # MySQL commits after each statement: a migration that was killed half-way finds its first ones done.
    "if_not_exists": True,
}


def upgrade() -> None:
    """Add what leases, quotas, removal and the ledger need; every step may have been done before."""
    _add(
        "leadway_sync",
        sa.Column("lease", sa.String(32)),
        sa.Column("beat", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("holder", sa.Text()),
        sa.Column("process", sa.Text()),
        sa.Column("parked_until", UtcDateTime()),
    )
    _add(
        "leadway_run",
        sa.Column("as_of", UtcDateTime()),
        sa.Column("seen", bitmap()),
        sa.Column("source", document()),
        sa.Column("versions", document()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("removed", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("unremoved", sa.BigInteger(), nullable=False, server_default="0"),
    )
    _add("leadway_row", sa.Column("made", sa.SmallInteger(), nullable=False, server_default="0"))
    _add("leadway_outbox", sa.Column("sent_at", UtcDateTime()))
    _create_quota()
    _create_delivery()
    # What the sync is known to have made before this was kept; a contact of unknown origin is never deleted.
    row = sa.table("leadway_row", sa.column("made"), sa.column("outcome", sa.String))
    op.execute(sa.update(row).where(row.c.outcome == "created").values(made=1))


def _create_quota() -> None:
    op.create_table(
        "leadway_quota",
        sa.Column("host", exact_text(190), nullable=False),
        sa.Column("location_id", exact_text(64), nullable=False),
        sa.Column("daily_limit", sa.BigInteger()),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("returns_at", UtcDateTime()),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", "location_id", name="leadway_quota_of"),
        **OPTIONS,
    )


def _create_delivery() -> None:
    op.create_table(
        "leadway_delivery",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("source_key", exact_text(255), nullable=False),
        sa.Column("contact_id", exact_text(255)),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("fields", sa.Text()),
        sa.Column("not_kept", document()),
        sa.Column("reasons", document()),
        sa.Column("trace_id", sa.Text()),
        sqlite_autoincrement=True,
        **OPTIONS,
    )
    _create_index("leadway_delivery_key", "leadway_delivery", ["source_key"])
    _create_index("leadway_delivery_contact", "leadway_delivery", ["contact_id"])
    _create_index("leadway_delivery_age", "leadway_delivery", ["sync_id", "delivered_at"])


def _add(table: str, *columns: sa.Column[Any]) -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in there:
            op.add_column(table, column)


def _create_index(name: str, table: str, columns: list[str]) -> None:
    # MySQL has no CREATE INDEX IF NOT EXISTS.
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)
