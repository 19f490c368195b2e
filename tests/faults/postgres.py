"""A PostgreSQL server of a test's own, which it may stop as a crash does, and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.services import POSTGRES, REQUIRED

_PROGRAMS = Path("/usr/lib/postgresql")


class PostgresServer:
    """One server on a free port of 127.0.0.1, of a user who is not root, as PostgreSQL demands.

    Args:
        programs: the folder of `initdb` and `pg_ctl`.
        home: an empty folder; it must be the server's user's where that is another one.
        user: who runs it, where this process is root.
    """

    def __init__(self, programs: Path, home: Path, user: str | None) -> None:
        self._programs = programs
        self._home = home
        self._user = user
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.port: int = door.getsockname()[1]
        self._run("initdb", "--auth=trust", "--no-sync", "--username=leadway", "--encoding=UTF8", "--locale=C")

    @property
    def url(self) -> sa.URL:
        """Its one database."""
        return POSTGRES.set(username="leadway", host="127.0.0.1", port=self.port, database="postgres")

    def start(self) -> None:
        """Return when it answers; after a crash it first recovers."""
        settings = f"-p {self.port} -k {self._home} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._home / 'log'}", f"--options={settings}")

    def crash(self) -> None:
        """Drop every connection and end at once, without writing anything down."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, f"--pgdata={self._home / 'data'}", *arguments],
            user=self._user,
            group=self._user and pwd.getpwnam(self._user).pw_gid,
            extra_groups=[] if self._user else None,
            cwd=self._home,
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that runs; without PostgreSQL's programs the test is skipped, or fails where services are required."""
    found = shutil.which("initdb") or max(map(str, _PROGRAMS.glob("*/bin/initdb")), default=None)
    if found is None:
        message = f"no initdb on PATH or in {_PROGRAMS}"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{message} ({REQUIRED}=1)")
        pytest.skip(message)
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="leadway-postgres-"))
    try:
        if user:
            shutil.chown(home, user)
        server = PostgresServer(Path(found).resolve().parent, home, user)
        server.start()
        try:
            yield server
        finally:
            server.crash()
    finally:
        shutil.rmtree(home)
