"""The page about scaling: its tasks can be copied into a DAG, and its figures are those of the code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from airflow.sdk import DAG

from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.reasons import ROW_CODES
from leadway_provider.operators.threads import AT_A_TIME
from tests.docs.page import blocks, read

PAGE: Final = read("docs/scaling.md")


def test_the_tasks_can_be_copied() -> None:
    """Each block makes its tasks in a DAG, with the arguments that it names."""
    with DAG("page", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        for block in blocks(PAGE, "python"):
            names: dict[str, Any] = {}
            exec(compile(block, "scaling.md", "exec"), names)  # noqa: S102 - the page's own text
    assert set(dag.task_dict) == {"sync_all", "locations", "sync"}
    assert dag.task_dict["sync"].upstream_task_ids == {"locations"}


def test_the_figures_are_those_of_the_code() -> None:
    """The accounts that are served side by side, the quota and the reasons are as the code has them."""
    assert re.findall(r"side by side\*\*, (\d+) at a time", PAGE) == [str(AT_A_TIME)]
    quota = [ConnectionSettings.model_fields[name].default for name in ("quota_requests", "quota_seconds")]
    assert [float(each) for each in re.findall(r"(\d+) calls in (\d+) seconds", PAGE)[0]] == quota
    assert {code for code in ROW_CODES if code.startswith("account_")} == set(
        re.findall(r"`(account_\w+)` where", PAGE)
    )
