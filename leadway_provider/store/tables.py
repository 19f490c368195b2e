"""The state store's tables, as they are after the newest migration."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.columns import (
    KEYED_OPTIONS,
    TABLE_OPTIONS,
    WITHOUT_ID_OPTIONS,
    Instant,
    Outcome,
    RunId,
    UtcDateTime,
    bitmap,
    document,
    exact_text,
    fingerprint,
    identity_hash,
    index_where,
    row_number,
)
from leadway_provider.store.ledger_tables import before, delivery, forgotten, metadata
from leadway_provider.sync.outcome import COUNTED, RowState

__all__ = ["before", "delivery", "forgotten", "metadata"]

COUNTERS: Final = tuple(name for name in COUNTED if name != RowState.PENDING)
"""The columns of `leadway_run` that keep a count; pending rows are counted where they are, in the outbox."""


class RunStatus(StrEnum):
    """What a run is doing, or how it ended."""

    PLANNING = "planning"
    SEALING = "sealing"
    DELIVERING = "delivering"
    FINISHED = "finished"
    ABANDONED = "abandoned"
    DRY_RUN = "dry_run"


UNFINISHED: Final = (RunStatus.PLANNING, RunStatus.SEALING, RunStatus.DELIVERING, RunStatus.DRY_RUN)
"""The statuses of a run that another run of its sync abandons when it begins."""

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
    sa.Column("heartbeats", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Column("holder", sa.Text()),
    sa.Column("process", sa.Text()),
    sa.Column("held_until", UtcDateTime()),
    sa.Column("watermark_at", UtcDateTime()),
    # When a person asked for a full resync, until a plan that sends every row is sealed.
    sa.Column("resync_asked_at", UtcDateTime()),
    sa.UniqueConstraint("name", "host", "location_id", name="leadway_sync_identity"),
    **TABLE_OPTIONS,
)

run = sa.Table(
    "leadway_run",
    metadata,
    sa.Column("id", RunId(), primary_key=True, autoincrement=False),
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_run_of_sync"), nullable=False),
    sa.Column("task_run", sa.Text(), nullable=False),
    sa.Column("digest", sa.LargeBinary(), nullable=False),
    sa.Column("origin", sa.Text(), nullable=False),
    sa.Column("retry_refused", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    *(sa.Column(name, document()) for name in ("query", "columns", "source", "versions")),
    sa.Column("as_of", UtcDateTime()),
    sa.Column("seen", bitmap()),
    sa.Column("is_whole", sa.SmallInteger(), nullable=False, default=1, server_default="1"),
    # 1 for a run that was asked for certain keys only: rows that it did not read stay as earlier runs left them.
    sa.Column("only_keys", sa.SmallInteger(), nullable=False, default=0, server_default="0"),
    sa.Column("watermark_at", UtcDateTime()),
    # The sync's `resync_asked_at` that the plan follows.
    sa.Column("resync_asked_at", UtcDateTime()),
    sa.Column("attempts", sa.Integer(), nullable=False, default=0, server_default="0"),
    # How many parts the outbox was split into, for several workers.
    sa.Column("parts", sa.Integer()),
    *(sa.Column(name, sa.BigInteger(), nullable=False, default=0) for name in COUNTERS),
    # What a comparison with the account found beside the counts.
    sa.Column("comparison", document()),
    sa.Column("calls", sa.BigInteger(), nullable=False, default=0),
    sa.Column("seconds", sa.Double(), nullable=False, default=0.0),
    sa.Column("started_at", UtcDateTime(), nullable=False),
    sa.Column("sealed_at", UtcDateTime()),
    sa.Column("finished_at", UtcDateTime()),
    sa.Index("leadway_run_by_sync", "sync_id", "status"),
    sa.Index("leadway_run_by_start", "sync_id", "started_at", "id"),
    **WITHOUT_ID_OPTIONS,
)

row = sa.Table(
    "leadway_row",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_row_of_sync"), nullable=False),
    sa.Column("source_key", exact_text(255), nullable=False),
    sa.Column("fingerprint", fingerprint()),
    sa.Column("contact_id", exact_text(255)),
    sa.Column("outcome", Outcome(), nullable=False),
    sa.Column("reasons", document()),
    sa.Column("remarks", document()),
    sa.Column("created_by_sync", sa.SmallInteger(), nullable=False, default=0, server_default="0"),
    # What a call without an answer may have sent, and when: until it is known what became of it, for a call that must
    # not be repeated, and otherwise until the row is accepted.
    sa.Column("sent_fingerprint", fingerprint()),
    sa.Column("sent_at", UtcDateTime()),
    # The hashes of the e-mail and phone that the CRM has on the contact, as last acknowledged, in no order.
    sa.Column("in_crm", identity_hash()),
    sa.Column("also_in_crm", identity_hash()),
    # Another row on the same contact, which was there before.
    sa.Column("collides_with", row_number()),
    # What the CRM held in fields that are written unless somebody has edited them, as last acknowledged: hashes only.
    sa.Column("acknowledged_values", bitmap()),
    # The run since which the row is rejected in every run that decides on it; null where it is not rejected.
    sa.Column("rejected_since", RunId()),
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("updated_at", Instant(), nullable=False),
    sa.UniqueConstraint("sync_id", "source_key", name="leadway_row_key"),
    index_where("leadway_row_contact", "sync_id", "contact_id", where="contact_id IS NOT NULL"),
    # The sync last, so that MariaDB does not take one of these to find all rows of a sync.
    index_where("leadway_row_in_crm", "in_crm", "sync_id", where="in_crm IS NOT NULL"),
    index_where("leadway_row_also_in_crm", "also_in_crm", "sync_id", where="also_in_crm IS NOT NULL"),
    index_where("leadway_row_collision", "collides_with", "sync_id", where="collides_with IS NOT NULL"),
    sa.Index("leadway_row_run", "run_id", "outcome", "id"),
    sa.Index("leadway_row_outcome", "sync_id", "outcome", "id"),
    **TABLE_OPTIONS,
)

# The codes of a row's reasons and remarks, once each. Sync, run and outcome are those of the row, so that rows are
# counted and found by code along one index, whatever else a sync has.
reason = sa.Table(
    "leadway_reason",
    metadata,
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_reason_of_row"), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("sync_id", row_number(), nullable=False),
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("outcome", Outcome(), nullable=False),
    sa.PrimaryKeyConstraint("row_id", "code", name="leadway_reason_once"),
    sa.Index("leadway_reason_by_sync", "sync_id", "outcome", "code", "row_id"),
    sa.Index("leadway_reason_by_run", "run_id", "outcome", "code", "row_id"),
    **KEYED_OPTIONS,
)

claim = sa.Table(
    "leadway_claim",
    metadata,
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_claim_of_sync"), nullable=False),
    sa.Column("identity", identity_hash(), nullable=False),
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_claim_of_row"), nullable=False),
    sa.Column("kind", sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint("sync_id", "identity", "row_id", name="leadway_claim_once"),
    sa.Index("leadway_claim_row", "row_id"),
    index_where("leadway_claim_waiting", "sync_id", "kind", "identity", "row_id", where="kind = 0"),
    **KEYED_OPTIONS,
)

# What a plan changes of the claims, until it is sealed.
staged_claim = sa.Table(
    "leadway_staged_claim",
    metadata,
    sa.Column("run_id", RunId(), sa.ForeignKey("leadway_run.id", name="leadway_staged_of_run"), nullable=False),
    sa.Column("identity", identity_hash(), nullable=False),
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_staged_of_row"), nullable=False),
    sa.Column("kind", sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint("run_id", "identity", "row_id", name="leadway_staged_once"),
    sa.Index("leadway_staged_row", "row_id"),
    index_where("leadway_staged_waiting", "run_id", "kind", "identity", "row_id", where="kind = 0"),
    **KEYED_OPTIONS,
)

FORMER: Final = "former"
"""The outcome, in the outbox only, of what an earlier run may have sent without an answer and no run sends any more.

It is kept while its row lives on no known contact, so that the contact it may have created is found.
"""

outbox = sa.Table(
    "leadway_outbox",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("run_id", RunId(), sa.ForeignKey("leadway_run.id", name="leadway_outbox_of_run"), nullable=False),
    sa.Column("row_id", row_number(), sa.ForeignKey("leadway_row.id", name="leadway_outbox_of_row"), nullable=False),
    sa.Column("source_key", exact_text(255), nullable=False),
    sa.Column("outcome", Outcome(), nullable=False),
    sa.Column("fingerprint", fingerprint()),
    *(sa.Column(name, document()) for name in ("contact", "lanes", "claimed")),
    sa.Column("refusals", sa.Integer(), nullable=False, default=0, server_default="0"),
    sa.Column("carried", sa.SmallInteger(), nullable=False, default=0, server_default="0"),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("withheld", sa.SmallInteger(), nullable=False),
    sa.Column("reasons", document()),
    # The part that the row was moved to; null where its position says the part, or where the outbox is not split.
    sa.Column("part", sa.Integer()),
    # The hashes of the e-mail and phone that the account was found to have on the row's contact, from the seal on.
    sa.Column("in_crm", document()),
    # The same as of the row, for one that is found to be unchanged.
    sa.Column("acknowledged_values", bitmap()),
    # The row first: the same rule as (run, row), and the index that the foreign key to the row needs on MySQL.
    sa.UniqueConstraint("row_id", "run_id", name="leadway_outbox_once"),
    sa.Index("leadway_outbox_order", "run_id", "outcome", "id"),
    index_where("leadway_outbox_part", "run_id", "part", "id", where="part IS NOT NULL"),
    **TABLE_OPTIONS,
)

worker = sa.Table(
    "leadway_worker",
    metadata,
    sa.Column("run_id", RunId(), primary_key=True, autoincrement=False),
    sa.Column("token", sa.String(32), primary_key=True),
    sa.Column("heartbeats", sa.BigInteger(), nullable=False),
    *(sa.Column(name, sa.Text(), nullable=False) for name in ("holder", "process")),
    **WITHOUT_ID_OPTIONS,
)

part = sa.Table(
    "leadway_part",
    metadata,
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("first_position", row_number(), nullable=False),
    sa.Column("last_position", row_number(), nullable=False),
    sa.Column("is_complete", sa.SmallInteger(), nullable=False, server_default="0"),
    sa.Column("worker", sa.String(32)),
    sa.PrimaryKeyConstraint("run_id", "number", name="leadway_part_once"),
    **WITHOUT_ID_OPTIONS,
)

# The account's contacts as one run has read them, until its plan has ended: hashes only.
snapshot = sa.Table(
    "leadway_snapshot",
    metadata,
    sa.Column("run_id", RunId(), sa.ForeignKey("leadway_run.id", name="leadway_snapshot_of_run"), nullable=False),
    sa.Column("contact_id", exact_text(255), nullable=False),
    sa.Column("email", identity_hash()),
    sa.Column("phone", identity_hash()),
    # 8 bytes for each mapped field, and for each tag.
    sa.Column("fields", bitmap(), nullable=False),
    sa.Column("tags", bitmap(), nullable=False),
    sa.Column("matched_by", row_number()),
    sa.PrimaryKeyConstraint("run_id", "contact_id", name="leadway_snapshot_once"),
    index_where("leadway_snapshot_email", "email", "run_id", where="email IS NOT NULL"),
    index_where("leadway_snapshot_phone", "phone", "run_id", where="phone IS NOT NULL"),
    **KEYED_OPTIONS,
)

token = sa.Table(
    "leadway_token",
    metadata,
    sa.Column("family", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("secret", document()),
    sa.Column("lease", sa.String(32)),
    sa.Column("begun_at", UtcDateTime()),
    sa.Column("kept_at", UtcDateTime()),
    **WITHOUT_ID_OPTIONS,
)

quota = sa.Table(
    "leadway_quota",
    metadata,
    sa.Column("host", exact_text(190), nullable=False),
    sa.Column("location_id", exact_text(64), nullable=False),
    sa.Column("daily_limit", sa.BigInteger()),
    sa.Column("remaining", sa.BigInteger(), nullable=False),
    sa.Column("returns_at", UtcDateTime()),
    sa.Column("answered_at", UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint("host", "location_id", name="leadway_quota_of"),
    **WITHOUT_ID_OPTIONS,
)

# The conditions of alerts that are met: somebody was told, and is told again when they recover.
alert = sa.Table(
    "leadway_alert",
    metadata,
    sa.Column("sync_id", row_number(), sa.ForeignKey("leadway_sync.id", name="leadway_alert_of_sync"), nullable=False),
    sa.Column("notifier", exact_text(64), nullable=False),
    sa.Column("condition", exact_text(190), nullable=False),
    sa.Column("met_at", UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint("sync_id", "notifier", "condition", name="leadway_alert_once"),
    **WITHOUT_ID_OPTIONS,
)

# What runs used of the API, in samples that are further apart the longer an attempt goes on: some hundreds for a day.
usage = sa.Table(
    "leadway_usage",
    metadata,
    sa.Column("id", row_number(), primary_key=True),
    sa.Column("sync_id", row_number(), nullable=False),
    sa.Column("run_id", RunId(), nullable=False),
    sa.Column("measured_at", UtcDateTime(), nullable=False),
    # Since the run's sample before this one.
    sa.Column("seconds", sa.Double(), nullable=False),
    sa.Column("calls", sa.BigInteger(), nullable=False),
    sa.Column("acknowledged", sa.BigInteger(), nullable=False),
    # What was left of the account's daily quota then.
    sa.Column("quota_left", sa.BigInteger()),
    sa.Index("leadway_usage_of_run", "run_id", "measured_at"),
    sa.Index("leadway_usage_of_sync", "sync_id", "measured_at"),
    **TABLE_OPTIONS,
)

# The leases of a quota, as one document: there are as many as tasks that use the account at the same time.
quota_lease = sa.Table(
    "leadway_quota_lease",
    metadata,
    sa.Column("host", exact_text(190), nullable=False),
    sa.Column("location_id", exact_text(64), nullable=False),
    sa.Column("app", exact_text(64), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("leases", document(), nullable=False),
    sa.PrimaryKeyConstraint("host", "location_id", "app", name="leadway_quota_lease_of"),
    **WITHOUT_ID_OPTIONS,
)
