"""Contacts to be created without looking: a lost answer never makes two of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)
EACH_ANEW: dict[str, Any] = {"constants": {"create_new_if_duplicate_allowed": True}}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account that allows duplicates."""
    with SandboxServer(Settings(burst=None, daily=None, allow_duplicates=True)) as duplicates:
        account = {"conn_type": "leadway", "host": duplicates.url, "password": "sandbox-token"}
        extra = {"location_id": "sandbox-location"}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account | {"extra": extra}))
        yield duplicates


@pytest.fixture
def _unknown(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Ann's answer was lost after the write, and an older contact of her e-mail hides whether it happened."""
    sandbox.account.upsert({"email": "ann@example.com", "firstName": "Anna"})
    sandbox.account.contacts[0].added_at = 0.0
    sandbox.faults.add(Fault(FaultKind.CLOSE, email="ann@example.com", written=True))
    warehouse.fill(ANN, BOB)
    report = sync("first", **EACH_ANEW)
    assert (report["created"], report["unknown"]) == (1, 1)
    assert len(sandbox.account.contacts) == 3


def test_a_lost_answer_never_doubles_a_contact(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A contact is written, its answer lost: it is found, acknowledged, not resent."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.CLOSE, email="ann@example.com", written=True))
    assert sync(**EACH_ANEW)["created"] == 2
    assert len(sandbox.journal.upserts) == 2 == len(sandbox.account.contacts)


@pytest.mark.usefixtures("_unknown")
@pytest.mark.parametrize("arguments", [{}, {"full_resync": True}], ids=str)
def test_no_later_run_doubles_it_either(sandbox: SandboxServer, arguments: dict[str, Any]) -> None:
    """An unknown row that stays as it is is looked up, and not sent: neither by the next run nor by a full one."""
    sandbox.journal.clear()
    report = sync("second", **EACH_ANEW, **arguments)
    assert (report["read"], report["unknown"]) == (2, 1)
    assert not [call for call in sandbox.journal.upserts if call.body and call.body["email"] == ANN[1]]


@pytest.mark.usefixtures("_unknown")
def test_a_row_that_is_read_otherwise_and_becomes_the_same_contact_is_looked_up(sandbox: SandboxServer) -> None:
    """The query's columns are in another order, as after a change of how rows are hashed: the same call was lost."""
    sandbox.journal.clear()
    report = sync("second", sql="SELECT id, country, phone, first_name, email FROM customers", **EACH_ANEW)
    assert (report["read"], report["unknown"], report["unchanged"]) == (2, 1, 1)
    assert not sandbox.journal.upserts


@pytest.mark.usefixtures("_unknown")
def test_it_is_found_when_nothing_hides_it(sandbox: SandboxServer) -> None:
    """Once the older contact is gone, the next run sees what the lost call did, and acknowledges it."""
    sandbox.account.delete(sandbox.account.contacts[0].id)
    report = sync("second", **EACH_ANEW)
    assert (report["read"], report["created"], report["unchanged"]) == (2, 1, 1)
    assert sync("third", **EACH_ANEW)["unchanged"] == 2
    assert len(sandbox.account.contacts) == 2


@pytest.mark.usefixtures("_unknown")
def test_a_change_of_it_is_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The row says something else now, which no call has carried yet."""
    warehouse.fill((1, "ann@example.com", "Ann-Marie", None, None), BOB)
    assert sync("second", **EACH_ANEW)["created"] == 1
    assert "Ann-Marie" in {contact.first_name for contact in sandbox.account.contacts}
