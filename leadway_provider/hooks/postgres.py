"""The way to PostgreSQL: every option of libpq that the connection names, with the driver that it chooses."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.source.engine import Address, Connect

_DRIVERS: Final = {"postgresql+psycopg": "psycopg", "postgresql+psycopg2": "psycopg2"}


def postgres_way(hook: Any, connection: Any) -> tuple[Address, Connect]:
    """Return address and connections of an Airflow hook for PostgreSQL.

    The extra `sqlalchemy_query` holds as the other extras do, and `sqlalchemy_scheme` chooses between psycopg 3 and
    psycopg2. The extra `cursor` changes only what a hook's own methods return, so it is left aside.

    Raises:
        ConnectionSettingsError: an extra can't be honoured.
    """
    own = "psycopg" if _uses_psycopg3() else "psycopg2"
    scheme = getattr(hook, "sqlalchemy_scheme", "postgresql")
    driver = own if scheme == "postgresql" else _DRIVERS.get(scheme)
    if driver is None or (driver == "psycopg" and own == "psycopg2"):
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id!r}: its extra `sqlalchemy_scheme` is {scheme!r}, which can't be used "
            f"here: leave it out for {own}, or use 'postgresql+psycopg2'."
        )
    options = _options(connection)
    address = Address(
        f"postgresql+{driver}",
        connection.host or None,
        int(connection.port) if connection.port else None,
        hook.database or connection.schema or None,
    )
    hook.connection.extra = json.dumps(options)
    return address, hook.get_conn if driver == own else _psycopg2(hook, options)


def _options(connection: Any) -> dict[str, Any]:
    """Return the extras of a connection, those for SQLAlchemy's URL included."""
    extra = dict(connection.extra_dejson)
    extra.pop("cursor", None)
    query = extra.pop("sqlalchemy_query", None) or {}
    if not isinstance(query, dict):
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id!r}: its extra `sqlalchemy_query` must be an object of options and values."
        )
    for name, value in query.items():
        if str(extra.setdefault(name, value)) != str(value):
            raise ConnectionSettingsError(
                f"Connection {connection.conn_id!r}: its extras `{name}` and `sqlalchemy_query` say different things "
                f"for {name}: leave one out."
            )
    return extra


def _uses_psycopg3() -> bool:
    # The hook exists, so its module is loaded; before version 6.5 it has no such name.
    return bool(getattr(sys.modules.get("airflow.providers.postgres.hooks.postgres"), "USE_PSYCOPG3", False))


def _psycopg2(hook: Any, options: dict[str, Any]) -> Connect:
    """Return connections of psycopg2 with what the hook would give to psycopg 3; both pass options on to libpq."""

    def connect() -> Any:
        import psycopg2  # noqa: PLC0415 - most connections don't need it

        connection = hook.connection
        login, password, port = connection.login, connection.password, connection.port
        if options.get("iam"):
            login, password, port = hook.get_iam_token(connection)
        arguments = {
            "host": connection.host,
            "user": login,
            "password": password,
            "dbname": hook.database or connection.schema,
            "port": port,
            "options": hook.options,
        }
        known = {name: value for name, value in arguments.items() if value}
        extra = {name: value for name, value in options.items() if name not in hook.ignored_extra_options}
        return psycopg2.connect(**known | extra)

    return connect
