"""What a database said, in words that are safe to log, and what a person can do about it."""

from __future__ import annotations

import sqlite3
from typing import Final

import sqlalchemy as sa

# Their text quotes the offending value: `Key (email)=(…) already exists`, `invalid input syntax for integer: "…"`.
_QUOTING = (sa.exc.DataError, sa.exc.IntegrityError)

_LOCKED: Final = "Another program holds it for too long: end that one, or keep the state in a database server."
_READ_ONLY: Final = "Let the task's user write there; SQLite writes to the folder too."
_FULL: Final = "Make room on its disk."
_REACH: Final = "See that it is up, and that the worker can reach it and write to it."
_REMEDIES: Final = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": _FULL,
    "25006": _READ_ONLY,
    "53100": _FULL,
    1021: _FULL,
    1114: _FULL,
    1205: _LOCKED,
    1290: _READ_ONLY,
}
"""By SQLite's name of the error, PostgreSQL's SQLSTATE, or MariaDB's and MySQL's number."""


def cause(error: sa.exc.SQLAlchemyError) -> str:
    """The driver's first line, without SQL, parameters or a row's values."""
    driver_error = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    if driver_error is None:
        return type(error).__name__
    if isinstance(error, _QUOTING):
        return type(driver_error).__name__
    # pymysql and mysqlclient put an error number first.
    said = str(driver_error.args[-1]).strip() if driver_error.args else ""
    first_line = said.partition("\n")[0].strip()
    # sqlite3 quotes text that is no UTF-8.
    return first_line.partition(" with text ")[0] or type(driver_error).__name__


def remedy(error: sa.exc.SQLAlchemyError) -> str:
    """What a person can do where a state store fails again and again, in one sentence."""
    driver_error = getattr(error, "orig", None)
    if isinstance(driver_error, sqlite3.Error):
        # The name may go on: SQLITE_IOERR_WRITE, SQLITE_READONLY_DBMOVED.
        code: object = "_".join(getattr(driver_error, "sqlite_errorname", "").split("_")[:2])
    else:
        code = getattr(driver_error, "pgcode", None) or next(iter(getattr(driver_error, "args", ())), None)
    return _REMEDIES.get(code, _REACH)
