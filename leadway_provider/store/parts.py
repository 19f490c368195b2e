"""The parts of a run's outbox and its workers, which hold the sync's lease together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.exceptions import LeaseLostError
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.lease import SqlLeaseStore
from leadway_provider.store.tables import outbox, part, run, sync, worker
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.parts import Part, split
from leadway_provider.sync.records import OutboxRow


class SqlPartStore:
    """Implements `PartStore` for one run of a sync."""

    def __init__(self, database: Database, sync_id: int, run_id: str) -> None:
        self._database = database
        self._sync_id = sync_id
        self._run_id = run_id
        self._lease = f"run {run_id}"
        """The token of the lease while workers of the run hold it."""

    # The lease of the sync

    def read(self) -> LeaseState | None:
        """Return who holds it; None also where a worker of this run does."""
        found = SqlLeaseStore(self._database, self._sync_id).read()
        return None if found is None or found.token == self._lease else found

    @repeated_after_deadlock
    def acquire(self, instead_of: LeaseState | None, state: LeaseState) -> bool:
        """See `LeaseStore.acquire`."""
        is_free = sa.or_(sync.c.lease.is_(None), sync.c.lease == self._lease)
        if instead_of is not None:
            is_free = sa.and_(sync.c.lease == instead_of.token, sync.c.heartbeats == instead_of.heartbeats)
        # Which process it is says nothing of the others: while any of them stores heartbeats, the lease is held.
        ours = {"lease": self._lease, "holder": state.holder, "process": "", "held_until": None}
        with self._database.writing() as connection:
            if not self._change(connection, is_free, **ours, heartbeats=sync.c.heartbeats + 1):
                return False
            connection.execute(
                sa.insert(worker).values(
                    token=state.token, run_id=self._run_id, heartbeats=0, holder=state.holder, process=state.process
                )
            )
        return True

    @repeated_after_deadlock
    def heartbeat(self, token: str) -> bool:
        """See `LeaseStore.heartbeat`."""
        alive = sa.update(worker).where(self._named(token)).values(heartbeats=worker.c.heartbeats + 1)
        with self._database.writing() as connection:
            is_worker = connection.execute(alive).rowcount == 1
            return is_worker and self._change(connection, sync.c.lease == self._lease, heartbeats=sync.c.heartbeats + 1)

    @repeated_after_deadlock
    def hold_until(self, token: str, until: datetime) -> bool:
        """See `LeaseStore.hold_until`; the parts of this worker are free meanwhile."""
        with self._database.writing() as connection:
            if not self._dismiss(connection, self._named(token)):
                return False
            self._give_back(connection, token)
            return self._change(connection, sync.c.lease == self._lease, held_until=until)

    @repeated_after_deadlock
    def hold_longer(self, until: datetime) -> None:
        """Keep the lease until then, if workers that have left hold it: their quota returns later than it was said."""
        is_held = sa.and_(sync.c.lease == self._lease, sync.c.held_until < until)
        with self._database.writing() as connection:
            self._change(connection, is_held, held_until=until)

    @repeated_after_deadlock
    def release(self, token: str) -> None:
        """See `LeaseStore.release`."""
        others = sa.select(worker.c.token).where(worker.c.run_id == self._run_id)
        with self._database.writing() as connection:
            # The sync's row is the lock by which two workers leave one after the other.
            connection.execute(sa.select(sync.c.id).where(sync.c.id == self._sync_id).with_for_update())
            self._dismiss(connection, self._named(token))
            self._give_back(connection, token)
            if connection.execute(others.limit(1)).first() is None:
                is_ours = sa.and_(sync.c.lease == self._lease, sync.c.held_until.is_(None))
                self._change(connection, is_ours, lease=None, holder=None, process=None)

    # The workers

    def others(self, token: str) -> Sequence[LeaseState]:
        """See `PartStore.others`."""
        wanted = sa.select(worker.c.token, worker.c.heartbeats, worker.c.holder, worker.c.process)
        with self._database.reading() as connection:
            found = connection.execute(wanted.where(worker.c.run_id == self._run_id, worker.c.token != token))
            return [LeaseState(*each) for each in found]

    @repeated_after_deadlock
    def expel(self, other: LeaseState) -> bool:
        """See `PartStore.expel`."""
        with self._database.writing() as connection:
            unchanged = sa.and_(self._named(other.token), worker.c.heartbeats == other.heartbeats)
            if not self._dismiss(connection, unchanged):
                return False
            self._give_back(connection, other.token)
        return True

    # The parts

    def split(self, rows: Iterable[OutboxRow], size: int) -> int:
        """See `PartStore.split`; killed half-way it can be repeated."""
        found = split(rows, size)
        positions = sorted(found.moved)
        for chunk in chunks(positions, self._database.chunk):
            self._move([{"position": position, "to": found.moved[position]} for position in chunk])
        self._store(found.parts)
        return len(found.parts)

    @repeated_after_deadlock
    def _move(self, moved: Sequence[dict[str, int]]) -> None:
        by_position = sa.update(outbox).where(outbox.c.id == sa.bindparam("position"))
        with self._database.writing() as connection:
            connection.execute(by_position.values(part=sa.bindparam("to")), moved)

    @repeated_after_deadlock
    def _store(self, parts: Sequence[Part]) -> None:
        rows = [
            {"run_id": self._run_id, "number": each.number, "first_position": each.first, "last_position": each.last}
            for each in parts
        ]
        with self._database.writing() as connection:
            for chunk in chunks(rows, self._database.chunk):
                connection.execute(sa.insert(part), chunk)
            connection.execute(sa.update(run).where(run.c.id == self._run_id).values(parts=len(parts)))

    @repeated_after_deadlock
    def next_part(self, token: str) -> Part | None:
        """See `PartStore.next_part`."""
        waiting = (
            sa.select(part.c.number, part.c.first_position, part.c.last_position)
            .where(part.c.run_id == self._run_id, part.c.worker.is_(None), part.c.is_complete == 0)
            .order_by(part.c.number)
            .limit(1)
        )
        with self._database.writing() as connection:
            # The run's row is the lock by which two workers are given parts one after the other.
            connection.execute(sa.select(run.c.id).where(run.c.id == self._run_id).with_for_update())
            self._require(connection, token)
            if (found := connection.execute(waiting).first()) is None:
                return None
            connection.execute(sa.update(part).where(self._is(found.number)).values(worker=token))
        return Part(*found)

    @repeated_after_deadlock
    def complete(self, token: str, done: Part) -> None:
        """See `PartStore.complete`."""
        with self._database.writing() as connection:
            self._require(connection, token)
            held = sa.and_(self._is(done.number), part.c.worker == token)
            connection.execute(sa.update(part).where(held).values(worker=None, is_complete=1))

    def is_complete(self) -> bool:
        """See `PartStore.is_complete`."""
        left = sa.select(part.c.number).where(part.c.run_id == self._run_id, part.c.is_complete == 0).limit(1)
        with self._database.reading() as connection:
            return connection.execute(left).first() is None

    def _change(self, connection: sa.Connection, condition: sa.ColumnElement[bool], **values: object) -> bool:
        this_sync = sa.update(sync).where(sync.c.id == self._sync_id, condition)
        return connection.execute(this_sync.values(**values)).rowcount == 1

    @staticmethod
    def _dismiss(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> bool:
        return connection.execute(sa.delete(worker).where(condition)).rowcount == 1

    def _give_back(self, connection: sa.Connection, token: str) -> None:
        connection.execute(
            sa.update(part).where(part.c.run_id == self._run_id, part.c.worker == token).values(worker=None)
        )

    def _require(self, connection: sa.Connection, token: str) -> None:
        known = sa.select(worker.c.token).where(self._named(token)).with_for_update()
        if connection.execute(known).first() is None:
            raise LeaseLostError("Other workers have taken over the parts of this one, so it stops.")

    def _named(self, token: str) -> sa.ColumnElement[bool]:
        return sa.and_(worker.c.run_id == self._run_id, worker.c.token == token)

    def _is(self, number: int) -> sa.ColumnElement[bool]:
        return sa.and_(part.c.run_id == self._run_id, part.c.number == number)


@repeated_after_deadlock
def forget_parts(database: Database, sync_id: int) -> None:
    """Delete the parts and workers of a sync's runs. The caller must hold the sync's lease."""
    runs = sa.select(run.c.id).where(run.c.sync_id == sync_id)
    with database.writing() as connection:
        connection.execute(sa.delete(part).where(part.c.run_id.in_(runs)))
        connection.execute(sa.delete(worker).where(worker.c.run_id.in_(runs)))
