"""What a database said, in words that are safe to log."""

from __future__ import annotations

import sqlalchemy as sa

# Their text quotes the offending value: `Key (email)=(…) already exists`, `invalid input syntax for integer: "…"`.
_QUOTING = (sa.exc.DataError, sa.exc.IntegrityError)


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
