"""Column types, and options of tables and indexes, that mean the same on SQLite, PostgreSQL and MariaDB/MySQL."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

OUTCOME_CODES: Final = (
    *("pending", "unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown"),
    *("departed", "removed", "unremoved", "former", "cleared", "skipped"),
)
"""The outcomes of rows, outbox and ledger, by the number that is stored; a new one is appended."""
_CODES: Final = {name: code for code, name in enumerate(OUTCOME_CODES)}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RUN_ID: Final = re.compile(r"[0-9a-f]{12}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UUID_BYTES: Final = 16

# Ids are never reused: a plan keeps one bit for each row id that it saw, and a position must only grow.
TABLE_OPTIONS: Final[dict[str, Any]] = {
    "sqlite_autoincrement": True,
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}

# SQLite's AUTOINCREMENT is only for tables that have an id of their own.
WITHOUT_ID_OPTIONS: Final = {name: value for name, value in TABLE_OPTIONS.items() if name != "sqlite_autoincrement"}

# The primary key is the table: without it, SQLite has each row once in the table and once in the key's index.
KEYED_OPTIONS: Final = {**WITHOUT_ID_OPTIONS, "sqlite_with_rowid": False}


def new_run_id() -> str:
    """Return an id for a run: 12 random hexadecimal digits, which the primary key keeps from coming twice."""
    return secrets.token_hex(6)


class _Utf8Binary(sa.TypeDecorator[str]):
    """Text that is stored as its UTF-8 bytes, because MySQL's text collations ignore case or trailing blanks."""

    impl = sa.VARBINARY
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else value.encode()

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else bytes(value).decode()


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time in UTC; naive values are refused, and every database returns the same instant."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[datetime]:
        """Return a type with microseconds for MySQL, whose DATETIME alone drops them."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return UTC: aware for PostgreSQL, and naive for databases without time zones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time for the state store has no time zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return an aware time in UTC, whatever the session's time zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Instant(UtcDateTime):
    """A time as `UtcDateTime`, for tables with millions of rows: SQLite stores the microseconds since 1970."""

    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return a whole number for SQLite, whose time as text takes three times as many bytes."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Return what `UtcDateTime` returns, and microseconds for SQLite."""
        utc = super().process_bind_param(value, dialect)
        if utc is None or dialect.name != "sqlite":
            return utc
        return (utc.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        if isinstance(value, int):
            return _EPOCH + timedelta(microseconds=value)
        return super().process_result_value(value, dialect)


class RunId(sa.TypeDecorator[str]):
    """A run's 12 hexadecimal digits as a whole number: millions of rows name their run."""

    impl = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the number; for a text that is not the id of a run, one that no run has."""
        if value is None:
            return None
        return int(value, 16) if _RUN_ID.fullmatch(value) else -1

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the digits."""
        return None if value is None else f"{value:012x}"


class Outcome(sa.TypeDecorator[str]):
    """What became of a row, as a small number: millions of rows have it, and three of their indexes."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the number of an outcome."""
        return None if value is None else _CODES[value]

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the outcome of a number."""
        return None if value is None else OUTCOME_CODES[value]


class TraceId(sa.TypeDecorator[str]):
    """The CRM's id of a call: 16 bytes where it is a UUID, as the API's are (observed), and any other text as it is."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[bytes]:
        """Return BLOB for MySQL, and the usual type of bytes for others."""
        return dialect.type_descriptor(sa.LargeBinary())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the bytes of a UUID, or a text's, of which there are never 16."""
        if value is None:
            return None
        if _UUID.fullmatch(value):
            return bytes.fromhex(value.replace("-", ""))
        text = value.encode("utf-8", "replace").replace(b"\x00", b"")
        return text + b"\x00" if len(text) == _UUID_BYTES else text

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the id as the CRM wrote it."""
        if value is None:
            return None
        found = bytes(value)
        return str(UUID(bytes=found)) if len(found) == _UUID_BYTES else found.rstrip(b"\x00").decode()


def exact_text(length: int) -> sa.types.TypeEngine[str]:
    """Return a type of text of up to that many characters, compared byte for byte: case and trailing blanks matter.

    A variant for MySQL instead of one TypeDecorator for all: on SQLite and PostgreSQL no value costs a Python call.
    """
    return (
        sa.String(length)
        .with_variant(sa.String(length, collation="C"), "postgresql")
        .with_variant(_Utf8Binary(4 * length), "mysql", "mariadb")
    )


def document() -> sa.types.TypeEngine[str]:
    """Return a type of JSON text without a practical limit; the JSON types would reorder keys or reformat numbers."""
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def fingerprint() -> sa.types.TypeEngine[bytes]:
    """Return the type of a row's fingerprint: two hashes of 8 bytes."""
    return _hash(16)


def identity_hash() -> sa.types.TypeEngine[bytes]:
    """Return the type of the hash of an e-mail or phone."""
    return _hash(16)


def _hash(length: int) -> sa.types.TypeEngine[bytes]:
    """Return a type of so many bytes: VARBINARY on MySQL, whose BLOB becomes another type where it has a length."""
    return sa.LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


def bitmap() -> sa.types.TypeEngine[bytes]:
    """Return a type of bytes without a practical limit; MySQL's BLOB ends at 64 KB."""
    return sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def row_number() -> sa.types.TypeEngine[int]:
    """Return the type of a 64-bit id; SQLite counts up by itself only on a column that is exactly INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def index_where(name: str, *columns: str, where: str) -> sa.Index:
    """Return an index of the rows of that condition only, and of all rows on MySQL, which has no such indexes."""
    return sa.Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
