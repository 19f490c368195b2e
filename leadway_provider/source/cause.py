"""The cause of a database error, in words that are safe to log, and what a person can do about it."""

from __future__ import annotations

import re
from typing import Final

import sqlalchemy as sa

_QUOTING: Final = (sa.exc.DataError, sa.exc.IntegrityError)
"""Errors whose text quotes a value: `Key (email)=(…) already exists`, `invalid input syntax for integer: "…"`."""

_LOCKED: Final = "Another program holds it for too long: end that one, or keep the state in a database server."
_READ_ONLY: Final = "Let the task's user write there; SQLite writes to the folder too."
_READ_ONLY_SERVER: Final = "Use a server that can be written to, and let the connection's user write there."
_FULL: Final = "Make room on its disk."
_REACH: Final = "See that it is up, and that the worker can reach it and write to it."
_REMEDIES: Final = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": _FULL,
    "25006": _READ_ONLY_SERVER,
    "53100": _FULL,
    1021: _FULL,
    1114: _FULL,
    1205: _LOCKED,
    1290: _READ_ONLY_SERVER,
    1792: _READ_ONLY_SERVER,
    1836: _READ_ONLY_SERVER,
}
"""What to do, by SQLite's name of the error, PostgreSQL's SQLSTATE, or MariaDB's and MySQL's number."""


def cause(error: sa.exc.SQLAlchemyError) -> str:
    """Return the first line of the driver's error, without SQL, parameters or values of a row."""
    driver_error = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    if driver_error is None:
        return type(error).__name__
    if not isinstance(error, _QUOTING):
        return first_line(driver_error)
    # Drivers for MySQL have one kind for many errors; what it is, the number says.
    number = next(iter(driver_error.args), None)
    name = type(driver_error).__name__
    return f"{name} {number}" if isinstance(number, int) else name


def first_line(driver_error: BaseException) -> str:
    """Return the first line of what a driver's error says, or its kind if it says nothing."""
    # Drivers for MySQL put an error number first, and mysql-connector an SQLSTATE last.
    said = next((each for each in reversed(driver_error.args) if not _is_code(each)), "")
    text = str(said).strip()
    line = text.partition("\n")[0].strip()
    # sqlite3 quotes text that is not UTF-8.
    return line.partition(" with text ")[0] or type(driver_error).__name__


def codes(error: BaseException) -> frozenset[object]:
    """Return the codes of a database error: SQLSTATE, the number of MariaDB or MySQL, SQLite's name of the error.

    SQLite's name may be longer than its kind, as SQLITE_IOERR_WRITE is; the kind is returned too.
    """
    driver_error = getattr(error, "orig", None)
    name: str = getattr(driver_error, "sqlite_errorname", None) or ""
    found = {
        getattr(driver_error, "pgcode", None),  # psycopg 2
        getattr(driver_error, "sqlstate", None),  # psycopg 3, mysql-connector
        next(iter(getattr(driver_error, "args", ())), None),  # the drivers for MySQL, and ODBC's SQLSTATE
        name,
        "_".join(name.split("_")[:2]),
    }
    return frozenset(each for each in found if each and isinstance(each, str | int))


def remedy(error: sa.exc.SQLAlchemyError) -> str:
    """Return what a person can do where a state store fails again and again, in one sentence."""
    return next((_REMEDIES[code] for code in codes(error) if code in _REMEDIES), _REACH)


def _is_code(argument: object) -> bool:
    return not isinstance(argument, str) or bool(re.fullmatch("[0-9A-Z]{5}", argument))
