"""Whether a triggerer is alive: without one, a task that has left its worker slot never continues."""

from __future__ import annotations

import json
import ssl
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from airflow.providers.common.compat.sdk import conf

from leadway_provider.printable import printable_log

log = printable_log(__name__)

_EXECUTION_API: Final = "/execution/"
_TIMEOUT: Final = 3.0


def warn_without_triggerer() -> None:
    """Log a warning if Airflow's API server says that no triggerer is alive.

    A worker has no other way to know it: it can't read Airflow's database, and the API of its supervisor says nothing
    of triggerers. The server's health page needs no token. Where the server can't be asked, as in `dag.test()`, which
    runs triggers itself, nothing is logged.
    """
    if (health := _health()) is None:
        return
    triggerer = health.get("triggerer")
    if not isinstance(triggerer, dict) or triggerer.get("status") == "healthy":
        return
    last = triggerer.get("latest_triggerer_heartbeat")
    log.warning(
        "No triggerer is alive (%s), so this task will not continue before one is: start `airflow triggerer`. With "
        "deferrable=False a task waits in its worker slot instead.",
        f"the last heartbeat was at {last}" if last else "none has ever run",
    )


def _health() -> dict[str, Any] | None:
    """Return what the API server says of Airflow's parts, or None where it does not answer as expected."""
    url = _health_url()
    if urlsplit(url).scheme not in ("http", "https"):
        return None
    try:
        context = ssl.create_default_context()
        if certificate := conf.get("api", "ssl_cert", fallback=None):  # as Airflow's own client of the server does
            context.load_verify_locations(certificate)
        request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme is checked above
        with urlopen(request, timeout=_TIMEOUT, context=context) as answer:  # noqa: S310 - the same
            health = json.load(answer)
    except (OSError, ValueError) as error:
        log.debug("Airflow's health page can't be read: %s", type(error).__name__)
        return None
    return health if isinstance(health, dict) and health.get("metadatabase", {}).get("status") == "healthy" else None


def _health_url() -> str:
    """Return the address of the health page, beside that of the API which Airflow's workers use."""
    base = conf.get("api", "base_url", fallback="") or "http://localhost:8080"
    if base.startswith("/"):
        base = f"http://localhost:8080{base}"
    execution_api = conf.get("core", "execution_api_server_url", fallback="") or f"{base.rstrip('/')}{_EXECUTION_API}"
    return f"{execution_api.rstrip('/').removesuffix(_EXECUTION_API.rstrip('/'))}/api/v2/monitor/health"
