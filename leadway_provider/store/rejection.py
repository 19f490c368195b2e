"""Rejected rows: since which run they are, and those of one run, the newly rejected ones first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.encoding import decode_reasons
from leadway_provider.sync.outcome import REJECTED, RowState


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a run that our validation (invalid) or the CRM (refused, unremoved) rejected."""

    source_key: str
    outcome: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The rejected rows of a run.

    Attributes:
        rows: how many; rows without a key are not among them.
        new: how many of them were not rejected when an earlier run decided on them last.
        first: the first of them, new ones before others.
    """

    rows: int
    new: int
    first: tuple[RejectedRow, ...]


def rejected_since(outcome: RowState, run_id: str) -> sa.ColumnElement[Any]:
    """Return the SQL value of a row's column `rejected_since`, where the row gets this outcome in a run."""
    since = tables.row.c.rejected_since
    return sa.func.coalesce(since, sa.literal(run_id, since.type)) if outcome in REJECTED else sa.null()


def rejected_rows(connection: sa.Connection, run_id: str, limit: int, *, sealed: bool) -> RejectedRows:
    """Return the rejected rows of a run; before the seal, those that the plan has found so far."""
    row, outbox = tables.row.c, tables.outbox.c
    if sealed:
        found, rows, is_new = row, sa.select().select_from(tables.row), row.rejected_since == run_id
    else:
        found, is_new = outbox, row.rejected_since.is_(None)
        rows = sa.select().join_from(tables.outbox, tables.row, row.id == outbox.row_id)
    of_run = rows.where(found.run_id == run_id, found.outcome.in_(REJECTED))
    first = (
        of_run.add_columns(found.source_key, found.outcome, found.reasons)
        .order_by(sa.case((is_new, 0), else_=1), found.id)
        .limit(limit)
    )
    counts = of_run.add_columns(sa.func.count(), sa.func.count(sa.case((is_new, 1))))
    number, new = connection.execute(counts).one()
    return RejectedRows(
        number,
        new,
        tuple(RejectedRow(key, outcome, decode_reasons(said)) for key, outcome, said in connection.execute(first)),
    )
