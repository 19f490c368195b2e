"""The example of plain tasks with the hook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import needs_3_3
from tests.dags.example import Warehouse

NAME = "taskflow_hook"
pytestmark = needs_3_3


def customer(number: int, worth: float) -> dict[str, object]:
    """A row of the warehouse."""
    return {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "lifetime_value": worth}


def test_contacts_that_the_account_has_are_tagged(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The best twenty of them, each once; nobody is created, and no address is left behind in Airflow."""
    warehouse.insert("customers", *(customer(number, worth=1000 - number) for number in range(1, 25)))
    warehouse.insert("customers", {"customer_id": "C-0", "email": "unknown", "lifetime_value": 5000})
    with LeadwayHook("leadway_default") as hook:
        for number in (1, 2, 24):
            hook.upsert_contact(email=f"c{number}@example.com")
        hook.add_tags(hook.upsert_contact(email="c3@example.com").contact_id, ["best-customer"])
    run = example(NAME).test()
    assert run.state == "success"
    found = run.get_task_instance("find").xcom_pull(task_ids="find")
    assert len(found) == run.get_task_instance("tag").xcom_pull(task_ids="tag") == 2
    assert "@" not in json.dumps(found)
    tags = {contact.email: contact.tags for contact in sandbox.account.contacts}
    assert tags == {
        "c1@example.com": ["best-customer"],
        "c2@example.com": ["best-customer"],
        "c24@example.com": [],
        "c3@example.com": ["best-customer"],
    }
