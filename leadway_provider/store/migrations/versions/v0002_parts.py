"""The parts of an outbox, and the workers that deliver them.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import RunId, row_number
from leadway_provider.store.migrations.versions.v0001_first_tables import WITHOUT_ID

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create two tables, and a column of two others; each step may have been done before."""
    op.create_table(
        "leadway_worker",
        sa.Column("run_id", RunId(), primary_key=True, autoincrement=False),
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("heartbeats", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        **WITHOUT_ID,
    )
    op.create_table(
        "leadway_part",
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_position", row_number(), nullable=False),
        sa.Column("last_position", row_number(), nullable=False),
        sa.Column("is_complete", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("worker", sa.String(32)),
        sa.PrimaryKeyConstraint("run_id", "number", name="leadway_part_once"),
        **WITHOUT_ID,
    )
    _add_column("leadway_run", sa.Column("parts", sa.Integer()))
    _add_column("leadway_outbox", sa.Column("part", sa.Integer()))
    if "leadway_outbox_part" not in {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("leadway_outbox")}:
        condition = sa.text("part IS NOT NULL")
        op.create_index(
            "leadway_outbox_part",
            "leadway_outbox",
            ["run_id", "part", "id"],
            sqlite_where=condition,
            postgresql_where=condition,
        )


def _add_column(table: str, column: sa.Column[int]) -> None:
    # MySQL commits after each step, and has no ADD COLUMN IF NOT EXISTS.
    if column.name not in {each["name"] for each in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
