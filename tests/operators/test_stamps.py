"""stamps, through the operator: over a real state database and an account over HTTP."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import MappingError
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Warehouse, operator, sync

STAMPS = {"source": "run_id", "city": "key", "postal_code": "time"}
ANN = (1, "a@example.com", "Ann", None, None)


def stamps(sandbox: SandboxServer) -> dict[str, tuple[Any, ...]]:
    """Run, key and time of each contact, by its first name."""
    return {
        str(each.first_name): tuple(each.fields.get(name) for name in ("source", "city", "postalCode"))
        for each in sandbox.account.contacts
    }


def test_stamps_go_with_what_is_sent_and_make_no_row_changed(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The second run sends one row; the other contact keeps the first run's stamps."""
    warehouse.fill(ANN, (2, "b@example.com", "Bob", None, None))
    first = sync("first", stamps=STAMPS)["run_id"]
    found = stamps(sandbox)
    assert {name: each[:2] for name, each in found.items()} == {"Ann": (first, "1"), "Bob": (first, "2")}
    assert all(len(each[2]) == len("2026-11-02 03:04:05+00:00") for each in found.values())

    warehouse.run("UPDATE customers SET first_name = 'Bo' WHERE id = 2")
    second = sync("second", stamps=STAMPS)

    assert (second["unchanged"], second["updated"], second["not_kept"]) == (1, 1, 0)
    assert {name: each[0] for name, each in stamps(sandbox).items()} == {"Ann": first, "Bo": second["run_id"]}


def test_stamps_are_not_compared_and_new_ones_send_nothing(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Stamps that are asked for later, or that somebody changed by hand, wait until the row is sent anyway."""
    warehouse.fill(ANN)
    sync("first")
    assert sync("second", stamps=STAMPS)["unchanged"] == 1
    [contact] = sandbox.account.contacts
    sandbox.account.update(contact.id, {"source": "by hand"})
    compared = sync("third", stamps=STAMPS, compare="account")
    assert (compared["unchanged"], compared["drifted"]) == (1, 0)
    assert stamps(sandbox)["Ann"][0] == "by hand"
    sandbox.account.update(contact.id, {"firstName": "Edited"})
    compared = sync("fourth", stamps=STAMPS, compare="account")
    assert (compared["updated"], compared["drifted.first_name"]) == (1, 1)
    assert stamps(sandbox)["Ann"][0] == compared["run_id"]


def test_the_ledger_has_the_stamps(warehouse: Warehouse) -> None:
    """They are among the columns of the run, and among the fields of its deliveries."""
    warehouse.fill(ANN)
    sync("first", stamps={"city": "key"})
    with sqlite3.connect(warehouse.state) as database:
        [(columns, sent)] = database.execute(
            "SELECT r.columns, d.fields FROM leadway_run r JOIN leadway_delivery d ON d.run_id = r.id"
        ).fetchall()
    assert columns.endswith('[null,"city","city"]]')
    assert int(sent, 16).bit_length() == columns.count("[") - 1


def test_a_stamp_of_a_mapped_field_fails_before_anything_is_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The column would be lost."""
    warehouse.fill(ANN)
    with pytest.raises(AirflowFailException, match="Task sync: The stamp 'first_name' and 'first_name' fill the same"):
        sync(stamps={"first_name": "key"})
    assert not sandbox.account.contacts


def test_stamps_are_checked_while_the_dag_is_parsed_but_for_templates() -> None:
    """A wrong value is an error there; a template is known when the task runs only."""
    with pytest.raises(MappingError, match="Task sync: The stamp 'source' is 'now', which is not a stamp"):
        operator(stamps={"source": "now"})
    assert operator(stamps={"source": "{{ params.stamp }}"}).stamps
