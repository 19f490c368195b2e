"""The rows of a batch of source keys, found and added in each database's fastest way.

A run without changes does nothing else with a row of the source, so a microsecond for each key matters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from leadway_provider.store.bulk import insert
from leadway_provider.store.tables import row

# Raw SQL without typed columns: SQLite returns str, bytes and int as they are, and no value costs a Python call.
# One JSON parameter is faster than a thousand, and CROSS JOIN keeps the keys as the outer loop.
_SQLITE = sa.text(
    "SELECT r.source_key, r.id, r.fingerprint FROM json_each(:keys) j CROSS JOIN leadway_row r "
    "WHERE r.sync_id = :sync_id AND r.source_key = j.value"
)
_COLUMNS = sa.select(row.c.source_key, row.c.id, row.c.fingerprint).where(row.c.sync_id == sa.bindparam("sync_id"))
# Drivers write an array item by item, and a JSON text in one go. Signs other than ASCII are in it as they are, because
# older servers read an escaped one only where they keep Unicode.
_POSTGRESQL = sa.text(
    "SELECT source_key, id, fingerprint FROM leadway_row WHERE sync_id = :sync_id "
    "AND source_key = ANY(ARRAY(SELECT json_array_elements_text(CAST(:keys AS json))))"
).columns(row.c.source_key, row.c.id, row.c.fingerprint)
_OTHERS = _COLUMNS.where(row.c.source_key.in_(sa.bindparam("keys", expanding=True)))


def known_rows(connection: sa.Connection, sync_id: int, keys: Sequence[str]) -> dict[str, tuple[int, bytes | None]]:
    """Return row id and acknowledged fingerprint of those keys that have a row."""
    match connection.dialect.name:
        case "sqlite":
            result = connection.execute(_SQLITE, {"sync_id": sync_id, "keys": json.dumps(keys)})
        case "postgresql":
            written = json.dumps(keys, ensure_ascii=False)
            result = connection.execute(_POSTGRESQL, {"sync_id": sync_id, "keys": written})
        case _:
            result = connection.execute(_OTHERS, {"sync_id": sync_id, "keys": list(keys)})
    return {key: (row_id, fingerprint) for key, row_id, fingerprint in result.all()}


def insert_rows(
    connection: sa.Connection, sync_id: int, keys: Sequence[str], common: Mapping[str, object]
) -> dict[str, int]:
    """Add rows with new source keys, and return the id of each key.

    Args:
        connection: a transaction's.
        sync_id: the sync of these rows.
        keys: the source keys, each once.
        common: the values of the other columns, the same for all of them.
    """
    before = _last_row_id(connection)
    insert(connection, row, ["source_key"], [(key,) for key in keys], {"sync_id": sync_id, **common})
    if before is not None and _last_row_id(connection) == before + len(keys):
        # Ids only grow, so these rows have all numbers between, in their order.
        return dict(zip(keys, range(before + 1, before + 1 + len(keys)), strict=True))
    return {key: row_id for key, (row_id, _) in known_rows(connection, sync_id, keys).items()}


def _last_row_id(connection: sa.Connection) -> int | None:
    """Return the highest id that a row has ever had; None where the database does not say it in a transaction."""
    if connection.dialect.name != "sqlite":
        return None
    found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (row.name,)).scalar()
    return int(found or 0)
