"""The file of a SQLite state store: it is its owner's alone, because the outbox holds contacts."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from leadway_provider.exceptions import ConnectionSettingsError, StateUnavailableError
from leadway_provider.printable import printable_log

log = printable_log(__name__)

_OWNER_ONLY: Final = 0o600
_COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""SQLite's files beside the database, which get its permissions when SQLite makes them."""


def file_of(engine: sa.Engine) -> Path | None:
    """Return the file of a SQLite engine; None for another database, or one in memory.

    Links are followed, as SQLite does: what it writes beside a database is beside the file that a link leads to.
    """
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    if not name or ":memory:" in name or engine.url.query.get("mode") == "memory":
        return None
    # Without the option `uri`, `file:a.db` is the name of a file.
    is_address = name.startswith("file:") and "uri" in engine.url.query
    return Path(unquote(urlsplit(name).path) if is_address else name).resolve()


def opened_file(connection: sa.Connection) -> Path | None:
    """Return the file that a connection to SQLite has opened; None where it is in memory."""
    names = [each.file for each in connection.exec_driver_sql("PRAGMA database_list") if each.name == "main"]
    return Path(names[0]) if names and names[0] else None


def require_folder(path: Path, name: str) -> None:
    """Check that the folder of a state store's file is there: only the folder of the default file is made.

    Raises:
        StateUnavailableError: it is missing, or this process may not look for it.
    """
    if not os.access(path.parent / ".", os.F_OK):
        raise StateUnavailableError(
            f"State store {name!r}: there is no folder {str(path.parent)!r}. Make it, let the task's user write there, "
            "or name another file in the connection."
        )


def require_writable(path: Path, name: str) -> None:
    """Check that this process may write a state store's file, or make it; nothing is written or made.

    Raises:
        StateUnavailableError: it may not.
    """
    there = [each for each in (path, *path.parents) if os.access(each, os.F_OK)]
    # SQLite makes files beside its own.
    written = there[:2] if there[0] == path else there[:1]
    if not all(os.access(each, os.W_OK) for each in written):
        raise _not_writable(name, os.strerror(errno.EACCES))


def protect_file(path: Path, name: str) -> None:
    """Create a state store's file for its owner only, and take the permissions of others from one that is there.

    Args:
        path: the file.
        name: how errors name the store.

    Raises:
        ConnectionSettingsError: other users can read or write the file, and this process may not change that.
        StateUnavailableError: the file can't be made, or its folder is missing.
    """
    if os.name != "posix":  # pragma: no cover - permissions of another kind
        return
    require_folder(path, name)
    try:
        # A file that is there is not opened: closing it would end all locks that SQLite has on it in this process.
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY))
    except FileExistsError:
        pass
    except OSError as error:
        raise _not_writable(name, error.strerror) from None
    for each in (path, *(path.with_name(path.name + end) for end in _COMPANIONS)):
        if each.exists():
            _tighten(each, name)


def _not_writable(name: str, cause: str | None) -> StateUnavailableError:
    return StateUnavailableError(
        f"State store {name!r}: {cause}. Let the task's user write there, or set state_conn_id."
    )


def _tighten(path: Path, name: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return
    try:
        path.chmod(mode & stat.S_IRWXU)
    except OSError:
        raise ConnectionSettingsError(
            f"State store {name!r}: other users can read {str(path)!r} ({mode:04o}), which holds contacts, and this "
            f"process may not change that. Let its owner run `chmod 600 {path}`, or name another file."
        ) from None
    log.warning("State store %r: other users could read %s (%04o); only its owner can now", name, path, mode)
