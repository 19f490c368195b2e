"""What an account does without saying so, and what the report and the state store say of it."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import ANN, counted, fill, held, stored, sync_people
from tests.operators.task import Warehouse


@pytest.mark.parametrize("blank", [None, "", " \t"])
def test_no_identity_costs_no_call(warehouse: Warehouse, sandbox: SandboxServer, blank: object) -> None:
    """The API refuses a contact without e-mail and phone, so such a row is never sent."""
    fill(warehouse, {"email": blank, "phone": blank, "first_name": "Ann"})
    assert counted(sync_people(max_rejected=1)) == {"invalid": 1}
    assert stored(warehouse) == {"reasons": [("email", "no_identity")]}
    assert not sandbox.journal.writes


def test_a_blank_email_is_not_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The API refuses a blank e-mail; the phone identifies the contact."""
    fill(warehouse, {"email": "", "phone": "+12025550123"})
    assert counted(sync_people()) == {"created": 1}
    assert sandbox.journal.upserts[0].body == {"phone": "+12025550123", "locationId": "sandbox-location"}


def test_a_national_phone_takes_the_rows_country_or_the_region(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The API drops national numbers, so one gets its country code from the row, and else from the rules."""
    fill(
        warehouse,
        {"email": ANN, "phone": "020 7946 0958", "country": "United Kingdom"},
        {"email": "bob@example.com", "phone": "202 555 0123", "country": None},
    )
    assert counted(sync_people(rules=ContactRules(phone_region="US"))) == {"created": 2}
    assert held(sandbox)["phone"] == "+442079460958"
    assert held(sandbox, "bob@example.com")["phone"] == "+12025550123"


@pytest.mark.parametrize(
    ("tags_mode", "after"),
    [("add", ["from crm", "new", "vip"]), ("replace", ["new", "vip"]), ("remove", ["from crm"])],
)
def test_tags(warehouse: Warehouse, sandbox: SandboxServer, tags_mode: Any, after: list[str]) -> None:
    """Tags are lower-cased as the API does, and added, replaced or removed; nothing of it is a difference."""
    sandbox.account.upsert({"email": ANN, "tags": ["from crm", "vip"]})
    fill(warehouse, {"email": ANN, "tags": "VIP, New"})
    assert counted(sync_people(rules=ContactRules(tags_mode=tags_mode))) == {"updated": 1}
    assert sorted(held(sandbox)["tags"]) == after
    assert stored(warehouse) == {}
    bodies = [call.body for call in sandbox.journal.upserts if call.body]
    assert [body.get("tags") for body in bodies] == [["vip", "new"] if tags_mode == "replace" else None]


def test_tags_that_the_answer_shows_cost_no_call(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Set-up and one upsert: no call is made for tags that the contact has."""
    sandbox.account.upsert({"email": ANN, "tags": ["vip"]})
    fill(warehouse, {"email": ANN, "tags": "VIP"})
    assert sync_people()["calls"] == 2


def test_gender_of_a_contact_that_existed(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The API ignores it without a word; the row says so."""
    sandbox.account.upsert({"email": ANN, "firstName": "Ann"})
    fill(warehouse, {"email": ANN, "gender": "female"})
    assert counted(sync_people()) == {"updated": 1, "not_kept": 1}
    assert "gender" not in held(sandbox)
    assert stored(warehouse) == {"not_kept": [("gender", "gender_ignored")]}


def test_a_phone_that_another_contact_owns(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """E-mail and phone match two contacts: the first is updated, its phone dropped in silence; the row says so."""
    sandbox.account.upsert({"email": ANN})
    sandbox.account.upsert({"email": "bob@example.com", "phone": "+12025550123"})
    fill(warehouse, {"email": ANN, "phone": "202-555-0123", "country": "US"})
    assert counted(sync_people()) == {"updated": 1, "not_kept": 1}
    assert "phone" not in held(sandbox)
    assert held(sandbox, "bob@example.com")["phone"] == "+12025550123"
    assert stored(warehouse) == {"not_kept": [("phone", "phone_owned_by_other")]}


def test_an_email_that_another_contact_owns(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The same in an account that matches the phone first, whose rules say so."""
    sandbox.account.priority = ("phone", "email")
    sandbox.account.upsert({"email": "old@example.com", "phone": "+12025550123"})
    sandbox.account.upsert({"email": ANN})
    fill(warehouse, {"email": ANN, "phone": "+12025550123", "city": "Oslo"})
    report = sync_people(rules=ContactRules(identity=("phone", "email")))
    assert counted(report) == {"updated": 1, "not_kept": 1}
    assert held(sandbox, "old@example.com")["city"] == "Oslo"
    assert stored(warehouse) == {"not_kept": [("email", "email_owned_by_other")]}


def test_a_secondary_email_is_promoted(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The account finds a contact by its secondary e-mail too; what came back is what was sent."""
    _, contact = sandbox.account.upsert({"email": "old@example.com"})
    sandbox.account.add_secondary_email(contact.id, ANN)
    fill(warehouse, {"email": ANN, "city": "Oslo"})
    assert counted(sync_people()) == {"updated": 1}
    assert [contact.email for contact in sandbox.account.contacts] == [ANN]


def test_custom_fields_merge(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Custom fields that no column fills stay as they are."""
    orders = next(field for field in sandbox.account.custom_fields if field.name == "Orders")
    sandbox.account.upsert({"email": ANN, "customFields": [{"id": orders.id, "field_value": 3}]})
    fill(warehouse, {"email": ANN, "custom.Plan": "Pro"})
    assert counted(sync_people()) == {"updated": 1}
    assert (held(sandbox)["custom.Orders"], held(sandbox)["custom.Plan"]) == (3, "Pro")


def test_source_is_overwritten(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Every upsert overwrites the source, so it is sent only where a column or constant maps to it."""
    sandbox.account.upsert({"email": ANN, "source": "website"})
    fill(warehouse, {"email": ANN, "city": "Oslo"})
    sync_people("first")
    assert held(sandbox)["source"] == "website"
    sync_people("second", constants={"source": "warehouse"})
    assert held(sandbox)["source"] == "warehouse"


def test_a_custom_field_that_is_deleted_while_the_run_lasts(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The API drops its value in silence; the row says so."""
    fill(warehouse, {"email": ANN, "custom.Plan": "Pro"})
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, path="/contacts/upsert"))
    with pytest.raises(AirflowFailException):
        sync_people("one")
    sandbox.account._fields_by_id.clear()
    assert counted(sync_people("one")) == {"created": 1, "not_kept": 1}
    [(field, code)] = stored(warehouse)["not_kept"]
    assert (field, code) == ("custom.Plan", "dropped")


@pytest.mark.parametrize(
    ("on_shared_identity", "counts", "reasons"),
    [
        ("separate", {"created": 1, "superseded": 1}, {"reasons": [("email", "identity_shared")]}),
        ("invalid", {"created": 1, "invalid": 1}, {"reasons": [("email", "identity_shared")]}),
        ("send", {"created": 1, "updated": 1, "collisions": 1}, {}),
    ],
)
def test_a_shared_first_identity(
    warehouse: Warehouse, on_shared_identity: Any, counts: dict[str, int], reasons: dict[str, Any]
) -> None:
    """Two keys with one e-mail are one contact: which key stands for it, and what becomes of the other."""
    fill(warehouse, {"email": ANN, "city": "Oslo"}, {"email": "ANN@example.com", "city": "Rome"})
    rules = ContactRules(on_shared_identity=on_shared_identity)
    assert counted(sync_people(rules=rules, max_rejected=1)) == counts
    if reasons:
        assert stored(warehouse, key=2) == reasons


@pytest.mark.parametrize(
    ("on_shared_identity", "counts", "phones"),
    [
        ("separate", {"created": 2, "withheld": 1}, ["+12025550123", None]),
        ("invalid", {"created": 1, "invalid": 1}, ["+12025550123"]),
    ],
)
def test_a_shared_second_identity(
    warehouse: Warehouse,
    sandbox: SandboxServer,
    on_shared_identity: Any,
    counts: dict[str, int],
    phones: list[str | None],
) -> None:
    """Two people with one phone stay two: one key sends it, and from the other it is withheld."""
    fill(
        warehouse,
        {"email": ANN, "phone": "+12025550123"},
        {"email": "bob@example.com", "phone": "001 202 555 0123"},
    )
    rules = ContactRules(on_shared_identity=on_shared_identity)
    assert counted(sync_people(rules=rules, max_rejected=1)) == counts
    assert [contact.phone for contact in sandbox.account.contacts] == phones
    kind = "withheld" if on_shared_identity == "separate" else "reasons"
    assert stored(warehouse, key=2) == {kind: [("phone", "identity_shared")]}
