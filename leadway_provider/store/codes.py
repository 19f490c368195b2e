"""The codes of a row's reasons and remarks, stored beside it, so that rows are counted and found by code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.bulk import matching
from leadway_provider.store.database import chunks
from leadway_provider.store.tables import reason
from leadway_provider.sync.outcome import RowState

COLLISION: Final = "collision"
"""The code of a row whose contact another source key is on; every other code is a reason's own."""


def store_codes(
    connection: sa.Connection, sync_id: int, run_id: str, outcome: RowState, codes: Mapping[int, Collection[str]]
) -> None:
    """Store the codes of rows in place of those that they had, as part of the transaction that stores their outcome.

    Args:
        connection: the transaction's.
        sync_id: the sync of all these rows.
        run_id: the run that found the outcome.
        outcome: what became of all these rows.
        codes: by row id; a row without a code is given too.
    """
    for row_ids in chunks(list(codes)):
        # Most rows have no code. To delete what is not there would lock the gaps between other syncs' rows on MySQL.
        if found := {row_id for (row_id,) in matching(connection, [reason.c.row_id], reason.c.row_id, row_ids)}:
            connection.execute(sa.delete(reason).where(reason.c.row_id.in_(found)))
    values = {"sync_id": sync_id, "run_id": run_id, "outcome": outcome}
    new = [{"row_id": row_id, "code": code, **values} for row_id, several in codes.items() for code in set(several)]
    if new:
        connection.execute(sa.insert(reason), new)


def rows_with_code(connection: sa.Connection, sync_id: int, code: str) -> Sequence[int]:
    """Return the accepted rows of a sync that have this code, by id."""
    accepted = [state for state in RowState if state.is_accepted]
    wanted = sa.select(reason.c.row_id).where(
        reason.c.sync_id == sync_id, reason.c.outcome.in_(accepted), reason.c.code == code
    )
    return connection.scalars(wanted.order_by(reason.c.row_id)).all()
