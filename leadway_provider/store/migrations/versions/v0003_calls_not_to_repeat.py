"""A call that must not be repeated is kept on its row, where the next run finds it too.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import UtcDateTime, fingerprint, row_number

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Move what the outbox kept of such calls; on MySQL every step may have been done before."""
    there = _columns("leadway_row")
    for column in (sa.Column("sent", fingerprint()), sa.Column("sent_at", UtcDateTime())):
        if column.name not in there:
            op.add_column("leadway_row", column)
    if "sent_at" in _columns("leadway_outbox"):
        _move()
        op.drop_column("leadway_outbox", "sent_at")


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _move() -> None:
    outbox = sa.table(
        "leadway_outbox",
        sa.column("row_id", row_number()),
        sa.column("fingerprint", fingerprint()),
        sa.column("sent_at", UtcDateTime()),
    )
    row = sa.table(
        "leadway_row",
        sa.column("id", row_number()),
        sa.column("sent", fingerprint()),
        sa.column("sent_at", UtcDateTime()),
    )
    for row_id, sent, sent_at in op.get_bind().execute(sa.select(outbox).where(outbox.c.sent_at.is_not(None))).all():
        op.execute(sa.update(row).where(row.c.id == row_id).values(sent=sent, sent_at=sent_at))
