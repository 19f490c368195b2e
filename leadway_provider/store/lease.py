"""A sync's lease in the state store, and where its holder runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import sync
from leadway_provider.sync.lease import Hold


class LeaseBook:
    """The lease of one sync. Every change is bound to what was read before it, so whoever comes late changes nothing.

    Every method raises StateUnavailableError where the database can't be reached, is locked or can't be written.
    """

    def __init__(self, database: Database, sync_id: int) -> None:
        self._database = database
        self._this = sync.c.id == sync_id

    def read(self) -> Hold | None:
        """Who has it."""
        wanted = sa.select(sync.c.lease, sync.c.beat, sync.c.holder, sync.c.process, sync.c.parked_until)
        with self._database.reading() as connection:
            token, *rest = connection.execute(wanted.where(self._this)).one()
        return None if token is None else Hold(token, *rest)

    def take(self, instead_of: Hold | None, hold: Hold) -> bool:
        """Become the holder, unless it has changed since it was read; tells whether that is so."""
        unchanged: sa.ColumnElement[bool] = sync.c.lease.is_(None)
        if instead_of is not None:
            unchanged = sa.and_(sync.c.lease == instead_of.token, sync.c.beat == instead_of.beat)
        return self._change(
            unchanged, lease=hold.token, beat=hold.beat, holder=hold.holder, process=hold.process, parked_until=None
        )

    def beat(self, token: str) -> bool:
        """Show a sign of life; tells whether the lease is still this holder's."""
        return self._change(sync.c.lease == token, beat=sync.c.beat + 1)

    def park(self, token: str, until: datetime) -> bool:
        """Keep the lease until then without a process that shows signs of life."""
        return self._change(sync.c.lease == token, parked_until=until)

    def release(self, token: str) -> None:
        """Give it up."""
        self._change(sync.c.lease == token, lease=None, holder=None, process=None, parked_until=None)

    @repeated_after_deadlock
    def _change(self, condition: sa.ColumnElement[bool], **values: object) -> bool:
        with self._database.writing() as connection:
            return connection.execute(sa.update(sync).where(self._this, condition).values(**values)).rowcount == 1


def this_process() -> str:
    """This process, as `alive` understands it: machine, process namespace and number."""
    return f"{_machine()} {os.getpid()}"


def alive(process: str) -> bool | None:
    """Whether a process exists; None where it belongs to another machine, or another container."""
    machine, _, number = process.rpartition(" ")
    if machine != _machine():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and another user's
    return True


def _machine() -> str:
    """What two processes share that can see each other's numbers: the host, since it was started, and a namespace."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
