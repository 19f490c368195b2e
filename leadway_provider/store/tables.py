"""The state store's tables, as the newest migration leaves them."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store.columns import RunId, UtcDateTime, bitmap, document, exact_text, fingerprint, row_number
from leadway_provider.sync.outcome import Counts

COUNTERS: Final = tuple(field.name for field in fields(Counts) if field.name != "pending")
"""The columns of `leadway_run` that keep a count; pending rows are counted where they are, in the outbox."""

# Ids are never reused: a plan remembers one bit for each row id it saw, and a position must only grow.
TABLE_OPTIONS: Final[dict[str, Any]] = {
    "sqlite_autoincrement": True,
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}

# Claims have no id of their own, which SQLite's AUTOINCREMENT would ask for.
CLAIM_OPTIONS: Final = {name: value for name, value in TABLE_OPTIONS.items() if name != "sqlite_autoincrement"}

metadata = sa.MetaData()


class RunStatus(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"
    DELIVERING = "delivering"
    FINISHED = "finished"
    ABANDONED = "abandoned"
    DRY_RUN = "dry_run"


LEAVING: Final = "leaving"
"""In the outbox, in place of an outcome: a row that left the source, whose contact is still to be treated."""


sync = sa.Table(
    "leadway_sync",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    # The three lengths together are what a MySQL index can hold: 3072 bytes at 4 a character.
    sa.Column("name", exact_text(512), nullable=False),
    sa.Column("host", exact_text(190), nullable=False),
    sa.Column("location_id", exact_text(64), nullable=False),
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Column("lease", sa.String(32)),
    sa.Column("beat", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Column("holder", sa.Text()),
    sa.Column("process", sa.Text()),
    sa.Column("parked_until", UtcDateTime()),
    sa.UniqueConstraint("name", "host", "location_id", name="leadway_sync_identity"),
    **TABLE_OPTIONS,
)

run = sa.Table(
    "leadway_run",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_run_of_sync"), nullable=False),
    sa.Column("task_run", sa.Text(), nullable=False),
    sa.Column("definition", sa.LargeBinary(), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("query", document()),
    sa.Column("columns", document()),
    sa.Column("source", document()),
    sa.Column("versions", document()),
    sa.Column("as_of", UtcDateTime()),
    sa.Column("seen", bitmap()),
    sa.Column("attempts", sa.Integer(), nullable=False, default=0, server_default="0"),
    *(sa.Column(name, sa.BigInteger(), nullable=False, default=0) for name in COUNTERS),
    sa.Column("calls", sa.BigInteger(), nullable=False, default=0),
    sa.Column("seconds", sa.Double(), nullable=False, default=0.0),
    sa.Column("started_at", UtcDateTime(), nullable=False),
    sa.Column("sealed_at", UtcDateTime()),
    sa.Column("finished_at", UtcDateTime()),
    sa.Index("leadway_run_by_sync", "sync_id", "status"),
    **TABLE_OPTIONS,
)

row = sa.Table(
    "leadway_row",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_row_of_sync"), nullable=False),
    sa.Column("source_key", exact_text(255), nullable=False),
    sa.Column("fingerprint", fingerprint()),
    sa.Column("contact_id", exact_text(255)),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("reasons", document()),
    sa.Column("remarks", document()),
    sa.Column("trace_id", sa.Text()),
    sa.Column("made", sa.SmallInteger(), nullable=False, default=0, server_default="0"),
    # What a call that must not be repeated carried, and when it left, until its end is known.
    sa.Column("sent", fingerprint()),
    sa.Column("sent_at", UtcDateTime()),
    sa.Column("run_id", sa.String(32), nullable=False),
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Column("updated_at", UtcDateTime(), nullable=False),
    sa.UniqueConstraint("sync_id", "source_key", name="leadway_row_key"),
    sa.Index("leadway_row_contact", "sync_id", "contact_id"),
    sa.Index("leadway_row_run", "run_id", "outcome"),
    **TABLE_OPTIONS,
)

claim = sa.Table(
    "leadway_claim",
    metadata,
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_claim_of_sync"), nullable=False),
    sa.Column("identity", fingerprint(), nullable=False),
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_claim_of_row"), nullable=False),
    sa.Column("holds", sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint("sync_id", "identity", "row_id", name="leadway_claim_once"),
    sa.Index("leadway_claim_row", "row_id"),
    sa.Index("leadway_claim_waiting", "sync_id", "holds", "identity"),
    **CLAIM_OPTIONS,
)

outbox = sa.Table(
    "leadway_outbox",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("run_id", sa.String(32), sa.ForeignKey("leadway_run.id", name="leadway_outbox_of_run"), nullable=False),
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_outbox_of_row"), nullable=False),
    sa.Column("source_key", exact_text(255), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("fingerprint", fingerprint()),
    sa.Column("contact", document()),
    sa.Column("lanes", document()),
    sa.Column("withheld", sa.SmallInteger(), nullable=False),
    sa.Column("reasons", document()),
    # The row first: the same rule as (run, row), and the index that the foreign key to the row needs on MySQL.
    sa.UniqueConstraint("row_id", "run_id", name="leadway_outbox_once"),
    sa.Index("leadway_outbox_order", "run_id", "id"),
    **TABLE_OPTIONS,
)

token = sa.Table(
    "leadway_token",
    metadata,
    sa.Column("lineage", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("secret", document()),
    sa.Column("lease", sa.String(32)),
    sa.Column("begun_at", UtcDateTime()),
    sa.Column("kept_at", UtcDateTime()),
    **CLAIM_OPTIONS,
)

quota = sa.Table(
    "leadway_quota",
    metadata,
    sa.Column("host", exact_text(190), nullable=False),
    sa.Column("location_id", exact_text(64), nullable=False),
    sa.Column("daily_limit", sa.BigInteger()),
    sa.Column("remaining", sa.BigInteger(), nullable=False),
    sa.Column("returns_at", UtcDateTime()),
    sa.Column("told_at", UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint("host", "location_id", name="leadway_quota_of"),
    **CLAIM_OPTIONS,
)

# The ledger: appended to, and cut off at its old end. It refers to nothing, so that nothing it tells of must be kept.
# There may be 100 million of these rows. Numbers stand first, where PostgreSQL pads them least; an index on the key or
# the contact alone is half as large there as one that also holds the id, and a contact's few rows are quickly sorted.
delivery = sa.Table(
    "leadway_delivery",
    metadata,
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
    sa.Index("leadway_delivery_key", "source_key"),
    sa.Index("leadway_delivery_contact", "contact_id"),
    sa.Index("leadway_delivery_age", "sync_id", "delivered_at"),
    **TABLE_OPTIONS,
)
