"""What Airflow's configuration says: the section `[leadway]`, and options of Airflow's own that a task follows."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import AirflowException, conf

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.printable import printable_log

log = printable_log(__name__)

SECTION: Final = "leadway"
LEDGER_DAYS: Final = 90
MAX_IN_FLIGHT: Final = 16
_ONE_MACHINE: Final = ("LocalExecutor", "SequentialExecutor", "DebugExecutor")


def configured_state_conn_id() -> str | None:
    """Return the id of the connection to the state store, or None where none is named."""
    return conf.get(SECTION, "state_conn_id", fallback=None) or None


def configured_ledger_days() -> int:
    """Return how many days the ledger keeps what was delivered.

    Raises:
        ConfigurationError: the option is not a whole number of days, 1 or more.
    """
    return _positive("ledger_days", LEDGER_DAYS)


def configured_max_in_flight() -> int:
    """Return the most calls of a task that wait for an answer at a time.

    Raises:
        ConfigurationError: the option is not a whole number, 1 or more.
    """
    return _positive("max_in_flight", MAX_IN_FLIGHT)


def configured_app_url() -> str | None:
    """Return the address of the CRM's app, without a slash at the end; None where none is set, or it is not an address.

    Only links are made of it, so a wrong value must not end a task; it is logged as a warning.
    """
    url = _app_url()
    if has_wrong_app_url():
        log.warning("app_url in section [%s] of Airflow's configuration is not an http(s) address: %r", SECTION, url)
        return None
    return url or None


def has_wrong_app_url() -> bool:
    """Return True if the address of the CRM's app is set to something that is not an http(s) address."""
    parts = urlsplit(url := _app_url())
    return bool(url) and (parts.scheme not in {"http", "https"} or not parts.netloc)


def default_deferrable() -> bool:
    """Return whether tasks that can leave their worker slot do so, unless a task says otherwise."""
    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def executors_on_many_machines() -> list[str]:
    """Return the names of the configured executors that may run tasks on more than one machine.

    Airflow separates executors by commas and teams by semicolons, and writes `team=executor` and `executor:alias`. An
    executor that this function does not know counts as one of these.
    """
    configured = conf.get("core", "executor", fallback="LocalExecutor")
    paths = [each.rpartition("=")[2].partition(":")[0].strip() for each in re.split("[;,]", configured)]
    return [name for path in paths if path and (name := path.rpartition(".")[2]) not in _ONE_MACHINE]


def _app_url() -> str:
    return (conf.get(SECTION, "app_url", fallback="") or "").strip().rstrip("/")


def _positive(option: str, default: int) -> int:
    value: object = None
    try:
        value = conf.get(SECTION, option, fallback=None)
        number = default if value in (None, "") else int(str(value))
    except (AirflowException, ValueError):
        number = 0
    if number < 1:
        raise ConfigurationError(
            f"{option} in section [{SECTION}] of Airflow's configuration is {value!r}; it must be a whole number, 1 or "
            "more."
        )
    return number
