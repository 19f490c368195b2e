"""What an account's settings hold that can't be read: it must not stop what does not need it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, SandboxCustomField
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import ANN, counted, fill, held, sync_people
from tests.operators.task import Warehouse

BEN = "sandboxUserBenOkafor"


@dataclass(frozen=True, slots=True)
class OddField(SandboxCustomField):
    """A custom field that the account shows in another form than documented; a part that is None is left out."""

    shown: Mapping[str, object] = field(default_factory=dict)

    def as_json(self, location_id: str, position: int) -> dict[str, Any]:
        """Return the field as the account lists it."""
        described = SandboxCustomField.as_json(self, location_id, position)
        left_out = [name for name, value in self.shown.items() if value is None]
        return {name: value for name, value in {**described, **self.shown}.items() if name not in left_out}


def odd(named: str, /, **shown: object) -> OddField:
    """Return a text field that the account shows with these changes."""
    return OddField(f"id-of-{named.lower()}", named, f"contact.{named.lower()}", "TEXT", shown=shown)


ODD = (
    odd("Nameless", name=None),
    odd("Keyless", fieldKey=None),
    odd("Typeless", dataType=None),
    odd("Folder", dataType=None, fieldKey=None, documentType="folder"),
    odd("Hologram", dataType="HOLOGRAM"),
    odd("Idless", id=None),
    odd("Extra", picklistOptions={"a": 1}, inventedLater=[{}]),
)


@pytest.fixture
def odd_account(sandbox: SandboxServer) -> SandboxServer:
    """An account with custom fields of every odd form."""
    sandbox.account.custom_fields = (*ODD, *DEFAULT_CUSTOM_FIELDS)
    return sandbox


def test_what_can_not_be_read_does_not_matter_where_nothing_maps_to_it(
    warehouse: Warehouse, odd_account: SandboxServer
) -> None:
    """A custom field that can be read is filled beside many that can't."""
    fill(warehouse, {"email": ANN, "custom.Plan": "Pro"})
    assert counted(sync_people()) == {"created": 1}
    assert held(odd_account)["custom.Plan"] == "Pro"


@pytest.mark.parametrize("target", ["custom.nameless", "custom.Keyless", "custom.id-of-extra"])
def test_what_is_known_of_a_field_is_enough(warehouse: Warehouse, odd_account: SandboxServer, target: str) -> None:
    """A field without a name is filled by its key, and one without a key by its name."""
    fill(warehouse, {"email": ANN, target: "Pro"})
    assert counted(sync_people()) == {"created": 1}
    assert "Pro" in odd_account.account.contacts[0].custom.values()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("custom.Typeless", "no data type"),
        ("custom.Folder", "folder"),
        ("custom.Hologram", "HOLOGRAM"),
        ("custom.idless", "no id"),
    ],
)
def test_a_field_that_can_not_be_filled_is_named_where_it_is_mapped(
    warehouse: Warehouse, odd_account: SandboxServer, target: str, why: str
) -> None:
    """The task fails at once; the message has the target as it was written, and the reason."""
    fill(warehouse, {"email": ANN, target: "Pro"})
    with pytest.raises(AirflowFailException, match=f"{target}.*{why}"):
        sync_people()
    assert not odd_account.journal.writes


def test_users_that_are_refused_once_are_read_again(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One 401 of the users' list costs one call, and changes nothing."""
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, path="/users/"))
    fill(warehouse, {"email": ANN, "assigned_to": "ben.okafor@example.com"})
    with caplog.at_level(logging.WARNING):
        assert counted(sync_people()) == {"created": 1}
    assert held(sandbox)["assignedTo"] == BEN
    assert "users" not in caplog.text


@pytest.mark.parametrize("kind", [FaultKind.SCOPE_MISSING, FaultKind.FORBIDDEN, FaultKind.UNPROCESSABLE])
def test_users_that_are_refused_withhold_their_emails_only(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture, kind: FaultKind
) -> None:
    """The row goes without its user, a user's id needs no list, and the log says why."""
    sandbox.faults.add(Fault(kind, times=None, path="/users/"))
    fill(
        warehouse,
        {"email": ANN, "assigned_to": "ben.okafor@example.com"},
        {"email": "bob@example.com", "assigned_to": BEN},
    )
    with caplog.at_level(logging.WARNING):
        assert counted(sync_people()) == {"created": 2, "withheld": 1}
    assert "assignedTo" not in held(sandbox)
    assert held(sandbox, "bob@example.com")["assignedTo"] == BEN
    assert "users can't be read" in caplog.text
