"""Rows that can't be sent to any account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from leadway_provider.contacts.contact import Reason
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.records import SettledRow
from leadway_provider.sync.row import source_keys
from leadway_provider.sync.seen import is_set, set_bit


def reject_rows(
    run: SyncRun, batches: Iterable[Rows], positions: Sequence[int], reason: Reason, seen: bytearray
) -> Counts:
    """Write rows that can't be sent to any account into a plan, as invalid for that reason; return their counts.

    Args:
        run: the run of all accounts.
        batches: the rows.
        positions: where the key's columns are.
        reason: why they can't be sent.
        seen: one bit for each row id of the plan so far; a row that repeats a key is superseded by the first one.
    """
    counts = Counts()
    for rows in batches:
        keys = source_keys(rows, positions)
        ids = _row_ids(run, {key for key in keys if key is not None})
        settled = []
        for key in keys:
            if key is not None and is_set(seen, ids[key]):
                counts = counts.plus(read=1, superseded=1)
                continue
            counts = counts.plus(read=1, invalid=1)
            if key is not None:
                set_bit(seen, ids[key])
                settled.append(SettledRow(ids[key], key, RowState.INVALID, (reason,)))
        run.write((), settled)
    return counts


def _row_ids(run: SyncRun, keys: Collection[str]) -> Mapping[str, int]:
    known = {key: row_id for key, (row_id, _) in run.known([*keys]).items()}
    missing = [key for key in keys if key not in known]
    return known | run.ensure_rows(missing) if missing else known
