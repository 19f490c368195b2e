"""What makes a plan another one, so that a retry does not continue with it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from leadway_provider.policies import ContactRules, GuardPolicy, QuotaPolicy, RemovalPolicy
from leadway_provider.sync.plan_target import PlanTable
from leadway_provider.sync.request import NOT_PLANNED, SyncRequest

REQUEST: Final = SyncRequest(task_id="sync", default_name="customers.sync", sql="SELECT 1", sql_conn_id="a", key="id")
ANOTHER: Final[dict[str, Any]] = {
    "task_id": "other",
    "default_name": "customers.other",
    "sql": "SELECT 2",
    "sql_conn_id": "b",
    "key": "number",
    "mapping": {"nickname": "first_name"},
    "constants": {"source": "shop"},
    "stamps": {"city": "key"},
    "leadway_conn_id": "other",
    "location_id": "other",
    "state_conn_id": "other",
    "sync_name": "other",
    "parameters": {"since": 1},
    "hook_params": {"role": "LOADER"},
    "rules": ContactRules(on_shared_identity="send"),
    "strict": True,
    "batch_size": 7,
    "max_in_flight": 7,
    "max_rejected": 7,
    "removal": RemovalPolicy("delete"),
    "dry_run": True,
    "ledger_days": 7,
    "keep_before": True,
    "reviewed_run": "1",
    "worker": 7,
    "full_resync": True,
    "allow_older": True,
    "quota": QuotaPolicy(daily_reserve=7),
    "deferrable": False,
    "on_busy": "fail",
    "emit_unchanged": True,
    "incremental": True,
    "overlap": timedelta(hours=7),
    "retry_refused": 7,
    "guards": GuardPolicy(max_new=7),
    "only_keys": ("7",),
    "compare": "account",
    "on_match": "update_only",
    "plan_to": PlanTable("shop", "crm", "plan"),
    "plan_values": True,
    "sample": 7,
}
"""Another value for each field."""


def digest(request: SyncRequest, **changes: str) -> bytes:
    """Return the digest of a request against one source and account."""
    return request.digest(**({"source": "shop", "host": "https://example.com", "location_id": "here"} | changes))


def test_there_is_another_value_for_each_field() -> None:
    """A new field of the request needs a decision: it is in the digest, or in NOT_PLANNED."""
    assert list(ANOTHER) == [each.name for each in fields(SyncRequest)]
    assert set(ANOTHER) >= NOT_PLANNED


@pytest.mark.parametrize("name", [each.name for each in fields(SyncRequest)])
def test_a_field_is_in_the_digest_or_does_not_change_a_plan(name: str) -> None:
    """Whatever decides what is planned makes another digest; nothing else does."""
    before = replace(  # these need it
        REQUEST,
        incremental=name == "overlap",
        dry_run=name in ("plan_to", "sample"),
        compare="account" if name == "sample" else "state",
    )
    changed = replace(before, **{name: ANOTHER[name]})
    assert getattr(changed, name) != getattr(before, name)
    assert (digest(changed) == digest(before)) is (name in NOT_PLANNED)


@pytest.mark.parametrize("name", ["source", "host", "location_id"])
def test_another_source_or_account_makes_another_digest(name: str) -> None:
    """What a connection leads to counts, and not only its id."""
    assert digest(REQUEST, **{name: "elsewhere"}) != digest(REQUEST)
