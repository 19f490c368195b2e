"""The rows of one read, parted by the account that each of them names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from leadway_provider.contacts.mapping import find_key
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.source.cells import Row
from leadway_provider.source.query import OpenRows
from leadway_provider.source.spool import Spool
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.request import SyncRequest
from leadway_provider.sync.selection import KeySelection

COLUMN: Final = "location_id"
"""The column that names a row's account. It is not sent."""

NO_ACCOUNT: Final = ""
"""The part of the rows that name no account."""


@dataclass(frozen=True, slots=True)
class Parted:
    """What was read.

    Attributes:
        spool: the rows of each account, without the column that names it, and those of `NO_ACCOUNT`.
        key_positions: where the key's columns are in such a row.
        rows: how many rows each account has.
    """

    spool: Spool
    key_positions: tuple[int, ...]
    rows: Mapping[str, int]


def part_rows(
    source: OpenRows, request: SyncRequest, is_account: Callable[[str], bool], on_batch: Callable[[int], None]
) -> Parted:
    """Read all rows into a spool, which the caller closes.

    Args:
        source: the open query.
        request: what is asked for.
        is_account: returns whether a text may be the id of an account.
        on_batch: is called before each batch with the number of rows so far; what it raises ends the reading.

    Raises:
        ConfigurationError: the result has no column `location_id`, or a column of the key is missing, or `only_keys`
            names a key that is not in the result.
        SourceError, SourceUnavailableError: as `SourceRows.batches` raises.
    """
    columns = source.columns
    account, key = _account_position(columns, request), find_key(columns, request.key_columns)
    kept = [position for position in range(len(columns)) if position != account or position in key]
    spool = Spool([columns[position] for position in kept], source.name_limit, batch_size=request.batch_size)
    positions = tuple(kept.index(position) for position in key)
    counted: Counter[str] = Counter()
    try:
        for rows in _selected(source, request, key, on_batch):
            parts: defaultdict[str, list[Row]] = defaultdict(list)
            for row in rows:
                part = _account(row[account], is_account)
                parts[part].append(tuple(row[position] for position in kept))
            spool.add(parts)
            counted.update({part: len(found) for part, found in parts.items()})
    except BaseException:
        spool.close()
        raise
    return Parted(spool, positions, counted)


def _selected(
    source: OpenRows, request: SyncRequest, key: Sequence[int], on_batch: Callable[[int], None]
) -> Iterator[Rows]:
    """Return the rows that the task is for."""
    if request.only_keys is None:
        read = 0
        for rows in source.batches():
            on_batch(read)
            yield rows
            read += len(rows)
        return
    selection = KeySelection(request.only_keys, key, lambda: on_batch(0))
    yield from selection.rows(source.batches())
    selection.require_all(request.task_id)


def _account_position(columns: Sequence[str], request: SyncRequest) -> int:
    found = [position for position, name in enumerate(columns) if name.casefold() in (COLUMN, COLUMN.replace("_", ""))]
    if len(found) == 1:
        return found[0]
    raise ConfigurationError(
        f"Task {request.task_id} does not know which account to write to: set location_id on the task or in the extra "
        f"of connection {request.leadway_conn_id!r}; or, to write each row to an account of its own, let the query "
        f"return one column {COLUMN}."
    )


def _account(cell: object, is_account: Callable[[str], bool]) -> str:
    """Return the account that a cell names, or `NO_ACCOUNT`."""
    text = cell.strip() if isinstance(cell, str) else ""
    return text if is_account(text) else NO_ACCOUNT
