"""The page about sources lists the connection types, drivers and extras that the code knows."""

from __future__ import annotations

from typing import Final

import pytest

from leadway_provider.hooks import engine, mysql, postgres
from leadway_provider.store.database import STATE_DIALECTS
from tests.docs.page import quoted, read, table

PAGE: Final = read("docs/sources.md")
NAMES: Final = {"postgresql": "PostgreSQL", "mysql": "MariaDB, MySQL", "sqlite": "SQLite"}
DRIVERS: Final = table(PAGE, "Database", "Driver", "Chosen by", "Source", "State store and tokens")


def test_every_connection_type_of_our_own_is_on_the_page() -> None:
    """The types whose hooks are used in a way of their own, SQLite, and the one that is refused."""
    listed = [
        quoted(kind)[0] for kind, _, _ in table(PAGE, "Connection type", "Provider", "What of the connection holds")
    ]

    assert sorted(listed) == sorted({*engine._WAYS, "sqlite", "jdbc"})


@pytest.mark.parametrize("client", mysql._DRIVERS)
def test_the_extras_that_hold_are_those_of_the_code(client: str) -> None:
    """For each driver of MySQL; `init_command` is an argument of the hook."""
    [extras] = [
        held for clients, held in table(PAGE, "Extra `client`", "Extras that hold") if client in quoted(clients)
    ]
    parts = {"ca", "cert", "key"}

    assert {name for name in quoted(extras) if name not in parts} == mysql._HONOURED[client] | {"init_command"}


def test_every_driver_that_can_be_chosen_is_on_the_page() -> None:
    """Those of the extras `sqlalchemy_scheme` and `client`."""
    listed = {quoted(driver)[0] for _, driver, *_ in DRIVERS}

    assert set(postgres._DRIVERS.values()) | set(mysql._DRIVERS.values()) <= listed


def test_the_state_is_kept_where_the_page_says() -> None:
    """No more and no fewer databases than the store accepts; it accepts MariaDB under both of its names."""
    listed = {database for database, *_, state in DRIVERS if state == "yes"}

    assert listed == {NAMES[name] for name in STATE_DIALECTS - {"mariadb"}}
