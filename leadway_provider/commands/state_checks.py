"""The checks of the state store, and the versions of the software."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from typing import Final

from leadway_provider import __version__
from leadway_provider.commands.check_result import CheckResult, failed, ok, warning
from leadway_provider.exceptions import ConfigurationError, LeadwayError, StateMissingError
from leadway_provider.hooks.configuration import (
    configured_ledger_days,
    configured_max_in_flight,
    configured_state_conn_id,
    executors_on_many_machines,
    has_wrong_app_url,
)
from leadway_provider.hooks.database import default_file, open_state_for_reading, require_writable_state
from leadway_provider.hooks.secrecy import can_encrypt
from leadway_provider.words import counted

_PACKAGES: Final = ("apache-airflow", "sqlalchemy")
_NO_KEY: Final = "Set [core] fernet_key in Airflow's configuration, the same on every machine, before the first run."


def check_state(conn_id: str | None) -> Iterator[CheckResult]:
    """Return what is found of the state store, and of the key that its hashes and tokens are kept with."""
    conn_id = conn_id or configured_state_conn_id()
    name = f"connection {conn_id}" if conn_id else str(default_file())
    yield _state_store(conn_id, name)
    if conn_id is None and (executors := executors_on_many_machines()):
        yield warning(
            "state store",
            f"it is a file of this machine, and {', '.join(executors)} may run tasks on other machines.",
            "Set state_conn_id in the section [leadway] to a database that all machines reach.",
        )
    if can_encrypt():
        yield ok("fernet key", "Airflow has one: hashes of e-mails and phones, and OAuth tokens, are kept with it.")
    else:
        yield warning("fernet key", "Airflow has none: hashes of e-mails and phones can be found by trying.", _NO_KEY)


def _state_store(conn_id: str | None, name: str) -> CheckResult:
    try:
        require_writable_state(conn_id)
        with closing(open_state_for_reading(conn_id)) as reader:
            syncs = len(reader.syncs().known())
    except StateMissingError:
        return warning("state store", f"{name} has no tables yet.", "The first run of a sync creates them.")
    except LeadwayError as error:
        return failed("state store", str(error))
    return ok("state store", f"{name} has {counted(syncs, 'sync')}, and its tables are up to date.")


def check_configuration() -> Iterator[CheckResult]:
    """Return what is wrong with the section `[leadway]` of Airflow's configuration, except `state_conn_id`."""
    for option in (configured_ledger_days, configured_max_in_flight):
        try:
            option()
        except ConfigurationError as error:
            yield failed("configuration", str(error))
    if has_wrong_app_url():
        yield warning(
            "configuration",
            "app_url in section [leadway] is not an http(s) address, so there are no links to the CRM.",
            "Give an address such as https://app.example.com, or leave the option out.",
        )


def check_versions() -> CheckResult:
    """Return the versions that a report of a problem should name."""
    others = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return ok("versions", f"leadway-provider {__version__}, {others}, python {platform.python_version()}.")
