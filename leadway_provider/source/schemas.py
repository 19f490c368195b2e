"""The schemas in which a database finds the tables that a query names without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from leadway_provider.printable import printable_log
from leadway_provider.source.encoding import speak_unicode

log = printable_log(__name__)

_SEARCH_PATHS: Final = frozenset({"postgresql", "redshift", "cockroachdb"})
"""Backends that look a table up in several schemas, and have PostgreSQL's catalogue."""
_VISIBLE: Final = sa.text(
    "SELECT c.relname, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname IN :names AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.pg_table_is_visible(c.oid)"
).bindparams(sa.bindparam("names", expanding=True))


@dataclass(frozen=True, slots=True)
class Schemas:
    """Where tables are that a query names without a schema.

    Attributes:
        default: the connection's default schema, or None where it is not known or the database has none.
        found: the schema of each table that the database finds by its search path.
    """

    default: str | None = None
    found: Mapping[str, str] = field(default_factory=dict)


def find_schemas(engine: sa.Engine, tables: Collection[str]) -> Schemas:
    """Return the schemas of tables. A database that can't be asked is not an error: then less is known.

    Args:
        engine: the source.
        tables: names of tables, without schemas, in the database's own case.
    """
    searches = bool(tables) and engine.dialect.name in _SEARCH_PATHS
    if engine.dialect.default_schema_name is not None and not searches:
        return Schemas(engine.dialect.default_schema_name)
    speak_unicode(engine)
    try:
        with engine.connect() as connection:
            rows = connection.execute(_VISIBLE, {"names": sorted(tables)}) if searches else ()
            found = {name: schema for name, schema in rows}  # noqa: C416 - dict() does not take rows
    except sa.exc.SQLAlchemyError as error:
        log.debug("The source does not say where its tables are: %s", type(error).__name__)
        found = {}
    return Schemas(engine.dialect.default_schema_name, found)
