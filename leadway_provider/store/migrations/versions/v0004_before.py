"""What contacts were before a run wrote them.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import Instant, RunId, document, exact_text, row_number
from leadway_provider.store.migrations.operations import KEYED, create_index

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "leadway_before",
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("contact_id", exact_text(255), nullable=False),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("kept_at", Instant(), nullable=False),
        sa.Column("secret", document(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "contact_id", name="leadway_before_once"),
        **KEYED,
    )
    create_index("leadway_before_age", "leadway_before", ["sync_id", "kept_at"])
