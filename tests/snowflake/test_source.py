"""Snowflake as a source, played by fakesnow, through Airflow's own hook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import fakesnow
import pytest
import snowflake.connector
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.hooks.engine import sql_engine
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Warehouse, sync

SQL = "SELECT id, email FROM customers ORDER BY id"


@pytest.fixture
def snowflake_account(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A database of three customers in capitals, as Snowflake writes names, and a connection to it."""
    del warehouse  # it makes the connections to the account and to the state, and one to SQLite that is replaced
    extra = {"account": "ab12345", "warehouse": "SMALL", "database": "SHOP", "session_parameters": {"QUERY_TAG": "crm"}}
    connection = {"conn_type": "snowflake", "login": "loader", "password": "secret", "schema": "PUBLIC", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    with fakesnow.patch():
        with snowflake.connector.connect(database="SHOP", schema="PUBLIC") as made:
            cursor = made.cursor()
            cursor.execute("CREATE TABLE customers (id INTEGER, email VARCHAR)")
            for number in range(3):
                cursor.execute("INSERT INTO customers VALUES (%s, %s)", (number, f"c{number}@example.com"))
        yield monkeypatch


@pytest.mark.usefixtures("snowflake_account")
def test_rows_are_read_and_parameters_bound(sandbox: SandboxServer) -> None:
    """Names in capitals are the targets in small letters; a second run finds nothing changed."""
    assert sync(sql=SQL)["created"] == 3
    assert {contact.email for contact in sandbox.account.contacts} == {f"c{number}@example.com" for number in range(3)}
    assert sync("second", sql=SQL)["unchanged"] == 3
    sql = "SELECT id, email, '100%' AS first_name FROM customers WHERE id < :below"
    assert sync("third", sql=sql, parameters={"below": 2})["updated"] == 2


@pytest.mark.usefixtures("snowflake_account")
def test_what_the_connection_and_hook_params_say_reaches_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warehouse, role and session parameters are those of the hook's own connection; a task may name its own."""
    asked: list[dict[str, Any]] = []
    connect = snowflake.connector.connect

    def recorded(**arguments: Any) -> Any:
        asked.append(arguments)
        return connect(**arguments)

    with monkeypatch.context() as patched:  # fakesnow ends before monkeypatch does
        patched.setattr(snowflake.connector, "connect", recorded)
        assert sync(sql=SQL, hook_params={"role": "LOADER", "warehouse": "LARGE"})["created"] == 3
    assert {each["warehouse"] for each in asked} == {"LARGE"}
    assert {each["role"] for each in asked} == {"LOADER"}
    assert [each["session_parameters"] for each in asked] == [{"QUERY_TAG": "crm"}] * len(asked)


@pytest.mark.usefixtures("snowflake_account")
def test_the_engine_names_account_and_database() -> None:
    """Lineage and the outbox know the source by them."""
    url = sql_engine("warehouse", {"database": "OTHER"}).url

    assert (url.get_backend_name(), url.host, url.database) == ("snowflake", "ab12345", "OTHER/PUBLIC")
    assert "secret" not in repr(url)


def test_snowflake_keeps_no_state(snowflake_account: pytest.MonkeyPatch) -> None:
    """The state store needs a database for many short transactions."""
    snowflake_account.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "snowflake", "login": "loader"}))

    with pytest.raises(AirflowFailException, match="State store 'state' is snowflake"):
        sync(sql=SQL)
