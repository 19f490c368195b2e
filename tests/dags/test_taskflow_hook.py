"""The example of plain tasks with the hook, and what OpenLineage hears of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from demo.warehouse import SCHEMA
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import EXAMPLES, Warehouse
from tests.lineage.conftest import running

NAME = "taskflow_hook"


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


def test_openlineage_shows_what_the_task_wrote_to(tmp_path: Path) -> None:
    """The account's contacts are the output of the task that tags, under the API's host; looking up writes nothing."""
    with running(EXAMPLES, tmp_path) as airflow:
        with sqlite3.connect(tmp_path / "warehouse.db") as database:
            database.executescript(SCHEMA)
            database.execute("INSERT INTO customers (email, lifetime_value) VALUES ('c1@example.com', 1000)")
        with httpx.Client(base_url=airflow.sandbox.url) as client:
            headers = {"Authorization": "Bearer sandbox-token", "Version": "2021-07-28"}
            contact = {"locationId": "sandbox-location", "email": "c1@example.com"}
            assert client.post("/contacts/upsert", json=contact, headers=headers).is_success
        assert airflow.run(NAME)["state"] == "success"
        assert airflow.sandbox.account.contacts[0].tags == ["best-customer"]
        written = {
            task_id: [
                (each["namespace"], each["name"]) for each in airflow.last(f"{NAME}.{task_id}", "COMPLETE")["outputs"]
            ]
            for task_id in ("find", "tag")
        }
        assert written == {"find": [], "tag": [(airflow.sandbox.url, "sandbox-location.contacts")]}
        assert "c1@example.com" not in (tmp_path / "events").read_text(encoding="utf-8")
