"""An attempt that goes on with an outbox reports the same lineage as the one that planned it."""

from __future__ import annotations

import sqlite3
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.lineage.record import RunRecord
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, TaskInstance, Warehouse

ANN: Row = (1, "ann@example.com", "Ann", "+12025550101", "US")
BOB: Row = (2, "bob@example.com", "Bob", "+12025550102", "US")


def operator(**arguments: Any) -> LeadwayUpsertContactsOperator:
    """Return a task with a constant, whose columns only the live result shows."""
    return LeadwayUpsertContactsOperator(
        task_id="sync",
        sql="SELECT * FROM customers",
        sql_conn_id="warehouse",
        key="id",
        state_conn_id="state",
        constants={"source": "shop"},
        max_in_flight=1,
        **arguments,
    )


def execute(task: LeadwayUpsertContactsOperator) -> Any:
    """Run the task, as an attempt of the same task run."""
    return task.execute(cast("Any", {"ti": TaskInstance()}))


def interrupted(warehouse: Warehouse, sandbox: SandboxServer) -> LeadwayUpsertContactsOperator:
    """Run a first attempt that plans both rows and delivers one, and return its task."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob@example.com"))
    first = operator()
    with pytest.raises(AirflowFailException):
        execute(first)
    return first


def test_a_resumed_attempt_reports_the_same_columns(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Schema, column lineage, the result's columns and the constants are those of the attempt that ran the query."""
    first = interrupted(warehouse, sandbox)
    second = operator()
    assert execute(second)["created"] == 2

    planned = first.get_openlineage_facets_on_failure(None)
    resumed = second.get_openlineage_facets_on_complete(None)

    assert planned
    assert resumed
    for name in ("schema", "columnLineage"):
        assert resumed.outputs[0].facets[name] == planned.outputs[0].facets[name]
    after, before = resumed.run_facets["leadwaySync"], planned.run_facets["leadwaySync"]
    assert (after.columns, after.constants, after.runId) == (before.columns, before.constants, before.runId)
    fields = resumed.outputs[0].facets["columnLineage"].fields
    assert [each.field for each in fields["first_name"].inputFields] == ["first_name"]
    assert fields["source"].transformationType == "CONSTANT"
    assert [(each.namespace, each.name) for each in resumed.inputs] == [
        (each.namespace, each.name) for each in planned.inputs
    ]


def test_a_reviewed_run_reports_the_columns_of_its_dry_run(warehouse: Warehouse) -> None:
    """The task that delivers the plan does not run the query, and reports the same columns."""
    warehouse.fill(ANN)
    planning = operator(dry_run=True)
    report = execute(planning)
    delivering = operator(reviewed_run=report["run_id"])
    assert execute(delivering)["created"] == 1

    planned = planning.get_openlineage_facets_on_complete(None)
    delivered = delivering.get_openlineage_facets_on_complete(None)

    assert planned
    assert delivered
    assert delivered.outputs[0].facets["columnLineage"] == planned.outputs[0].facets["columnLineage"]
    with sqlite3.connect(warehouse.state) as database:
        assert database.execute("SELECT attempt, fields FROM leadway_delivery").fetchall() == [(2, "1f")]


def test_a_run_of_an_older_version_is_resumed_without_columns(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """If the state store has no columns of the run, they are not reported, and the run goes on."""
    interrupted(warehouse, sandbox)
    with sqlite3.connect(warehouse.state) as database:
        database.execute("UPDATE leadway_run SET source = NULL, versions = NULL")
    second = operator()

    assert execute(second)["created"] == 2

    assert isinstance(second.record, RunRecord)
    assert second.record.lineage.columns is None
    assert second.get_openlineage_facets_on_complete(None)


def test_a_run_keeps_its_versions(warehouse: Warehouse) -> None:
    """The state store has the versions of the software that planned a run."""
    import json
    import platform

    from leadway_provider import __version__

    warehouse.fill(ANN)
    execute(operator())

    with sqlite3.connect(warehouse.state) as database:
        [(text,)] = database.execute("SELECT versions FROM leadway_run")
    versions = json.loads(text)
    assert (versions["leadway-provider"], versions["python"]) == (__version__, platform.python_version())
    assert set(versions) == {"leadway-provider", "apache-airflow", "sqlalchemy", "python"}
