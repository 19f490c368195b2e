"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadway_provider.store.columns import (
    Instant,
    Outcome,
    RunId,
    TraceId,
    UtcDateTime,
    bitmap,
    document,
    exact_text,
    fingerprint,
    identity_hash,
    row_number,
)
from leadway_provider.store.migrations.operations import KEYED, OPTIONS, WITHOUT_ID, create_index

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables; each step may have been done before."""
    _create_sync()
    _create_run()
    _create_row()
    _create_reason()
    _create_claim()
    _create_staged_claim()
    _create_outbox()
    _create_workers()
    _create_snapshot()
    _create_token()
    _create_quota()
    _create_alert()
    _create_usage()
    _create_quota_lease()
    _create_delivery()


def _create_sync() -> None:
    op.create_table(
        "leadway_sync",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("name", exact_text(512), nullable=False),
        sa.Column("host", exact_text(190), nullable=False),
        sa.Column("location_id", exact_text(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("heartbeats", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("holder", sa.Text()),
        sa.Column("process", sa.Text()),
        sa.Column("held_until", UtcDateTime()),
        sa.Column("watermark_at", UtcDateTime()),
        sa.Column("resync_asked_at", UtcDateTime()),
        sa.UniqueConstraint("name", "host", "location_id", name="leadway_sync_identity"),
        **OPTIONS,
    )


def _create_run() -> None:
    counters = (
        *("read", "carried", "unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown"),
        *("withheld", "not_kept", "collisions", "identity_taken", "adopted", "drifted", "missing"),
        *("removed", "unremoved", "calls"),
    )
    op.create_table(
        "leadway_run",
        sa.Column("id", RunId(), primary_key=True, autoincrement=False),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("task_run", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("retry_refused", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        *(sa.Column(name, document()) for name in ("query", "columns", "source", "versions")),
        sa.Column("as_of", UtcDateTime()),
        sa.Column("seen", bitmap()),
        sa.Column("is_whole", sa.SmallInteger(), nullable=False, server_default="1"),
        sa.Column("only_keys", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("watermark_at", UtcDateTime()),
        sa.Column("resync_asked_at", UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("parts", sa.Integer()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counters),
        sa.Column("comparison", document()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("sealed_at", UtcDateTime()),
        sa.Column("finished_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_run_of_sync"),
        **WITHOUT_ID,
    )
    create_index("leadway_run_by_sync", "leadway_run", ["sync_id", "status"])
    create_index("leadway_run_by_start", "leadway_run", ["sync_id", "started_at", "id"])


def _create_row() -> None:
    op.create_table(
        "leadway_row",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("source_key", exact_text(255), nullable=False),
        sa.Column("fingerprint", fingerprint()),
        sa.Column("contact_id", exact_text(255)),
        sa.Column("outcome", Outcome(), nullable=False),
        sa.Column("reasons", document()),
        sa.Column("remarks", document()),
        sa.Column("created_by_sync", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("sent_fingerprint", fingerprint()),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("in_crm", identity_hash()),
        sa.Column("also_in_crm", identity_hash()),
        sa.Column("collides_with", row_number()),
        sa.Column("rejected_since", RunId()),
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.UniqueConstraint("sync_id", "source_key", name="leadway_row_key"),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_row_of_sync"),
        **OPTIONS,
    )
    create_index("leadway_row_contact", "leadway_row", ["sync_id", "contact_id"], where="contact_id IS NOT NULL")
    create_index("leadway_row_in_crm", "leadway_row", ["in_crm", "sync_id"], where="in_crm IS NOT NULL")
    create_index("leadway_row_also_in_crm", "leadway_row", ["also_in_crm", "sync_id"], where="also_in_crm IS NOT NULL")
    create_index(
        "leadway_row_collision", "leadway_row", ["collides_with", "sync_id"], where="collides_with IS NOT NULL"
    )
    create_index("leadway_row_run", "leadway_row", ["run_id", "outcome", "id"])
    create_index("leadway_row_outcome", "leadway_row", ["sync_id", "outcome", "id"])


def _create_reason() -> None:
    op.create_table(
        "leadway_reason",
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("outcome", Outcome(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "code", name="leadway_reason_once"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_reason_of_row"),
        **KEYED,
    )
    create_index("leadway_reason_by_sync", "leadway_reason", ["sync_id", "outcome", "code", "row_id"])
    create_index("leadway_reason_by_run", "leadway_reason", ["run_id", "outcome", "code", "row_id"])


def _create_claim() -> None:
    op.create_table(
        "leadway_claim",
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("identity", identity_hash(), nullable=False),
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sync_id", "identity", "row_id", name="leadway_claim_once"),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_claim_of_sync"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_claim_of_row"),
        **KEYED,
    )
    create_index("leadway_claim_row", "leadway_claim", ["row_id"])
    create_index("leadway_claim_waiting", "leadway_claim", ["sync_id", "kind", "identity", "row_id"], where="kind = 0")


def _create_staged_claim() -> None:
    op.create_table(
        "leadway_staged_claim",
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("identity", identity_hash(), nullable=False),
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "identity", "row_id", name="leadway_staged_once"),
        sa.ForeignKeyConstraint(["run_id"], ["leadway_run.id"], name="leadway_staged_of_run"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_staged_of_row"),
        **KEYED,
    )
    create_index("leadway_staged_row", "leadway_staged_claim", ["row_id"])
    create_index(
        "leadway_staged_waiting", "leadway_staged_claim", ["run_id", "kind", "identity", "row_id"], where="kind = 0"
    )


def _create_outbox() -> None:
    op.create_table(
        "leadway_outbox",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("row_id", row_number(), nullable=False),
        sa.Column("source_key", exact_text(255), nullable=False),
        sa.Column("outcome", Outcome(), nullable=False),
        sa.Column("fingerprint", fingerprint()),
        sa.Column("contact", document()),
        sa.Column("lanes", document()),
        sa.Column("claimed", document()),
        sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("carried", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("withheld", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", document()),
        sa.Column("in_crm", document()),
        sa.Column("part", sa.Integer()),
        sa.UniqueConstraint("row_id", "run_id", name="leadway_outbox_once"),
        sa.ForeignKeyConstraint(["run_id"], ["leadway_run.id"], name="leadway_outbox_of_run"),
        sa.ForeignKeyConstraint(["row_id"], ["leadway_row.id"], name="leadway_outbox_of_row"),
        **OPTIONS,
    )
    create_index("leadway_outbox_order", "leadway_outbox", ["run_id", "outcome", "id"])
    create_index("leadway_outbox_part", "leadway_outbox", ["run_id", "part", "id"], where="part IS NOT NULL")


def _create_workers() -> None:
    op.create_table(
        "leadway_worker",
        sa.Column("run_id", RunId(), primary_key=True, autoincrement=False),
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("heartbeats", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("holder", "process")),
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


def _create_snapshot() -> None:
    op.create_table(
        "leadway_snapshot",
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("contact_id", exact_text(255), nullable=False),
        sa.Column("email", identity_hash()),
        sa.Column("phone", identity_hash()),
        sa.Column("fields", bitmap(), nullable=False),
        sa.Column("tags", bitmap(), nullable=False),
        sa.Column("matched_by", row_number()),
        sa.PrimaryKeyConstraint("run_id", "contact_id", name="leadway_snapshot_once"),
        sa.ForeignKeyConstraint(["run_id"], ["leadway_run.id"], name="leadway_snapshot_of_run"),
        **KEYED,
    )
    create_index("leadway_snapshot_email", "leadway_snapshot", ["email", "run_id"], where="email IS NOT NULL")
    create_index("leadway_snapshot_phone", "leadway_snapshot", ["phone", "run_id"], where="phone IS NOT NULL")


def _create_token() -> None:
    op.create_table(
        "leadway_token",
        sa.Column("family", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", document()),
        sa.Column("lease", sa.String(32)),
        sa.Column("begun_at", UtcDateTime()),
        sa.Column("kept_at", UtcDateTime()),
        **WITHOUT_ID,
    )


def _create_quota() -> None:
    op.create_table(
        "leadway_quota",
        sa.Column("host", exact_text(190), nullable=False),
        sa.Column("location_id", exact_text(64), nullable=False),
        sa.Column("daily_limit", sa.BigInteger()),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("returns_at", UtcDateTime()),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", "location_id", name="leadway_quota_of"),
        **WITHOUT_ID,
    )


def _create_alert() -> None:
    op.create_table(
        "leadway_alert",
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("notifier", exact_text(64), nullable=False),
        sa.Column("condition", exact_text(190), nullable=False),
        sa.Column("met_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sync_id", "notifier", "condition", name="leadway_alert_once"),
        sa.ForeignKeyConstraint(["sync_id"], ["leadway_sync.id"], name="leadway_alert_of_sync"),
        **WITHOUT_ID,
    )


def _create_quota_lease() -> None:
    op.create_table(
        "leadway_quota_lease",
        sa.Column("host", exact_text(190), nullable=False),
        sa.Column("location_id", exact_text(64), nullable=False),
        sa.Column("app", exact_text(64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("leases", document(), nullable=False),
        sa.PrimaryKeyConstraint("host", "location_id", "app", name="leadway_quota_lease_of"),
        **WITHOUT_ID,
    )


def _create_usage() -> None:
    op.create_table(
        "leadway_usage",
        sa.Column("id", row_number(), primary_key=True),
        sa.Column("sync_id", row_number(), nullable=False),
        sa.Column("run_id", RunId(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("quota_left", sa.BigInteger()),
        **OPTIONS,
    )
    create_index("leadway_usage_of_run", "leadway_usage", ["run_id", "measured_at"])
    create_index("leadway_usage_of_sync", "leadway_usage", ["sync_id", "measured_at"])


def _create_delivery() -> None:
    op.create_table(
        "leadway_delivery",
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
        sa.Column("not_kept", document()),
        sa.Column("reasons", document()),
        sa.Column("trace_id", TraceId()),
        **OPTIONS,
    )
    create_index("leadway_delivery_key", "leadway_delivery", ["source_key"])
    create_index("leadway_delivery_contact", "leadway_delivery", ["contact_id"])
    create_index("leadway_delivery_age", "leadway_delivery", ["sync_id", "delivered_at"])
