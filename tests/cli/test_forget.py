"""`leadway forget` over what real runs of the operator left behind."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from cryptography.fernet import Fernet

from leadway_provider.cli import main
from leadway_provider.hooks.database import open_state
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.state import StateStore
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.request import SyncIdentity
from tests.airflow_version import forget_fernet
from tests.operators.task import Row, Warehouse, sync

ANN, BOB, CAT = (
    (n, f"{name}@example.com", name, None, None)
    for n, name in ((104210421042, "ann"), (104310431043, "bob"), (7, "cat"))
)
ROWS: tuple[Row, ...] = (ANN, BOB, CAT)
STATE = ("--state-conn-id", "state")
DELETE = RemovalPolicy("delete", max_removed=3)
FORGET = ("forget", "--yes", *STATE)


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that sets the Fernet key of Airflow's configuration; blank for none."""

    def use(key: str) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", key)
        forget_fernet()

    yield use
    forget_fernet()


@pytest.fixture
def delivered(warehouse: Warehouse) -> Warehouse:
    """Three contacts that the account has acknowledged."""
    warehouse.fill(*ROWS)
    sync("first")
    return warehouse


def contact_of(key: int, warehouse: Warehouse) -> str:
    """The contact on which a row lives."""
    with closing(sqlite3.connect(warehouse.state)) as database:
        wanted = "SELECT contact_id FROM leadway_row WHERE source_key = ?"
        return str(database.execute(wanted, [str(key)]).fetchone()[0])


def names(sandbox: SandboxServer) -> dict[str | None, str | None]:
    """The first name of each contact, by e-mail."""
    return {contact.email: contact.first_name for contact in sandbox.account.contacts}


def anything(warehouse: Warehouse, *words: str) -> list[str]:
    """Where the state store has one of these words."""
    found = []
    with closing(sqlite3.connect(warehouse.state)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a table of the store
                found += [table for value in row if any(word in str(value) for word in words)]
    return found


def test_a_forgotten_key_is_left_alone_until_it_is_remembered(
    delivered: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its row is skipped whatever it is then; its contact stays as it is, also where departed contacts are deleted."""
    contact_id = contact_of(104210421042, delivered)
    assert main([*FORGET, "--key", "104210421042"]) == 0
    assert (
        "Sync customers.sync to sandbox-location has forgotten it; its next runs skip 1 key." in capsys.readouterr().out
    )
    assert anything(delivered, "104210421042", contact_id) == []

    delivered.run("UPDATE customers SET first_name = 'Changed'")
    report = sync("second", removal=DELETE)
    assert (report["skipped"], report["updated"], report["read"]) == (1, 2, 3)
    delivered.run("DELETE FROM customers WHERE id = 104210421042")
    sync("third", removal=DELETE)
    assert names(sandbox)["ann@example.com"] == "ann"
    assert anything(delivered, "104210421042", contact_id) == []
    assert main(["trace", "--key", "104210421042", *STATE]) == 1
    for command in ("syncs", "runs", "rejected", "waiting"):
        assert main([command, *STATE]) == 0

    delivered.fill(*ROWS)
    assert main(["remember", "--key", "104210421042", "--sync", "customers.sync", *STATE]) == 0
    assert sync("fourth")["skipped"] == 0
    assert contact_of(104210421042, delivered) == contact_id
    assert main(["remember", "--key", "104210421042", "--sync", "customers.sync", *STATE]) == 1


def test_in_crm_deletes_the_contact_too(
    delivered: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the CRM answered is told; a contact that is not there any more is one that needs nothing."""
    ann, bob = contact_of(104210421042, delivered), contact_of(104310431043, delivered)
    assert main([*FORGET, "--contact", ann, "--in-crm", "--json"]) == 0
    [document] = json.loads(capsys.readouterr().out)
    assert document["in_crm"] == {ann: "deleted"}
    assert (document["keys"], document["rows"], document["deliveries"]) == (1, 1, 1)
    assert "ann@example.com" not in names(sandbox)
    with LeadwayHook() as hook:
        hook.call(lambda client: client.delete_contact(bob))
    assert main([*FORGET, "--key", "104310431043", "--in-crm"]) == 0
    assert f"Contact {bob}: was not there in the CRM." in capsys.readouterr().out
    assert main(["forgotten", "--json", *STATE]) == 0
    assert [each["contacts_deleted"] for each in json.loads(capsys.readouterr().out)] == [1, 0]
    report = sync("second", compare="account")
    assert (report["skipped"], report["unchanged"]) == (2, 1)


def test_nothing_is_deleted_without_a_confirmation_or_while_a_run_works(
    delivered: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The errors say what to do; there is no way to take the lease by force."""
    assert main(["forget", "--key", "104210421042", *STATE], stdin=io.StringIO()) == 2
    with closing(StateStore.open_file(delivered.state)) as state:
        lease = state.lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))
        lease.acquire(None, LeaseState("token", 0, "customers/second/sync/-1", "another machine 1"))

        def pause(_: float) -> None:
            assert lease.heartbeat("token")

        assert main([*FORGET, "--key", "104210421042"], pause=pause) == 1
        error = capsys.readouterr().err
        assert "is at work" in error
        assert "--force" not in error
        lease.release("token")
    assert contact_of(104210421042, delivered)


def test_a_key_that_is_not_there_needs_the_name_of_its_sync(
    delivered: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person can be left out before the sync has ever sent them."""
    assert main([*FORGET, "--key", "2000"]) == 1
    assert "--sync" in capsys.readouterr().err
    assert main([*FORGET, "--key", "2000", "--sync", "customers.sync"]) == 0
    delivered.fill(*ROWS, (2000, "dan@example.com", "dan", None, None))
    assert sync("second")["skipped"] == 1


@pytest.mark.usefixtures("delivered")
def test_a_run_that_can_not_recognise_forgotten_keys_sends_nothing(
    use_keys: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """With another Fernet key, or none, forgotten persons would be sent again; the error says what to set."""
    assert main([*FORGET, "--key", "104210421042"]) == 0
    with closing(open_state("state")) as state:
        state.syncs().forget(1)
    use_keys(Fernet.generate_key().decode())
    with pytest.raises(AirflowFailException, match=r"because their persons were forgotten.*\[core\] fernet_key"):
        sync("second")
    use_keys("")
    assert main([*FORGET, "--key", "104310431043", "--sync", "customers.sync"]) == 2
    assert "[core] fernet_key" in capsys.readouterr().err


def test_the_same_key_of_another_sync_is_another_person(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command asks which sync is meant; a contact's id is the same person in each."""
    warehouse.fill(ANN)
    sync("first", sync_name="customers")
    sync("first", sync_name="leads")
    assert main([*FORGET, "--key", "104210421042"]) == 1
    assert "of 'customers', 'leads': name one of them with --sync" in capsys.readouterr().err
    assert main([*FORGET, "--contact", contact_of(104210421042, warehouse)]) == 0
    assert [sync("second", sync_name=name)["skipped"] for name in ("customers", "leads")] == [1, 1]
    assert main([*FORGET, "--contact", "nobody"]) == 1


def test_a_contact_with_two_keys_is_deleted_in_the_crm_for_both_only(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another person's contact is not deleted by the way."""
    warehouse.fill(ANN, (7, "ann@example.com", "ann", None, None))
    sync("first", rules=ContactRules(on_shared_identity="send"))
    assert main([*FORGET, "--key", "7", "--in-crm"]) == 1
    assert "another key of the sync lives on contact" in capsys.readouterr().err
    assert main([*FORGET, "--contact", contact_of(7, warehouse), "--in-crm"]) == 0
    assert names(sandbox) == {}
    assert sync("second")["skipped"] == 2
