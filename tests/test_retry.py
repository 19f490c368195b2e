"""The retry policy: what becomes of a task after each kind of error."""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta

import pytest

from leadway_provider import exceptions
from leadway_provider.exceptions import (
    AuthenticationError,
    ContactNotFoundError,
    LeadwayError,
    QuotaExhaustedError,
    SourceUnavailableError,
    SyncBusyError,
    UnavailableError,
)
from tests.airflow_version import needs_3_3

MINUTE = timedelta(minutes=1)


def decision(error: BaseException) -> tuple[str, timedelta | None]:
    """What the policy decides, and after how long."""
    from leadway_provider.retry import LeadwayRetryPolicy

    found = LeadwayRetryPolicy().evaluate(error, 1, 3)
    assert found.reason is None or type(error).__name__ in found.reason
    return found.action.value, found.retry_delay


@needs_3_3
def test_the_type_of_an_error_decides() -> None:
    """Where a person must act the task fails at once; quota is waited for; whatever else is Airflow's."""
    assert decision(AuthenticationError("", call="GET /")) == ("fail", None)
    assert decision(ContactNotFoundError("", call="GET /")) == ("fail", None)
    assert decision(QuotaExhaustedError("", call="GET /", returns_in=7200.0)) == ("retry", timedelta(hours=2))
    assert decision(QuotaExhaustedError("", call="GET /", returns_in=None)) == ("default", None)
    assert decision(SyncBusyError()) == ("retry", MINUTE)
    assert decision(SourceUnavailableError()) == ("default", None)
    assert decision(UnavailableError("", call="GET /", maybe_received=True)) == ("default", None)
    assert decision(ValueError()) == ("default", None)


@needs_3_3
def test_every_error_of_the_tree_is_decided_by_who_must_act() -> None:
    """An error that is not transient fails at once, also one that is added later."""
    kinds = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, LeadwayError)]
    assert len(kinds) > 20
    for kind in kinds:
        if kind.__name__ in {"LeadwayError", "ApiError"}:
            continue
        error = kind.__new__(kind)
        error.returns_in = None  # type: ignore[attr-defined]  # only one of them has it
        is_transient = issubclass(kind, exceptions.TransientError)
        assert (decision(error)[0] == "fail") is not is_transient, kind


@needs_3_3
def test_a_dag_with_the_policy_can_be_serialized() -> None:
    """Airflow keeps only that there is one, and the worker makes it of the DAG's file."""
    from leadway_provider.retry import LeadwayRetryPolicy

    policy = LeadwayRetryPolicy()
    assert type(LeadwayRetryPolicy.deserialize(policy.serialize())) is LeadwayRetryPolicy


def test_an_older_airflow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without retry policies in Airflow the import says what is needed."""
    import airflow.sdk

    monkeypatch.delitem(sys.modules, "leadway_provider.retry", raising=False)
    without = type(sys)("airflow.sdk")
    without.__path__ = airflow.sdk.__path__
    monkeypatch.setitem(sys.modules, "airflow.sdk", without)
    with pytest.raises(ImportError, match=r"needs Airflow 3\.3 or later"):
        importlib.import_module("leadway_provider.retry")
