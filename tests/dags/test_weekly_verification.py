"""The example that compares a sync with its account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

CUSTOMERS: list[dict[str, object]] = [
    {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "first_name": f"C{number}"}
    for number in range(20)
]


@pytest.mark.parametrize("heals", ["healed", "only told"])
def test_what_was_changed_by_hand_is_told_and_put_right(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer, heals: str
) -> None:
    """After a first run into an empty account: one contact is edited and one deleted, and one is nobody's."""
    warehouse.insert("customers", *CUSTOMERS)
    dag = example("weekly_verification")
    first = dag.test()
    assert (report(first, "verify")["pending"], report(first, "heal")["created"]) == (20, 20)
    edited, deleted = (sandbox.account.holder("email", f"c{number}@example.com") for number in (3, 4))
    assert edited is not None
    assert deleted is not None
    sandbox.account.update(edited.id, {"firstName": "Edited"})
    sandbox.account.delete(deleted.id)
    sandbox.account.upsert({"email": "stranger@example.com"})

    run = dag.test(run_conf={"heal": heals == "healed"})

    found = report(run, "verify")
    assert {name: found[name] for name in ("unchanged", "drifted", "drifted.first_name", "missing", "unmatched")} == {
        "unchanged": 18,
        "drifted": 1,
        "drifted.first_name": 1,
        "missing": 1,
        "unmatched": 1,
    }
    if heals == "only told":
        assert run.get_task_instance("heal").state == "skipped"
        assert edited.first_name == "Edited"
    else:
        assert {name: report(run, "heal")[name] for name in ("updated", "created")} == {"updated": 1, "created": 1}
        assert edited.first_name == "C3"
        assert report(dag.test(), "verify")["verified_rows"] == 20
    assert "verified_at" not in found


def test_a_sample_is_told_and_nothing_is_put_right(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """So many contacts are read by id, and what they say of all is told."""
    warehouse.insert("customers", *CUSTOMERS)
    dag = example("weekly_verification")
    dag.test()
    edited = sandbox.account.holder("email", "c3@example.com")
    assert edited is not None
    sandbox.account.update(edited.id, {"firstName": "Edited"})

    run = dag.test(run_conf={"sample": 12})

    found = report(run, "verify")
    equal = 12 - found["drifted"]
    assert (found["sampled"], found["sampled_of"], found["sampled_equal"]) == (12, 20, equal)
    assert found["sampled_share_low"] <= equal / 12 <= found["sampled_share_high"]
    assert run.get_task_instance("heal").state == "skipped"
    assert edited.first_name == "Edited"
