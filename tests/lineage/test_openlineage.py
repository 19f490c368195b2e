"""What the operator's methods return for OpenLineage."""

from __future__ import annotations

from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, Row, TaskInstance, Warehouse

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)


def task(sql: str = SQL, **arguments: Any) -> LeadwayUpsertContactsOperator:
    """Return the operator of one attempt."""
    return LeadwayUpsertContactsOperator(
        task_id="sync", sql=sql, sql_conn_id="warehouse", key="id", state_conn_id="state", max_in_flight=1, **arguments
    )


def execute(operator: LeadwayUpsertContactsOperator) -> dict[str, Any]:
    """Run one attempt."""
    return operator.execute(cast("Any", {"ti": TaskInstance()}))


def sources(lineage: Any) -> dict[str, set[str]]:
    """Return the columns that feed each field."""
    fields = lineage.outputs[0].facets["columnLineage"].fields
    return {name: {each.field for each in field.inputFields} for name, field in fields.items()}


def test_an_attempt_that_goes_on_reports_columns_and_the_counts_of_all_attempts(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """It does not run the query again: the columns and the counts come from the state store."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob@example.com"))
    with pytest.raises(AirflowFailException):
        execute(task())
    second = task()
    report = execute(second)
    lineage = second.get_openlineage_facets_on_complete(None)
    assert lineage
    facet = lineage.run_facets["leadwaySync"]
    assert (facet.counts["created"], facet.calls, facet.runId) == (2, report["calls"], report["run_id"])
    assert sources(lineage) == {name: {name} for name in ("email", "first_name", "phone", "country")}
    assert lineage.outputs[0].outputFacets["outputStatistics"].rowCount == 2


def test_bound_values_are_not_reported(warehouse: Warehouse) -> None:
    """The names of the query's parameters are in the event, and their values are not."""
    warehouse.fill(ANN, BOB)
    operator = task(
        "SELECT id, email, 'erp' AS source FROM customers WHERE email <> :mine",
        parameters={"mine": "bob@example.com"},
    )
    assert execute(operator)["created"] == 1
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert lineage
    assert "bob@example.com" not in str(lineage)
    assert lineage.run_facets["leadwaySync"].problem is None
    assert sources(lineage) == {"email": {"email"}, "source": set()}


def test_the_lineage_of_a_query_that_can_not_be_read_begins_at_its_result(warehouse: Warehouse) -> None:
    """The result's columns still feed the fields, and the run facet says why there are no tables."""
    warehouse.fill(ANN)
    operator = task(SQL.replace(" ORDER", f" WHERE email <> '{'(' * 250}' ORDER"))
    execute(operator)
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert lineage
    [result] = lineage.inputs
    assert result.name.endswith(".sync.query")
    assert [each.name for each in result.facets["schema"].fields] == ["id", "email", "first_name", "phone", "country"]
    assert sources(lineage)["email"] == {"email"}
    assert "nested too deeply" in lineage.run_facets["leadwaySync"].problem


@pytest.mark.parametrize("missing", ["AIRFLOW_CONN_WAREHOUSE", "AIRFLOW_CONN_LEADWAY_DEFAULT"])
@pytest.mark.usefixtures("warehouse")
def test_without_a_connection_there_is_no_event(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The task itself then fails with an error that names the connection."""
    monkeypatch.delenv(missing)
    assert task().get_openlineage_facets_on_start() is None
    assert task().get_openlineage_facets_on_failure(None) is None
