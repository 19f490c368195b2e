"""The count of skipped rows.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; it may be there already where MySQL was killed after it."""
    if "skipped" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("leadway_run")}:
        op.add_column("leadway_run", sa.Column("skipped", sa.BigInteger(), nullable=False, server_default="0"))
