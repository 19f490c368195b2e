"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import UtcDateTime, document, exact_text, fingerprint, row_number

revision = "0001"
down_revision = None

OPTIONS: dict[str, Any] = {
    "sqlite_autoincrement": True,
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    # MySQL commits after each table: a migration that was killed half-way finds its first tables made.
    "if_not_exists": True,
}


def upgrade() -> None:
    """Create the tables of syncs, runs, rows, claims, the outbox and tokens."""
    _create_sync()
    _create_run()
    _create_row()
    _create_claim()
    _create_outbox()
    _create_token()


def _create_sync() -> None:
    op.create_table(
        "leadway_sync",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("name", exact_text(512), nullable=False),
        sa.Column("host", exact_text(190), nullable=False),
        sa.Column("location_id", exact_text(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("name", "host", "location_id", name="leadway_sync_identity"),
        **OPTIONS,
    )


def _create_run() -> None:
    counters = (
        *("read", "unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown"),
        *("withheld", "not_kept", "collisions", "calls"),
    )
    op.create_table(
        "leadway_run",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("task_run", sa.Text(), nullable=False),
        sa.Column("definition", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("query", document()),
        sa.Column("columns", document()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counters),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("sealed_at", UtcDateTime()),
        sa.Column("finished_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_run_of_sync"),
        **OPTIONS,
    )
    _create_index("leadway_run_by_sync", "leadway_run", ["sync_id", "status"])


def _create_row() -> None:
    op.create_table(
        "leadway_row",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("source_key", exact_text(255), nullable=False),
        sa.Column("fingerprint", fingerprint()),
        sa.Column("contact_id", exact_text(255)),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reasons", document()),
        sa.Column("remarks", document()),
        sa.Column("trace_id", sa.Text()),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("sync_id", "source_key", name="leadway_row_key"),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_row_of_sync"),
        **OPTIONS,
    )
    _create_index("leadway_row_contact", "leadway_row", ["sync_id", "contact_id"])
    _create_index("leadway_row_run", "leadway_row", ["run_id", "outcome"])


def _create_claim() -> None:
    op.create_table(
        "leadway_claim",
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("identity", fingerprint(), nullable=False),
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("holds", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sync_id", "identity", "row_id", name="leadway_claim_once"),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_claim_of_sync"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_claim_of_row"),
        **{name: value for name, value in OPTIONS.items() if name != "sqlite_autoincrement"},
    )
    _create_index("leadway_claim_row", "leadway_claim", ["row_id"])
    _create_index("leadway_claim_waiting", "leadway_claim", ["sync_id", "holds", "identity"])


def _create_outbox() -> None:
    op.create_table(
        "leadway_outbox",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("source_key", exact_text(255), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("fingerprint", fingerprint()),
        sa.Column("contact", document()),
        sa.Column("lanes", document()),
        sa.Column("withheld", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", document()),
        sa.UniqueConstraint("row_id", "run_id", name="leadway_outbox_once"),
        sa.ForeignKeyConstraint(["run_id"], ["leadway_run.id"], name="leadway_outbox_of_run"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_outbox_of_row"),
        **OPTIONS,
    )
    _create_index("leadway_outbox_order", "leadway_outbox", ["run_id", "id"])


def _create_token() -> None:
    op.create_table(
        "leadway_token",
        sa.Column("lineage", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", document()),
        sa.Column("lease", sa.String(32)),
        sa.Column("begun_at", UtcDateTime()),
        sa.Column("kept_at", UtcDateTime()),
        **{name: value for name, value in OPTIONS.items() if name != "sqlite_autoincrement"},
    )


def _create_index(name: str, table: str, columns: list[str]) -> None:
    # MySQL has no CREATE INDEX IF NOT EXISTS.
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)
