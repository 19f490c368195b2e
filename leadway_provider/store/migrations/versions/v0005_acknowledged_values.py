"""What the CRM held in fields that are written unless somebody has edited them, and the count of rows that were edited.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import bitmap

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; some may be there already where MySQL was killed after them."""
    _add("leadway_row", sa.Column("acknowledged_values", bitmap()))
    _add("leadway_outbox", sa.Column("acknowledged_values", bitmap()))
    _add("leadway_run", sa.Column("edited_in_crm", sa.BigInteger(), nullable=False, server_default="0"))


def _add(table: str, column: sa.Column[Any]) -> None:
    if column.name not in {each["name"] for each in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
