"""Column types that mean the same on SQLite, PostgreSQL and MariaDB/MySQL."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql


class _Utf8Binary(sa.TypeDecorator[str]):
    """Text kept as its UTF-8 bytes, because MySQL's text collations ignore case or trailing blanks."""

    impl = sa.VARBINARY
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else value.encode()

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else bytes(value).decode()


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time in UTC; naive values are refused, and every database gives back the same instant."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[datetime]:
        """Keep microseconds on MySQL, where DATETIME alone drops them."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Databases without time zones get the UTC wall clock."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the state store must be aware")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Give back an aware time whatever the session's time zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class RunId(sa.TypeDecorator[str]):
    """A run's 32 hexadecimal digits kept as 16 bytes, where there is one in each of millions of rows."""

    impl = sa.LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[bytes]:
        """A length on MySQL's BLOB only picks another type, so it gets VARBINARY."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.VARBINARY(16))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Takes the digits."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Gives the digits back."""
        return None if value is None else bytes(value).hex()


def exact_text(length: int) -> sa.types.TypeEngine[str]:
    """Text of up to that many characters, compared byte for byte: case and trailing blanks matter.

    A variant instead of one TypeDecorator for all: SQLite and PostgreSQL then spend no Python call on each value.
    """
    return (
        sa.String(length)
        .with_variant(sa.String(length, collation="C"), "postgresql")
        .with_variant(_Utf8Binary(4 * length), "mysql", "mariadb")
    )


def document() -> sa.types.TypeEngine[str]:
    """JSON as text without a practical limit; the JSON types would reorder keys or reformat numbers."""
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def fingerprint() -> sa.types.TypeEngine[bytes]:
    """A 16-byte hash; a length on MySQL's BLOB only picks another type, so it gets VARBINARY."""
    return sa.LargeBinary(16).with_variant(mysql.VARBINARY(16), "mysql", "mariadb")


def bitmap() -> sa.types.TypeEngine[bytes]:
    """Bytes without a practical limit; MySQL's BLOB ends at 64 KB."""
    return sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def row_number() -> sa.types.TypeEngine[int]:
    """A 64-bit id; SQLite counts up by itself only on a column that is exactly INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
