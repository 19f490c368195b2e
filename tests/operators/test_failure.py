"""What Airflow's log prints of a task that a person must correct: the sentence once, and no line of this software."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

import leadway_provider
from leadway_provider.operators.failure import FramesHidden
from leadway_provider.operators.locations import LeadwayListLocationsOperator
from leadway_provider.operators.verify import LeadwayVerifyOperator
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.words import counted
from tests.operators.task import TaskInstance, Warehouse, operator
from tests.operators.test_decorator import decorated

OURS = Path(leadway_provider.__file__).parent


def failed(task: BaseOperator) -> AirflowFailException:
    """The error that ends a task."""
    with pytest.raises(AirflowFailException) as caught:
        task.execute(cast("Any", {"ti": TaskInstance(), "data_interval_start": None, "data_interval_end": None}))
    return caught.value


def printed(error: BaseException) -> str:
    """What is printed of an error, with its causes."""
    return "".join(traceback.format_exception(error))


def returns_nothing() -> None:
    """A function of a user, which forgot to return something."""


def returns_rows() -> Iterator[dict[str, object]]:
    """A function of a user that fails in the middle."""
    yield {"id": 1, "email": "ann@example.com"}
    raise AirflowFailException("the user's own words")


FAILURES: dict[str, Callable[[], BaseOperator]] = {
    "a column without a target": lambda: operator(sql="SELECT id, first_name AS frist_name FROM customers"),
    "no connection": lambda: operator(leadway_conn_id="nowhere"),
    "too many rejected rows": operator,
    "no such run": lambda: LeadwayVerifyOperator(task_id="verify", run_id="unknown", state_conn_id="state"),
    "not an agency": lambda: LeadwayListLocationsOperator(task_id="locations"),
    "a function without a result": lambda: decorated(returns_nothing),
}


@pytest.mark.parametrize("task", FAILURES.values(), ids=FAILURES.keys())
def test_the_error_once_and_no_frame_of_ours(
    task: Callable[[], BaseOperator], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Airflow's log prints the frames of an error and of its causes; nobody corrects a mapping in these."""
    assert sandbox.url
    warehouse.fill((1, "nobody at example", "Nat", None, None))
    error = failed(task())
    text = printed(error)
    assert str(OURS) not in text
    assert text.count(str(error)) == 1


def test_the_users_own_frames_stay(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The function of a user that fails is found in the log."""
    assert warehouse.file.exists()
    assert sandbox.url
    text = printed(failed(decorated(returns_rows)))
    assert "in returns_rows" in text
    assert str(OURS) not in text


def test_what_nobody_expected_keeps_its_frames() -> None:
    """Another error may be a mistake of this software, which is looked for by its frames."""
    with pytest.raises(ValueError, match="Cannot specify") as caught, FramesHidden():
        counted(cast("Any", "many"), "row")
    assert str(OURS) in printed(caught.value)
