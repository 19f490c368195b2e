"""The source database of an Airflow connection, with the names that Airflow's own OpenLineage gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from leadway_provider.lineage.source import SourceDatabase
from leadway_provider.printable import printable_log
from leadway_provider.source.schemas import Schemas

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = printable_log(__name__)

_PORTS: Final[Mapping[str, int]] = {
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mssql": 1433,
    "oracle": 1521,
    "trino": 8080,
}
_SCHEMES: Final[Mapping[str, str]] = {"postgresql": "postgres", "mariadb": "mysql"}
_FILES: Final = frozenset({"sqlite", "duckdb"})
_SCHEMA_IN_DATABASE: Final = frozenset({"snowflake", "trino", "presto"})
"""Backends whose URLs write `database/schema`."""


class _Server(NamedTuple):
    """A server as an address names it; the host is None where it does not name one."""

    host: str | None
    port: int | None
    database: str | None


def source_database(connection: Connection, url: Any) -> SourceDatabase:
    """Return the database of a connection.

    Its names are those of `get_openlineage_database_info` of the connection's hook, so that its tables are the same
    datasets as those of Airflow's own SQL operators. Where the hook has no names, or OpenLineage is not installed, they
    come from the connection and its engine's URL, by the same rules.

    Args:
        connection: the connection.
        url: the SQLAlchemy URL of its engine.
    """
    backend = url.get_backend_name()
    server = _server(connection, url)
    database, schema = server.database or "", ""
    if backend == "bigquery":
        database, schema = url.host or "", database
    elif backend in _SCHEMA_IN_DATABASE:
        database, _, schema = database.partition("/")
    namespace = _namespace(backend, server)
    info = _info(connection)
    if info and (info.authority or info.scheme == "bigquery"):
        namespace = "://".join(filter(None, (info.scheme, info.authority)))
        database = info.database or database
    return SourceDatabase(
        backend,
        namespace or f"airflow-connection://{connection.conn_id}",
        database or None,
        Schemas(schema or None),
        named=namespace is not None,
    )


def _info(connection: Connection) -> Any:
    """Return what the connection's hook says to OpenLineage, or None where it says nothing."""
    try:
        hook: Any = connection.get_hook()  # type: ignore[no-untyped-call]  # Airflow gives it no types
        return hook.get_openlineage_database_info(connection)
    except Exception as error:  # noqa: BLE001 - whatever a hook of another provider raises must not fail a sync
        log.debug(
            "The hook of connection %s has no names for OpenLineage: %s", connection.conn_id, type(error).__name__
        )
        return None


def _namespace(backend: str, server: _Server) -> str | None:
    """Return the namespace by OpenLineage's naming rules, or None where the server is not known.

    OpenLineage has no rule for SQLite and DuckDB: there it is the file's path, as in OpenLineage's dbt integration.
    """
    scheme = _SCHEMES.get(backend, backend)
    if backend == "bigquery":
        return scheme
    if backend in _FILES:
        return f"{scheme}://{server.database or ':memory:'}"
    if not server.host or "\\" in server.host:  # a named instance of SQL Server has a port that only the server knows
        return None
    port = server.port or _PORTS.get(backend)
    return f"{scheme}://{server.host.lower()}:{port}" if port else f"{scheme}://{server.host.lower()}"


def _server(connection: Connection, url: Any) -> _Server:
    """Return the server that an engine connects to. Where the URL of ODBC or JDBC hides it, the connection has it."""
    written = connection.host or ""
    if written.lower().startswith("jdbc:"):
        return _jdbc_server(written, connection.schema)
    if url.host or url.get_backend_name() in _FILES:
        return _Server(url.host, url.port, url.database)
    host, _, port = written.removeprefix("tcp:").partition(",")  # as ODBC writes a port
    if host:
        port_of_host = int(port) if port.isdigit() else None
        return _Server(host, port_of_host or connection.port, url.database or connection.schema)
    return _Server(None if url.query else "localhost", url.port, url.database)


def _jdbc_server(address: str, schema: str | None) -> _Server:
    """Return the server of an address such as `jdbc:postgresql://host:5432/database` or `…;databaseName=database`."""
    location, *options = address[len("jdbc:") :].split(";")
    try:
        parts = urlsplit(location)
        host, port = parts.hostname, parts.port
    except ValueError:
        return _Server(None, None, None)
    named = [value for key, _, value in (each.partition("=") for each in options) if key.lower() == "databasename"]
    return _Server(host, port, (named or [parts.path.strip("/")])[0] or schema)
