"""What the operator's methods hand to OpenLineage where a DAG run would take too long to arrange."""

from __future__ import annotations

from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.lineage.query import DIALECTS
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, Row, TaskInstance, Warehouse

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)


def task(sql: str = SQL, **arguments: Any) -> LeadwayUpsertContactsOperator:
    """The operator of one attempt."""
    return LeadwayUpsertContactsOperator(
        task_id="sync", sql=sql, sql_conn_id="warehouse", key="id", state_conn_id="state", max_in_flight=1, **arguments
    )


def execute(operator: LeadwayUpsertContactsOperator) -> dict[str, Any]:
    """One attempt."""
    return operator.execute(cast("Any", {"ti": TaskInstance()}))


def fed(lineage: Any) -> dict[str, set[str]]:
    """The columns of each field."""
    fields = lineage.outputs[0].facets["columnLineage"].fields
    return {name: {each.field for each in field.inputFields} for name, field in fields.items()}


def test_an_attempt_that_goes_on_tells_columns_and_the_counts_of_all(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """It doesn't read the source again: the query's text tells the columns, the state store the counts."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob@example.com"))
    with pytest.raises(AirflowFailException):
        execute(task())
    second = task()
    report = execute(second)
    lineage = second.get_openlineage_facets_on_complete(None)
    assert lineage
    told = lineage.run_facets["leadwaySync"]
    assert (told.counts["created"], told.calls, told.runId) == (2, report["calls"], report["run_id"])
    assert fed(lineage) == {name: {name} for name in ("email", "first_name", "phone", "country")}
    assert lineage.outputs[0].outputFacets["outputStatistics"].rowCount == 2


def test_bound_values_are_not_told(warehouse: Warehouse) -> None:
    """The query's places are shown, what is bound to them is not."""
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
    assert fed(lineage) == {"email": {"email"}, "source": set()}


def test_a_query_that_can_not_be_read_leaves_lineage_from_the_result(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result's columns still feed the fields, and the run facet says why there are no tables."""
    warehouse.fill(ANN)
    monkeypatch.setitem(DIALECTS, "sqlite", "no-such-one")
    operator = task()
    execute(operator)
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert lineage
    [result] = lineage.inputs
    assert result.name.endswith(".sync.query")
    assert [each.name for each in result.facets["schema"].fields] == ["id", "email", "first_name", "phone", "country"]
    assert fed(lineage)["email"] == {"email"}
    assert "no dialect" in lineage.run_facets["leadwaySync"].problem


@pytest.mark.parametrize("missing", ["AIRFLOW_CONN_WAREHOUSE", "AIRFLOW_CONN_LEADWAY_DEFAULT"])
@pytest.mark.usefixtures("warehouse")
def test_without_a_connection_nothing_is_told(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The task itself will say what is wrong."""
    monkeypatch.delenv(missing)
    assert task().get_openlineage_facets_on_start() is None
    assert task().get_openlineage_facets_on_failure(None) is None
