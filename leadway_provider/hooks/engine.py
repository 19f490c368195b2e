"""The engine of an Airflow connection: its database is reached as Airflow's own hook reaches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from leadway_provider.exceptions import (
    ConnectionSettingsError,
    LeadwayError,
    SourceUnavailableError,
    TransientError,
)
from leadway_provider.hooks.mysql import mysql_way
from leadway_provider.hooks.postgres import postgres_way
from leadway_provider.source.engine import (
    Address,
    Connect,
    Engine,
    Translate,
    engine_over,
    prefer_connection,
    sqlite_engine,
)

_TO_CORRECT: Final = (
    *(ArithmeticError, AttributeError, ImportError, LookupError, NotImplementedError, RuntimeError, TypeError),
    *(ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
)
"""Errors of a hook that come again until somebody corrects the connection; any other may pass by itself."""

_REFUSED: Final = frozenset({"ArgumentError", "AirflowException", "ProgrammingError", "NotSupportedError"})
"""More of them, by name: SQLAlchemy's, Airflow's, and those of drivers, which are not imported here."""

_NOT_INSTALLED: Final = frozenset({"AirflowOptionalProviderFeatureException", "NoSuchModuleError"})

_LONGEST: Final = 300

_WITHOUT_HOOK: Final = (None, "", "email", "generic")
"""Types that Airflow's own form offers, and that nothing can be reached with."""


def sql_engine(
    conn_id: str,
    hook_params: Mapping[str, object] | None = None,
    *,
    unavailable: type[TransientError] = SourceUnavailableError,
) -> Engine:
    """Return an engine on the database of a connection; nothing is connected yet.

    Its connections are those of the hook's `get_conn`: so all holds that the connection says of schema, TLS, session
    and options. What the hook would leave out without a word is an error.

    Args:
        conn_id: the Airflow connection.
        hook_params: arguments of its hook, as in the SQL operators of Airflow.
        unavailable: what is raised where a hook fails to connect for a reason that may pass.

    Raises:
        ConfigurationError: the connection or its hook is missing or can't be used.
    """
    hook, connection = _hook(conn_id, hook_params)

    def translate(error: Exception) -> Exception:
        return _translated(error, conn_id, hook, connection, unavailable)

    try:
        return _engine(hook, connection, translate)
    except Exception as error:  # noqa: BLE001 - a hook may raise anything
        raise translate(error) from None


def _hook(conn_id: str, hook_params: Mapping[str, object] | None) -> tuple[Any, Any]:
    from airflow.providers.common.compat.sdk import (  # noqa: PLC0415 - a SQLite file needs no Airflow
        AirflowException,
        AirflowNotFoundException,
        BaseHook,
    )

    try:
        connection: Any = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} does not exist: create it in Airflow, or correct the id."
        ) from None
    if connection.conn_type in _WITHOUT_HOOK:
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} is of type {connection.conn_type!r}, which has no hook: give it the type of a SQL "
            "database, such as 'postgres', and install Airflow's provider for that type."
        )
    if connection.conn_type == "jdbc":
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} is of type 'jdbc', which is not supported: use the connection type of the "
            "database itself, or 'odbc'."
        )
    try:
        return connection.get_hook(hook_params=dict(hook_params or {})), connection
    except (AirflowException, ImportError) as error:
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} is of type {connection.conn_type!r}, and its hook can't be loaded: "
            f"{_first_line(error, connection)}. Install Airflow's provider for this type and the driver that it "
            "needs, or correct the type."
        ) from None
    except Exception as error:  # noqa: BLE001 - a hook may raise anything
        raise ConnectionSettingsError(
            f"Connection {conn_id!r}: its hook can't be made: {_first_line(error, connection)} "
            f"({type(error).__name__}). Correct hook_params or the connection."
        ) from None


def _engine(hook: Any, connection: Any, translate: Translate) -> Engine:
    kind = getattr(hook, "conn_type", connection.conn_type)
    if kind == "sqlite":
        return sqlite_engine(hook.get_uri(), translate)
    if way := _WAYS.get(kind):
        address, connect = way(hook, connection)
        return engine_over(address, connect, translate)
    if not hasattr(hook, "get_sqlalchemy_engine"):
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id!r} is of type {connection.conn_type!r}, whose hook has no SQLAlchemy "
            "engine; it must be of the type of a SQL database, such as 'postgres': correct its type, or name another "
            "connection."
        )
    engine: Engine = hook.get_sqlalchemy_engine()
    engine.hide_parameters = True
    if getattr(hook, "connector", None) or "get_conn" in vars(type(hook)):
        prefer_connection(engine, hook.get_conn, translate)
    return engine


def _duckdb(hook: Any, _connection: Any) -> tuple[Address, Connect]:
    # A MotherDuck address holds its token.
    database: str = hook.get_database().partition("?")[0]
    return Address("duckdb+hook", database=database), hook.get_conn


def _odbc(hook: Any, connection: Any) -> tuple[Address, Connect]:
    host = connection.host or hook.dsn
    return Address(hook.sqlalchemy_scheme, host, connection.port or None, hook.database or None), hook.get_conn


def _snowflake(hook: Any, connection: Any) -> tuple[Address, Connect]:
    extra = connection.extra_dejson

    def chosen(name: str) -> str | None:
        found: str | None = getattr(hook, name, None) or extra.get(name) or extra.get(f"extra__snowflake__{name}")
        return found

    names = (chosen("database"), hook.schema or connection.schema)
    return Address("snowflake+hook", chosen("account"), database="/".join(filter(None, names)) or None), hook.get_conn


_WAYS: Final[Mapping[str, Callable[[Any, Any], tuple[Address, Connect]]]] = {
    "duckdb": _duckdb,
    "mysql": mysql_way,
    "odbc": _odbc,
    "postgres": postgres_way,
    "snowflake": _snowflake,
}
"""How the hooks of a connection type are used; any other is asked for its SQLAlchemy engine."""


def _translated(
    error: Exception, conn_id: str, hook: Any, connection: Any, unavailable: type[TransientError]
) -> Exception:
    if isinstance(error, LeadwayError):
        return error
    said = f"Connection {conn_id!r}: {type(hook).__name__} can't connect: {_first_line(error, connection)}"
    if isinstance(error, ImportError) or type(error).__name__ in _NOT_INSTALLED or _names_a_package(error):
        return ConnectionSettingsError(f"{said}. Install the driver or the dialect that it needs.")
    if isinstance(error, _TO_CORRECT) or type(error).__name__ in _REFUSED:
        return ConnectionSettingsError(f"{said} ({type(error).__name__}). Correct the connection or hook_params.")
    return unavailable(f"{said} ({type(error).__name__}). See that the database is up; then let the task try again.")


def _names_a_package(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and "pip install" in str(error)


def _first_line(error: Exception, connection: Any) -> str:
    """Return the first line of an error, without the connection's password."""
    line = str(error).strip().partition("\n")[0][:_LONGEST].rstrip(". ") or type(error).__name__
    return line.replace(connection.password, "***") if connection.password else line
