"""Text of PostgreSQL in any encoding, with a driver that would lose a whole batch at one wrong byte.

Both drivers are told to speak UTF-8, so the server converts from its own encoding. A database without one (SQL_ASCII)
returns bytes as they are, of whatever encoding. There the session says LATIN1, which has a character for every byte: so
every text arrives, and is read as UTF-8 cell by cell. What is sent takes the same way back.

In some encodings a byte, or a pair of them, may have no character, at which the server would stop in the middle of the
result. There the session speaks that encoding itself. psycopg 3 decodes it, and may read a batch again; psycopg2
returns bytes, which are decoded cell by cell.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.source.cells import NOT_UNICODE, CellType

_CARRIED: Final = "leadway_carried"
_NO_ENCODING: Final = "SQL_ASCII"
_UTF8: Final = ("UTF8", "UNICODE")
_WITH_GAPS: Final = frozenset(
    {
        *(f"WIN{number}" for number in (874, 1250, 1251, 1252, 1253, 1254, 1255, 1257, 1258)),
        *("LATIN3", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8"),
        *("EUC_CN", "EUC_KR"),
    }
)
"""PostgreSQL's encodings in which not every byte, or pair of bytes, has a character, and that Python has too.

Python's codecs decode what the server would convert, but for two signs of EUC_KR (compared sign by sign), which are
marked. In EUC_JP and EUC_JIS_2004 the two differ in common signs, and Python does not have EUC_TW.
"""
_DRIVERS: Final = ("psycopg", "psycopg2")


def speak_unicode(engine: sa.Engine) -> None:
    """Let an engine's new connections to PostgreSQL return any text."""
    # The first of all listeners, because SQLAlchemy asks for the server's version, which psycopg would return as bytes.
    if not sa.event.contains(engine, "connect", _choose_encoding):
        sa.event.listen(engine, "connect", _choose_encoding, insert=True)


def is_carried(connection: sa.Connection) -> bool:
    """Return whether the connection's text is UTF-8 that the driver takes for LATIN1."""
    return _CARRIED in connection.info


def carry_statements(connection: sa.Connection) -> None:
    """Let such a connection send its statements and parameters in UTF-8."""
    sa.event.listen(connection, "before_cursor_execute", _carried_statement, retval=True)


def column_name(carried: str) -> str:
    """Return the name of a column of such a connection; one that is not UTF-8 is as LATIN1 has it."""
    try:
        return str(_read(carried))
    except UnicodeDecodeError:
        return carried


def has_gaps(connection: Any) -> bool:
    """Return whether a connection of psycopg2 speaks an encoding in which not all bytes have a character."""
    return connection.info.parameter_status("client_encoding") in _WITH_GAPS


def text_of_bytes(codec: str) -> CellType:
    """Return how cells are converted whose texts are bytes in a codec."""
    return CellType(partial(_decoded, codec=codec), _not_unicode)


def carried_text(codec: str) -> CellType:
    """Return how cells are converted, whatever their type, whose texts in a codec were taken for LATIN1."""
    return CellType(partial(_read, codec=codec), _not_unicode)


def _read(carried: Any, codec: str = "utf-8") -> Any:
    """Return what a value is whose texts were taken for LATIN1.

    Raises:
        UnicodeDecodeError: the codec can't decode a text.
    """
    if isinstance(carried, str):
        return carried if carried.isascii() else carried.encode("latin-1").decode(codec)
    if isinstance(carried, dict):
        return {_read(key, codec): _read(each, codec) for key, each in carried.items()}
    return [_read(each, codec) for each in carried] if isinstance(carried, list) else carried


def _decoded(value: Any, codec: str) -> Any:
    """Return a text, or an array of texts, of bytes in a codec.

    Raises:
        UnicodeDecodeError: the codec can't decode them.
    """
    if isinstance(value, bytes):
        return value.decode(codec)
    return [_decoded(each, codec) for each in value] if isinstance(value, list) else value


def _not_unicode(_: object) -> UnreadableValue:
    return NOT_UNICODE


TEXT: Final = carried_text("utf-8")
"""How the cells of such a connection are converted, whatever their type."""


def _carried(value: Any) -> Any:
    """Return what the driver must get so that it sends a value's texts in UTF-8."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode().decode("latin-1")
    if isinstance(value, dict):
        return {_carried(key): _carried(each) for key, each in value.items()}
    return [_carried(each) for each in value] if isinstance(value, list) else value


def _carried_statement(_: object, __: object, statement: str, parameters: Any, ___: object, ____: object) -> Any:
    return _carried(statement), _carried(parameters)


def _choose_encoding(connection: Any, entry: Any) -> None:
    packages = {kind.__module__.partition(".")[0] for kind in type(connection).__mro__}
    if packages.isdisjoint(_DRIVERS):
        return
    status = connection.info.parameter_status
    server, client = status("server_encoding"), status("client_encoding")
    if server == _NO_ENCODING and client in (_NO_ENCODING, *_UTF8):
        entry.info[_CARRIED] = True
        _set_encoding(connection, "LATIN1")
    elif server in _WITH_GAPS:
        _set_encoding(connection, server)
    elif server != _NO_ENCODING and client not in (None, *_UTF8):  # some that speak PostgreSQL's protocol don't say
        _set_encoding(connection, "UTF8")


def _set_encoding(connection: Any, name: str) -> None:
    if hasattr(connection, "set_client_encoding"):  # psycopg2
        connection.set_client_encoding(name)
    else:
        connection.execute(f"SET client_encoding TO {name}")
        connection.commit()
