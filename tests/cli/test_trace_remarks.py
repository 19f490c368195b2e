"""What `leadway trace` says where an e-mail moves from contact to contact, or a contact is gone."""

from __future__ import annotations

import json
import re

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", "+12025550101", None)
BOB: Row = (2, "bob@example.com", "Bob", "+12025550102", None)


def trace(capsys: pytest.CaptureFixture[str], key: str, *arguments: str) -> str:
    """Return what the command prints, each of its lines unbroken."""
    capsys.readouterr()
    assert main(["trace", "--key", key, "--state-conn-id", "state", *arguments]) == 0
    return re.sub(r"\n {9,}", " ", capsys.readouterr().out)


def test_an_email_that_a_stranger_has_is_named_with_the_strangers_contact(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the present state of the row, in its delivery, and in JSON."""
    warehouse.fill(ANN)
    sync("first")
    _, stranger = sandbox.account.upsert({"email": "annie@example.com", "firstName": "Stranger"})
    warehouse.run("UPDATE customers SET email = 'annie@example.com'")
    assert sync("second")["identity_taken"] == 1

    said = trace(capsys, "1")
    sentence = (
        f"email: Another contact of the account has this e-mail or phone; it was left out. It is contact {stranger.id}."
    )
    assert f"  remark   {sentence} (identity_taken)" in said.splitlines()
    assert f"    left out {sentence} (identity_taken)" in said.splitlines()
    [history] = json.loads(trace(capsys, "1", "--json"))
    [taken] = history["now"]["others"]
    assert (taken["field"], taken["code"]) == ("email", "identity_taken")
    assert stranger.id in taken["message"]


def test_a_contact_that_was_deleted_in_the_crm(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remark says that the row has another contact now, and whether it is new."""
    warehouse.fill(ANN, BOB)
    sync("first")
    for contact in sandbox.account.contacts:
        sandbox.account.delete(contact.id)
    sandbox.account.upsert({"email": "bob@example.com"})
    warehouse.run("UPDATE customers SET first_name = 'Changed'")
    sync("second")
    for key, code in (("1", "contact_recreated"), ("2", "contact_moved")):
        said = trace(capsys, key)
        assert re.search(rf"^  remark   The contact .*\({code}\)$", said, re.MULTILINE)
        assert re.search(rf"^    remark   The contact .*\({code}\)$", said, re.MULTILINE)


@pytest.mark.usefixtures("sandbox")
def test_a_contact_that_gave_its_email_up(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """A swap is one more call: one contact is cleared first, and its row's history shows that call."""
    warehouse.fill(ANN, BOB)
    sync("first")
    warehouse.fill((1, BOB[1], "Ann", ANN[3], None), (2, ANN[1], "Bob", BOB[3], None))
    assert sync("second")["calls"] >= 3
    histories = [trace(capsys, key) for key in ("1", "2")]
    [cleared] = [said for said in histories if "  cleared  HTTP 200" in said]
    assert "    gave up  an e-mail or phone that another row takes" in cleared.splitlines()
    assert [said.count("  updated  HTTP 200") for said in histories] == [1, 1]


@pytest.mark.usefixtures("sandbox")
def test_a_key_is_printed_without_control_characters(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal would obey is shown as an escape."""
    warehouse.run("DROP TABLE customers")
    warehouse.run("CREATE TABLE customers (id TEXT, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    warehouse.fill(("a\x1b[2J\nb", "ann@example.com", "Ann", None, None))
    sync("first")
    said = trace(capsys, "a\x1b[2J\nb")
    assert said.startswith("Key a\\x1b[2J\\nb of sync customers.sync\n")
