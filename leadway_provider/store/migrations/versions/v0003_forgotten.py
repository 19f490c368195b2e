"""The record of persons that were forgotten.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import UtcDateTime, identity_hash, row_number
from leadway_provider.store.migrations.operations import OPTIONS

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    counts = ("rows", "claims", "waiting", "deliveries", "contacts_deleted")
    op.create_table(
        "leadway_forgotten",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("key_hash", identity_hash()),
        sa.Column("forgotten_at", UtcDateTime(), nullable=False),
        sa.Column("remembered_at", UtcDateTime()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.UniqueConstraint("sync_id", "key_hash", name="leadway_forgotten_once"),
        **OPTIONS,
    )
