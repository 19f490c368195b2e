"""What Airflow's configuration says of a task, and what a task says to Airflow."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Asset, TaskDeferred

from leadway_provider import cli
from leadway_provider.hooks.configuration import executors_on_many_machines
from leadway_provider.hooks.database import default_file
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.operators.triggerer import _health_url
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, Row, TaskInstance, Warehouse, operator, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
NO_AT: Row = (4, "nobody at example", "Nat", None, None)


def plain(**arguments: Any) -> LeadwayUpsertContactsOperator:
    """Return a task with the arguments that it must have, and these."""
    return LeadwayUpsertContactsOperator(task_id="sync", sql=SQL, sql_conn_id="warehouse", key="id", **arguments)


@pytest.mark.parametrize("configured", [True, False])
def test_deferrable_follows_airflows_configuration(monkeypatch: pytest.MonkeyPatch, configured: bool) -> None:  # noqa: FBT001 - a table's column
    """Unless the task says otherwise, the option of all operators counts; without it, a task keeps its slot."""
    assert not plain().request.deferrable
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(configured))
    assert plain().request.deferrable is configured
    assert plain(deferrable=not configured).request.deferrable is not configured


def test_the_section_of_the_configuration_counts_where_the_task_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are those of the provider's info."""
    assert (plain().request.ledger_days, plain().request.max_in_flight) == (90, 16)
    monkeypatch.setenv("AIRFLOW__LEADWAY__LEDGER_DAYS", "7")
    monkeypatch.setenv("AIRFLOW__LEADWAY__MAX_IN_FLIGHT", "3")
    assert (plain().request.ledger_days, plain().request.max_in_flight) == (7, 3)
    own = plain(ledger_days=9, max_in_flight=5).request
    assert (own.ledger_days, own.max_in_flight) == (9, 5)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
@pytest.mark.parametrize("option", ["ledger_days", "max_in_flight"])
def test_a_wrong_option_fails_the_task_and_not_the_dag(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    """The error names section and option."""
    monkeypatch.setenv(f"AIRFLOW__LEADWAY__{option.upper()}", value)
    warehouse.fill(ANN)
    assert plain()
    with pytest.raises(AirflowFailException, match=rf"{option} in section \[leadway\]"):
        sync()


def test_the_configured_state_store_is_used(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By a task that names none; one that names another uses that."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIRFLOW__LEADWAY__STATE_CONN_ID", "state")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # as the command sets it
    warehouse.fill(ANN)
    assert sync("one", state_conn_id=None)["created"] == 1
    assert warehouse.state.exists()
    assert not default_file().exists()
    other = {"conn_type": "sqlite", "host": str(tmp_path / "other.db")}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
    assert sync("two", state_conn_id="other")["updated"] == 1
    assert sync("three", state_conn_id=None)["unchanged"] == 1
    assert cli.main(["trace", "--key", "1"]) == 0  # the commands look there, too


@pytest.mark.parametrize(
    ("executors", "found"),
    [
        ("LocalExecutor", []),
        ("CeleryExecutor", ["CeleryExecutor"]),
        ("LocalExecutor,KubernetesExecutor:big", ["KubernetesExecutor"]),
        ("LocalExecutor;team_a=airflow.providers.celery.executors.celery_executor.CeleryExecutor", ["CeleryExecutor"]),
        ("my.company.Executor", ["Executor"]),
    ],
)
def test_executors_that_span_machines_are_known_by_name(
    executors: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several executors, with aliases and teams; one that is not known may span machines."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executors)
    assert executors_on_many_machines() == found


def test_a_state_file_beside_such_an_executor_is_warned_about_in_each_run(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names file, executor and remedy; a store in a named database is no reason for it."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    warehouse.fill(ANN)
    sync("named")
    assert "SQLite file" not in caplog.text
    for run_id in ("one", "two"):
        caplog.clear()
        sync(run_id, state_conn_id=None)
        [warning] = [record.message for record in caplog.records if "SQLite file" in record.message]
        assert all(name in warning for name in ("CeleryExecutor", "leadway_state.db", "state_conn_id"))
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    caplog.clear()
    sync("three", state_conn_id=None)
    assert "SQLite file" not in caplog.text


def test_xcom_is_written_only_where_the_task_wants_it(warehouse: Warehouse) -> None:
    """The report of a run with too many rejected rows is in XCom, unless do_xcom_push is false."""
    warehouse.fill(ANN, NO_AT)
    for wanted in (True, False):
        ti = TaskInstance(run_id=str(wanted))
        with pytest.raises(AirflowFailException, match="max_rejected"):
            sync(ti=ti, do_xcom_push=wanted)
        assert bool(ti.pushed) is wanted


class _Health(BaseHTTPRequestHandler):
    """The health page of an API server, as its server has it."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.paths.append(self.path)
        body = json.dumps(server.health).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


@pytest.fixture
def api_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An API server that says how Airflow's parts are; a test sets what it says of the triggerer."""
    server: Any = HTTPServer(("127.0.0.1", 0), _Health)
    server.paths = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/execution/"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def defer(caplog: pytest.LogCaptureFixture) -> str:
    """Let a task leave its worker slot, and return what it says of triggerers."""
    with pytest.raises(TaskDeferred):
        operator()._defer_until(datetime.now(UTC) + timedelta(hours=1), "No quota is left.")
    return "".join(record.message for record in caplog.records if "triggerer" in record.message.lower())


@pytest.mark.parametrize(
    ("triggerer", "says"),
    [
        ({"status": None, "latest_triggerer_heartbeat": None}, "none has ever run"),
        (
            {"status": "unhealthy", "latest_triggerer_heartbeat": "2026-11-26T19:00:00+00:00"},
            "the last heartbeat was at 2026-11-26T19:00:00+00:00",
        ),
        ({"status": "healthy", "latest_triggerer_heartbeat": "2026-11-26T19:00:00+00:00"}, ""),
    ],
)
def test_a_task_that_defers_says_where_no_triggerer_is_alive(
    api_server: Any, caplog: pytest.LogCaptureFixture, triggerer: dict[str, Any], says: str
) -> None:
    """It asks the API server that the worker uses; where one is alive, it says nothing."""
    api_server.health = {"metadatabase": {"status": "healthy"}, "triggerer": triggerer}
    said = defer(caplog)
    assert api_server.paths == ["/api/v2/monitor/health"]
    assert says in said
    assert bool(said) is bool(says)
    assert ("airflow triggerer" in said) is bool(says)


@pytest.mark.parametrize("health", [[], {}, {"metadatabase": {"status": "unhealthy"}, "triggerer": {"status": None}}])
def test_nothing_is_said_where_nothing_is_known(
    api_server: Any, caplog: pytest.LogCaptureFixture, health: object
) -> None:
    """An answer of another form, or of a server that can't read its database, says nothing of triggerers."""
    api_server.health = health
    assert defer(caplog) == ""


def test_airflows_own_health_page_is_the_one_that_is_read(airflow_db: Path) -> None:
    """Airflow's API server has it at this address, needs no token for it, and says null where none has ever run."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    assert airflow_db.exists()
    answer = TestClient(create_app(apps="core")).get(urlsplit(_health_url()).path)
    assert (answer.status_code, answer.json()["metadatabase"]["status"]) == (200, "healthy")
    assert answer.json()["triggerer"] == {"status": None, "latest_triggerer_heartbeat": None}


def test_an_api_server_out_of_reach_does_not_keep_a_task_from_deferring(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in `dag.test()`, which has none."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:1/execution/")
    assert defer(caplog) == ""


def test_an_outlet_of_another_account_is_warned_about(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An asset's URI has the location id; that of a connection stands for no account."""
    warehouse.fill(ANN)
    context: Any = {"ti": TaskInstance(), "outlet_events": _Events()}
    operator(outlets=[Asset("leadway://sandbox-location/contacts")]).execute(context)
    assert "location id" not in caplog.text
    operator(outlets=[Asset("leadway://leadway_default/contacts")]).execute(context | {"ti": TaskInstance(run_id="2")})
    assert "leadway://leadway_default/contacts, but writes to the account of leadway://sandbox-location/" in caplog.text
    assert len(sandbox.account.contacts) == 1


class _Events:
    """The events of a task's outlets, as Airflow offers them."""

    def __getitem__(self, outlet: object) -> Any:
        return type("Event", (), {"extra": {}})()
