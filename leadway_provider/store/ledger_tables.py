"""The tables whose entries outlive runs: the ledger, what contacts were before, and that persons were forgotten."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from leadway_provider.store.columns import (
    KEYED_OPTIONS,
    TABLE_OPTIONS,
    Instant,
    Outcome,
    RunId,
    TraceId,
    UtcDateTime,
    document,
    exact_text,
    identity_hash,
    row_number,
)

FORGOTTEN_COUNTS: Final = ("rows", "claims", "waiting", "deliveries", "contacts_deleted")
"""The columns of `leadway_forgotten` that count what was deleted."""

metadata = sa.MetaData()

# The ledger: entries are appended, and old ones deleted. It has no foreign keys, so that runs and rows can be deleted.
# There may be 100 million of these rows. Numbers come first, where PostgreSQL pads them least; an index on the key or
# the contact alone is half as large there as one that also has the id, and a contact's few rows are quickly sorted.
delivery = sa.Table(
    "leadway_delivery",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("sync_id", row_number(), nullable=False),
    sa.Column("delivered_at", Instant(), nullable=False),
    sa.Column("attempt", sa.SmallInteger(), nullable=False),
    sa.Column("status", sa.SmallInteger()),
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("source_key", exact_text(255), nullable=False),
    sa.Column("contact_id", exact_text(255)),
    sa.Column("outcome", Outcome(), nullable=False),
    sa.Column("fields", sa.Text()),
    *(sa.Column(name, document()) for name in ("not_kept", "reasons")),
    sa.Column("trace_id", TraceId()),
    sa.Index("leadway_delivery_key", "source_key"),
    sa.Index("leadway_delivery_contact", "contact_id"),
    sa.Index("leadway_delivery_age", "sync_id", "delivered_at"),
    **TABLE_OPTIONS,
)

# What contacts were before a run wrote them, encrypted; deleted when the ledger's entries of that time are.
before = sa.Table(
    "leadway_before",
    metadata,
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("contact_id", exact_text(255), nullable=False),
    sa.Column("sync_id", row_number(), nullable=False),
    sa.Column("kept_at", Instant(), nullable=False),
    sa.Column("secret", document(), nullable=False),
    sa.PrimaryKeyConstraint("run_id", "contact_id", name="leadway_before_once"),
    sa.Index("leadway_before_age", "sync_id", "kept_at"),
    **KEYED_OPTIONS,
)

# That persons were forgotten: of a source key its hash only, so that the sync leaves it alone; null once the key may be
# sent again, or where a contact was on no key.
forgotten = sa.Table(
    "leadway_forgotten",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("sync_id", row_number(), nullable=False),
    sa.Column("key_hash", identity_hash()),
    sa.Column("forgotten_at", UtcDateTime(), nullable=False),
    sa.Column("remembered_at", UtcDateTime()),
    *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FORGOTTEN_COUNTS),
    sa.UniqueConstraint("sync_id", "key_hash", name="leadway_forgotten_once"),
    **TABLE_OPTIONS,
)
