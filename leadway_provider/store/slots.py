"""The leases of an account's quota: one row for each quota, which each client replaces as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import quota_lease
from leadway_provider.sync.slots import SharedSlots, SlotLease

_NOW: Final = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) / 1000000",
    "mariadb": "SELECT timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) / 1000000",
}
"""The server's clock, in seconds since 1970. A SQLite file has none, and is used by the processes of one machine."""


class SqlSlotStore:
    """The leases of one quota; see `SlotStore` for what each method promises."""

    def __init__(self, database: Database, host: str, location_id: str, app: str) -> None:
        self._database = database
        self._quota = {"host": host, "location_id": location_id, "app": app}

    def read(self) -> SharedSlots:
        """See `SlotStore.read`."""
        wanted = sa.select(quota_lease.c.version, quota_lease.c.leases).filter_by(**self._quota)
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
            server = _NOW.get(connection.dialect.name)
            now = self._database.now().timestamp() if server is None else float(connection.scalar(sa.text(server)) or 0)
        version, leases = found or (0, "[]")
        return SharedSlots(version, now, tuple(SlotLease(*each) for each in json.loads(leases)))

    @repeated_after_deadlock
    def write(self, version: int, leases: Sequence[SlotLease]) -> bool:
        """See `SlotStore.write`."""
        values = {"version": version + 1, "leases": json.dumps([astuple(lease) for lease in leases])}
        if version:
            this = sa.update(quota_lease).filter_by(**self._quota, version=version)
            with self._database.writing() as connection:
                return connection.execute(this.values(values)).rowcount == 1
        with self._database.writing() as connection, suppress(sa.exc.IntegrityError):
            connection.execute(sa.insert(quota_lease).values(**self._quota, **values))
            return True
        return False
