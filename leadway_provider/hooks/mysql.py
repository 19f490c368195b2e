"""The way to MySQL and MariaDB, with the driver that the connection's extra `client` names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.source.engine import Address, Connect

_UNICODE: Final = "utf8mb4"
"""MySQL's name of the charset that has every character."""
_TLS_MODES: Final = frozenset({"REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"})
_TLS_FILES: Final = frozenset({"ssl_ca", "ssl_capath", "ssl_cert", "ssl_cipher", "ssl_key"})
_TLS_CHECKS: Final = frozenset({"ssl_verify_cert", "ssl_verify_identity"})

_HOOK: Final = frozenset({"client", "cursor", "init_command", "local_infile", "iam", "aws_conn_id"})
"""Extras of Airflow's hook; `cursor` changes only what a hook's own methods return."""

_HONOURED: Final[Mapping[str, frozenset[str]]] = {
    "mysqlclient": frozenset({"charset", "ssl", "ssl_mode", "unix_socket"}),
    "mysql-connector-python": frozenset({"ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"}) | _TLS_FILES,
    "pymysql": frozenset({"charset", "ssl", "unix_socket", "connect_timeout", "read_timeout", "write_timeout"})
    | _TLS_FILES - {"ssl_capath", "ssl_cipher"}
    | _TLS_CHECKS,
}
"""The extras that hold with each driver: those that the hook's `get_conn` passes on, and for pymysql, which the hook
offers in its SQLAlchemy URL only, those of the driver."""

_DRIVERS: Final = {"mysqlclient": "mysqldb", "mysql-connector-python": "mysqlconnector", "pymysql": "pymysql"}

_OF_SOME_DRIVER: Final = frozenset(
    {
        *("auth_plugin", "charset", "client_flag", "collation", "compress", "connect_timeout", "connection_timeout"),
        *("read_default_file", "read_default_group", "read_timeout", "sql_mode", "ssl", "ssl_disabled", "ssl_mode"),
        *("time_zone", "unix_socket", "use_unicode", "write_timeout"),
    }
)
"""Extras that somebody may expect to hold; any other that no driver knows says nothing of the connection."""


def mysql_way(hook: Any, connection: Any) -> tuple[Address, Connect]:
    """Return address and connections of an Airflow hook for MySQL.

    Raises:
        ConnectionSettingsError: an extra can't be honoured.
    """
    extra = connection.extra_dejson
    client = extra.get("client", "mysqlclient")
    if client not in _DRIVERS:
        raise ConnectionSettingsError(
            f"Connection {connection.conn_id!r}: its extra `client` is {client!r}; it is one of {', '.join(_DRIVERS)}."
        )
    _refuse_what_is_lost(connection.conn_id, client, extra)
    hook.init_command = hook.init_command or extra.get("init_command")
    address = Address(
        f"mysql+{_DRIVERS[client]}",
        connection.host or "localhost",
        int(connection.port) if connection.port else None,
        hook.schema or connection.schema or None,
    )
    connect = _pymysql(hook, extra) if client == "pymysql" else hook.get_conn
    return address, _checked(connect, connection.conn_id, client, extra)


def _refuse_what_is_lost(conn_id: str, client: str, extra: Mapping[str, Any]) -> None:
    candidates = {name for name, value in extra.items() if value and (name in _OF_SOME_DRIVER or name[:4] == "ssl_")}
    if lost := sorted(candidates - _HONOURED[client] - _HOOK):
        advice = "Remove it, or choose another driver in the extra `client`"
        if client == "mysqlclient" and any(name in _TLS_FILES for name in lost):
            advice = 'Write it as {"ssl": {"ca": …, "cert": …, "key": …}}'
        raise ConnectionSettingsError(
            f"Connection {conn_id!r}: Airflow's hook does not pass its extra {', '.join(f'`{name}`' for name in lost)} "
            f"to {client}. {advice}."
        )
    if client == "mysql-connector-python" and extra.get("ssl_ca") and not extra.get("ssl_verify_cert"):
        raise ConnectionSettingsError(
            f"Connection {conn_id!r}: with its extra `ssl_ca` alone, {client} does not check the server's certificate. "
            'Add {"ssl_verify_cert": true}.'
        )


def _asks_for_tls(extra: Mapping[str, Any]) -> bool:
    return bool(
        extra.get("ssl")
        or str(extra.get("ssl_mode", "")).upper() in _TLS_MODES
        or any(extra.get(name) for name in _TLS_FILES | _TLS_CHECKS)
    )


def _checked(connect: Connect, conn_id: str, client: str, extra: Mapping[str, Any]) -> Connect:
    """Return connections that speak all of Unicode, have plain cursors, and TLS where the connection asks for it."""

    def connect_and_check() -> Any:
        opened = connect()
        if client == "mysqlclient":
            opened.cursorclass = opened.default_cursor
        _speak_unicode(opened, client)
        if _asks_for_tls(extra) and not _is_encrypted(opened):
            opened.close()
            raise ConnectionSettingsError(
                f"Connection {conn_id!r} asks for TLS, and {client} got a connection without it: the server offers "
                "none. Turn TLS on in the server."
            )
        return opened

    return connect_and_check


def _speak_unicode(connection: Any, client: str) -> None:
    """Let driver and session speak all of Unicode; for a character that their charset lacks, the server writes `?`."""
    driver = connection.character_set_name() if client == "mysqlclient" else connection.charset
    session = _rows(connection, "SELECT @@character_set_client, @@character_set_connection, @@character_set_results")
    if {driver, *session[0]} != {_UNICODE}:
        choose = (
            connection.set_charset_collation if client == "mysql-connector-python" else connection.set_character_set
        )
        choose(_UNICODE)


def _is_encrypted(connection: Any) -> bool:
    return any(cipher for _, cipher in _rows(connection, "SHOW STATUS LIKE 'Ssl_cipher'"))


def _rows(connection: Any, sql: str) -> Sequence[Sequence[Any]]:
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
    finally:
        cursor.close()
    return rows


def _pymysql(hook: Any, extra: Mapping[str, Any]) -> Connect:
    def connect() -> Any:
        import pymysql  # noqa: PLC0415 - only these connections need it

        connection = hook.connection
        password = connection.password or ""
        port = connection.port or 3306
        if extra.get("iam"):
            password, port = hook.get_iam_token(connection)
        tls = extra.get("ssl")
        options = {name: value for name, value in extra.items() if value and name in _HONOURED["pymysql"]}
        if tls:
            options["ssl"] = json.loads(tls) if isinstance(tls, str) else tls
        return pymysql.connect(
            user=connection.login,
            password=password,
            host=connection.host or "localhost",
            port=int(port),
            database=hook.schema or connection.schema or None,
            init_command=hook.init_command,
            local_infile=bool(hook.local_infile),
            **{"charset": _UNICODE} | options,
        )

    return connect
