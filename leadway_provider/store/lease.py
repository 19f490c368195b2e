"""A sync's lease in the state store."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import sync
from leadway_provider.sync.lease import LeaseState


class SqlLeaseStore:
    """The lease of one sync; see `LeaseStore` for what each method promises."""

    def __init__(self, database: Database, sync_id: int) -> None:
        self._database = database
        self._this = sync.c.id == sync_id

    def read(self) -> LeaseState | None:
        """See `LeaseStore.read`."""
        wanted = sa.select(sync.c.lease, sync.c.heartbeats, sync.c.holder, sync.c.process, sync.c.held_until)
        with self._database.reading() as connection:
            token, *rest = connection.execute(wanted.where(self._this)).one()
        return None if token is None else LeaseState(token, *rest)

    def acquire(self, instead_of: LeaseState | None, state: LeaseState) -> bool:
        """See `LeaseStore.acquire`."""
        unchanged: sa.ColumnElement[bool] = sync.c.lease.is_(None)
        if instead_of is not None:
            unchanged = sa.and_(sync.c.lease == instead_of.token, sync.c.heartbeats == instead_of.heartbeats)
        return self._change(
            unchanged,
            lease=state.token,
            heartbeats=state.heartbeats,
            holder=state.holder,
            process=state.process,
            held_until=None,
        )

    def heartbeat(self, token: str) -> bool:
        """See `LeaseStore.heartbeat`."""
        return self._change(sync.c.lease == token, heartbeats=sync.c.heartbeats + 1)

    def hold_until(self, token: str, until: datetime) -> bool:
        """See `LeaseStore.hold_until`."""
        return self._change(sync.c.lease == token, held_until=until)

    def release(self, token: str) -> None:
        """See `LeaseStore.release`."""
        self._change(sync.c.lease == token, lease=None, holder=None, process=None, held_until=None)

    @repeated_after_deadlock
    def _change(self, condition: sa.ColumnElement[bool], **values: object) -> bool:
        with self._database.writing() as connection:
            return connection.execute(sa.update(sync).where(self._this, condition).values(**values)).rowcount == 1
