"""The operator that checks what a sync has left, and the task group that has it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from leadway_provider.exceptions import ConfigurationError, UnavailableError
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.operators.verify import LeadwayVerifyOperator
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.task_groups import leadway_sync
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)


def verify(run_id: str) -> dict[str, Any]:
    """Check a run."""
    task = LeadwayVerifyOperator(task_id="verify", run_id=run_id, state_conn_id="state")
    return cast("dict[str, Any]", task.execute(cast("Any", {})))


def test_a_run_that_has_delivered_everything_is_verified(warehouse: Warehouse) -> None:
    """Its counts are returned; a dry run, which delivers nothing, only has to add up."""
    warehouse.fill(ANN, BOB)
    dry = sync("dry", dry_run=True)
    assert verify(dry["run_id"])["pending"] == 2
    report = sync("real")
    assert verify(report["run_id"])["created"] == 2


def test_a_refused_row_is_not_waited_for(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """`max_rejected` of the sync has decided on it."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(ANN, BOB)
    report = sync(max_rejected=1)
    assert verify(report["run_id"])["refused"] == 1


def test_rows_that_wait_are_an_error(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The error has the status and the rows that wait; so has that for a run that is not known."""
    warehouse.fill(ANN, BOB)
    done = sync("one")
    sandbox.faults.add(Fault(FaultKind.SERVER_ERROR, times=None, email="bob@example.com"))
    warehouse.fill(ANN, (2, "bob@example.com", "Robert", None, None))
    with pytest.raises(UnavailableError):
        sync("two", timing=NEVER_AGAIN)
    with pytest.raises(AirflowFailException, match=r"is finished, and the sync has 1 row that wait"):
        verify(done["run_id"])
    with pytest.raises(AirflowFailException, match="The state store has no run 'nothing'"):
        verify("nothing")


def group(**arguments: Any) -> DAG:
    """A DAG with the task group."""
    with DAG("customers", schedule=None) as dag:
        leadway_sync("people", **{"sql": "SELECT 1", "sql_conn_id": "warehouse", "key": "id"} | arguments)
    return dag


def test_the_group_has_a_sync_and_its_check() -> None:
    """The check follows the sync, with the same state store; the alert knows the name of the sync, and is on both."""
    dag = group(alert=LeadwayNotifier(print), state_conn_id="state")
    check = cast("Any", dag.get_task("people.verify"))
    upsert = cast("Any", dag.get_task("people.sync"))
    assert check.upstream_task_ids == {"people.sync"}
    assert (check.run_id, check.state_conn_id) == ("{{ ti.xcom_pull(task_ids='people.sync')['run_id'] }}", "state")
    assert upsert.sync_name == "customers.people.sync"
    [alert] = {*upsert.on_failure_callback, *check.on_failure_callback, *check.on_success_callback}
    assert (alert.sync_name, alert.state_conn_id) == ("customers.people.sync", "state")
    assert not upsert.on_success_callback


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ({"alert": print}, ConfigurationError, "alert of task group people"),
        ({"task_id": "x"}, ConfigurationError, "task_id of task group people can't be given"),
        ({"max_rejected": "all"}, ConfigurationError, "max_rejected of task people.sync is 'all'"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_dag_file(
    arguments: dict[str, Any], error: type[Exception], names: str
) -> None:
    """It comes while the DAG is parsed, and names the argument."""
    with pytest.raises(error, match=names):
        group(**arguments)
