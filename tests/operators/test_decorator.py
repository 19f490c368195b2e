"""`@task.leadway_upsert`: a function's query, or its rows, become contacts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, TaskDeferred
from airflow.sdk import task

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import SQL, TaskInstance, Warehouse
from tests.operators.test_quota import DAY, tomorrow

Rows = list[dict[str, object]]
ANN: dict[str, object] = {"id": 1, "email": "ann@example.com", "tags": ["new", "shop"]}


def decorated(function: Callable[..., Any], **arguments: Any) -> LeadwayUpsertContactsOperator:
    """The task that the decorator, as Airflow knows it, makes of a function."""
    chosen = {"key": "id", "state_conn_id": "state", "deferrable": True} | arguments
    with DAG("customers", schedule=None):
        return cast("Any", task).leadway_upsert(**chosen)(function)().operator  # type: ignore[no-any-return]  # `task` has it at run time


def run(function: Callable[..., Any], run_id: str = "first", **arguments: Any) -> dict[str, Any]:
    """Run the task once."""
    context: Any = {"ti": TaskInstance(run_id=run_id, task_id=function.__name__)}
    return cast("dict[str, Any]", decorated(function, **arguments).execute(context))


def test_a_functions_rows_are_a_sync(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """They are compared with what was acknowledged: the second run sends only what changed."""
    assert warehouse.file.exists()
    rows: Rows = [ANN, {"id": 2, "email": "bob@example.com"}, {"id": 3, "email": "nobody"}]

    def people() -> Iterator[dict[str, object]]:
        yield from rows

    first = run(people, max_rejected=1)
    assert (first["created"], first["invalid"]) == (2, 1)
    [ann] = [contact for contact in sandbox.account.contacts if contact.email == "ann@example.com"]
    assert sorted(ann.tags) == ["new", "shop"]
    rows[1]["first_name"] = "Bob"
    second = run(people, "second", max_rejected=1)
    assert (second["unchanged"], second["updated"], second["carried"]) == (1, 1, 0)


def test_a_functions_query_is_a_sync(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It is sent to the connection's database, and the function has Airflow's context."""
    warehouse.fill((1, "ann@example.com", "Ann", None, None))

    def people(ti: Any) -> str:
        assert ti.dag_id == "customers"
        return SQL

    assert run(people, sql_conn_id="warehouse")["created"] == 1
    assert len(sandbox.account) == 1


def test_rows_survive_a_deferral(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a first attempt could not deliver, the resumed one does; the plan is the same."""

    def people() -> Rows:
        return [{"id": number, "email": f"p{number}@example.com"} for number in range(1, 6)]

    with SandboxServer(Settings(burst=None, daily=Quota(4, DAY, "fixed"))) as small:
        account = {"conn_type": "leadway", "host": small.url, "password": "sandbox-token"}
        extra = {"extra": {"location_id": "sandbox-location"}}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account | extra))
        with pytest.raises(TaskDeferred) as deferred:
            run(people)
        tomorrow(warehouse, small)
        resume = getattr(decorated(people), deferred.value.method_name)
        report = resume({"ti": TaskInstance(run_id="first", task_id="people")}, {})
    assert (report["read"], report["created"], report["calls"]) == (5, 5, 7)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("SELECT 1", "returned a query, and sql_conn_id is not given"),
        (7, "returned int; return a query as text, or rows"),
        ({"id": 1}, "returned dict; return"),
        ([1], "Task people: Row 1 of the function's result is not a mapping"),
        ([{"id": 1, "mail_to": "x"}], "Task people: The mapping has 2 mistakes"),
    ],
)
def test_what_can_not_be_synced_is_an_error(warehouse: Warehouse, returned: Any, says: str) -> None:
    """It names the task, and what to return."""
    assert warehouse.file.exists()

    def people() -> Any:
        return returned

    with pytest.raises(AirflowFailException, match=says):
        run(people)


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ({"sql": "SELECT 1"}, ConfigurationError, "sql of task people is given"),
        ({"key": []}, ConfigurationError, r"key of task people is \[\]"),
        ({"batch_size": "many"}, ConfigurationError, "batch_size of task people is 'many'; give a whole number"),
        ({"overlap": 6}, ConfigurationError, "overlap of task people is 6; give a timedelta"),
        ({"quota": 5}, ConfigurationError, "quota of task people is 5; give a QuotaPolicy"),
        ({"strict": "yes"}, ConfigurationError, "strict of task people is 'yes'; give True or False"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_dag_file(
    arguments: dict[str, Any], error: type[Exception], names: str
) -> None:
    """It comes while the DAG is parsed, and names task and argument."""

    def people() -> Rows:
        return []

    with pytest.raises(error, match=names):
        decorated(people, **arguments)
