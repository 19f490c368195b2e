"""The source database and its tables, named as OpenLineage names them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from leadway_provider.lineage.origin import Table
from leadway_provider.source.schemas import Schemas

_ONE_SCHEMA: Final = frozenset({"mysql", "mariadb"})
"""Backends in which a database and a schema are the same thing."""
_CAPITALS: Final = frozenset({"snowflake", "oracle"})
"""Backends that write names in capitals, but whose dialects give the default schema in lower case."""
_ALL_CAPITALS: Final = frozenset({"snowflake"})
"""Backends all of whose names Airflow's own OpenLineage writes in capitals, quoted ones too."""
_FIRST_SCHEMA: Final = {"mssql": "dbo"}
"""The schema of a table without one where the database does not say it, or where it is another database's table."""


class DatasetName(NamedTuple):
    """The namespace and name by which OpenLineage identifies a dataset."""

    namespace: str
    name: str

    @property
    def uri(self) -> str:
        """The dataset as the URI of an Airflow asset."""
        scheme, _, rest = self.namespace.partition("://")
        return f"{scheme}://{'/'.join(filter(None, (rest, self.name.replace('.', '/'))))}"


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """Where the query runs.

    Attributes:
        backend: its name in a SQLAlchemy URL: `postgresql`, `mysql`, `mariadb`, `sqlite`, `snowflake`, `bigquery`,
            `duckdb`, or another.
        namespace: the namespace of its datasets.
        database: the database that the connection names, where tables are looked up; a file's path; BigQuery's project.
        schemas: where the database finds tables that the query names without a schema.
        named: whether the connection shows which database it is. If not, its tables can't be named.
    """

    backend: str
    namespace: str
    database: str | None = field(default=None, repr=False)
    schemas: Schemas = field(default_factory=Schemas)
    named: bool = True

    @property
    def lacks_schema(self) -> bool:
        """Whether the default schema is still unknown and the names of tables need it."""
        return self.schemas.default is None and self.backend not in {*_ONE_SCHEMA, "sqlite", "duckdb", "bigquery"}

    def where(self, schemas: Schemas) -> SourceDatabase:
        """Return the same database with what it has said of its schemas."""
        return replace(self, schemas=Schemas(schemas.default or self.schemas.default, schemas.found))

    def table(self, table: Table) -> DatasetName:
        """Return the dataset of a table that the query names. Parts that the query leaves out are filled in."""
        name = ".".join(filter(None, [*self._parents(table), table.name]))
        return DatasetName(self.namespace, name.upper() if self.backend in _ALL_CAPITALS else name)

    def result(self, sync: str) -> DatasetName:
        """Return the dataset of the query's own result. It stands for tables that can't be determined."""
        return DatasetName(self.namespace, f"{sync}.query")

    def _parents(self, table: Table) -> tuple[str | None, ...]:
        own = None if table.catalog else self.schemas.found.get(table.name) or self.schemas.default
        schema = table.schema or own
        if self.backend in _ONE_SCHEMA:
            return (table.schema or self.database,)
        if self.backend == "sqlite":
            return (table.schema,)
        if self.backend == "bigquery":
            return table.catalog or self.database, schema
        if self.backend == "duckdb":
            return table.catalog or _stem(self.database), schema or "main"
        if self.backend in _CAPITALS:
            return table.catalog or _upper(self.database), table.schema or _upper(schema or "public")
        return table.catalog or self.database, schema or _FIRST_SCHEMA.get(self.backend, "public")


def _upper(name: str | None) -> str | None:
    return name.upper() if name else None


def _stem(path: str | None) -> str:
    """Return the name that DuckDB gives to the database in a file."""
    return path.rsplit("/", 1)[-1].partition(".")[0] if path and path != ":memory:" else "memory"
