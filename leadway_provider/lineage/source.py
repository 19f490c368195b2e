"""The source database and its tables, named as OpenLineage names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from leadway_provider.lineage.query import Table

_DEFAULT_PORTS: Final[Mapping[str, int]] = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_SCHEMES: Final[Mapping[str, str]] = {"postgresql": "postgres", "mariadb": "mysql"}
_ONE_SCHEMA: Final = frozenset({"mysql", "mariadb"})
"""Databases whose databases are their schemas."""
_FILES: Final = frozenset({"sqlite", "duckdb"})


class DatasetName(NamedTuple):
    """A dataset's place in the world of OpenLineage."""

    namespace: str
    name: str

    @property
    def uri(self) -> str:
        """The same as an Airflow asset's URI."""
        scheme, _, rest = self.namespace.partition("://")
        return f"{scheme}://{'/'.join(filter(None, (rest, self.name.replace('.', '/'))))}"


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """Where the query runs.

    Attributes:
        backend: its name in a SQLAlchemy URL: `postgresql`, `mysql`, `mariadb`, `sqlite`, `snowflake`, `bigquery`,
            `duckdb`, or another.
        host: the server; Snowflake's account, BigQuery's project.
        port: the server's port, or None for its usual one.
        database: the database, a file's path, or the BigQuery dataset; for Snowflake it may be `database/schema`.
        schema: where tables are looked up that the query names without a schema, as far as it is known.
    """

    backend: str
    host: str | None = None
    port: int | None = None
    database: str | None = field(default=None, repr=False)
    schema: str | None = None

    @property
    def namespace(self) -> str:
        """The datasource, by the specification's rules for PostgreSQL, MySQL, Snowflake and BigQuery.

        It has none for SQLite and DuckDB: there it is the file's path, as OpenLineage's dbt integration does.
        """
        scheme = _SCHEMES.get(self.backend, self.backend)
        if self.backend == "bigquery":
            return scheme
        if self.backend in _FILES:
            return f"{scheme}://{self.database or ':memory:'}"
        port = self.port or _DEFAULT_PORTS.get(self.backend)
        host = self.host or "localhost"
        return f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"

    @property
    def lacks_schema(self) -> bool:
        """Whether tables without a schema can't be named yet."""
        return self.schema is None and self.backend not in _ONE_SCHEMA | _FILES | {"bigquery"}

    def table(self, table: Table) -> DatasetName:
        """A table that the query names, with what it leaves out filled in."""
        parts = [*self._parents(table), table.name]
        return DatasetName(self.namespace, ".".join(filter(None, parts)))

    def result(self, sync: str) -> DatasetName:
        """The query's own result: it stands for tables that can't be told."""
        return DatasetName(self.namespace, f"{sync}.query")

    def _parents(self, table: Table) -> tuple[str | None, ...]:
        if self.backend in _ONE_SCHEMA:
            return (table.schema or self.database,)
        if self.backend == "sqlite":
            return (table.schema,)
        if self.backend == "bigquery":
            return table.catalog or self.host, table.schema or self.database
        if self.backend == "snowflake":
            # The account folds names to capitals, and tells the default schema in small letters.
            database, _, schema = (self.database or "").upper().partition("/")
            return table.catalog or database, table.schema or schema or (self.schema or "public").upper()
        if self.backend == "duckdb":
            return table.catalog or _stem(self.database), table.schema or self.schema or "main"
        return table.catalog or self.database, table.schema or self.schema or "public"


def _stem(path: str | None) -> str:
    """What DuckDB calls the database in a file."""
    return path.rsplit("/", 1)[-1].partition(".")[0] if path and path != ":memory:" else "memory"
