"""An Airflow connection of type `leadway`, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.hooks.secrecy import mask
from leadway_provider.printable import printable_log

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = printable_log(__name__)


def read_settings(
    connection: Connection, conn_id: str, *, conn_type: str, location_id: str | None
) -> ConnectionSettings:
    """Return what a connection says; its secrets are masked in Airflow's logs from then on.

    Args:
        connection: the connection.
        conn_id: its id, for messages.
        conn_type: the type that it must have, where it has one.
        location_id: the account, instead of the one that the connection names.

    Raises:
        ConnectionSettingsError: the connection holds something that can't be used.
    """
    if connection.conn_type not in (None, "", conn_type):
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} is of type {connection.conn_type!r}, and must be of type {conn_type!r}: correct "
            "its type, or name another connection in leadway_conn_id."
        )
    extra = _extra(connection.extra, conn_id)
    mask(connection.password, extra.get("proxy"), extra.get("refresh_token"), extra)
    settings = ConnectionSettings.from_connection(
        conn_id,
        schema=connection.schema,
        host=connection.host,
        port=connection.port,
        login=connection.login,
        password=connection.password,
        extra=extra,
        location_id=location_id,
    )
    mask(*settings.secrets)
    if settings.verify is False:
        log.warning(
            "Connection %r: the server's certificate is not checked, because its extra `verify` is false: anybody on "
            "the network path can read the token and every contact. Set it to the path of the certificates to check "
            "against instead.",
            conn_id,
        )
    return settings


def _extra(text: str | None, conn_id: str) -> Mapping[str, Any]:
    try:
        extra = json.loads(text or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        # The parser's error is not quoted, because the text may hold secrets.
        raise ConnectionSettingsError(f"Connection {conn_id!r}: its extra is not a JSON object; correct it there.")
    return extra
