"""What may be asked for with sample=…, and what else a task needs for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import DAG

from leadway_provider.exceptions import ConfigurationError
from tests.operators.task import operator


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "compare='state' and dry_run=False"),
        ({"compare": "account"}, "compare='account' and dry_run=False"),
        ({"dry_run": True}, "compare='state' and dry_run=True"),
        ({"compare": "{{ params.compare }}"}, "compare='account' and dry_run=False"),
        ({"dry_run": "{{ params.dry_run }}"}, "compare='state' and dry_run=True"),
        ({"compare": "account", "dry_run": True, "full_resync": True}, "full_resync=True"),
        ({"compare": "account", "dry_run": True, "reviewed_run": "1"}, "reviewed_run"),
    ],
)
def test_a_sample_is_for_a_verification_only(arguments: dict[str, Any], said: str) -> None:
    """Anything else is an error when the task is made, as far as it is known then."""
    with pytest.raises(ConfigurationError, match=said):
        operator(sample=10, **arguments)


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "0", "ten", "", "1e3", [], "9" * 30])
def test_a_sample_is_a_whole_number(size: Any) -> None:
    """From 1 on."""
    with pytest.raises(ConfigurationError, match=r"sample of task sync is .+; give a whole number of contacts"):
        operator(sample=size, compare="account", dry_run=True)
    with pytest.raises(ConfigurationError, match="sample of task sync"):
        operator(sample=size, compare="{{ params.compare }}", dry_run=True)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sample": 5, "compare": "account", "dry_run": True}, 5),
        ({"sample": None, "compare": "account", "dry_run": False}, None),
        ({"sample": 5, "compare": "state", "dry_run": True}, "Give it compare='account' and dry_run=True"),
        ({"sample": 5, "compare": "account", "dry_run": False}, "or leave sample out"),
        ({"sample": 0, "compare": "account", "dry_run": True}, "1 or more"),
    ],
)
def test_what_a_person_says_at_the_trigger_is_checked_then(
    params: dict[str, Any],
    said: object,
    native: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Each of the three may be a template, and null is all contacts of the account."""
    with DAG("templated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        dag.render_template_as_native_obj = native
        task = operator(
            sample="{{ params.sample | tojson }}", compare="{{ params.compare }}", dry_run="{{ params.dry_run }}"
        )
    task.render_template_fields(cast("Any", {"dag": dag, "params": params}))
    if isinstance(said, str):
        with pytest.raises(ConfigurationError, match=said):
            _ = task.request
    else:
        assert (task.request.sample, task.request.reads_account) == (said, said is None)
