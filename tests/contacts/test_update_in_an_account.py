"""An account's answer to the update of a known contact."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.echo import not_kept
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.service import Service
from tests.contacts.test_properties import RULES, mapped, rows
from tests.contacts.test_properties_in_an_account import ACCOUNT
from tests.sandbox.direct_client import DirectClient, api_with


def differences(contact: Contact, payload: dict[str, Any]) -> dict[str, str]:
    """Return the code of each field for which an update's answer shows another value."""
    reasons = not_kept(contact.update_fields, payload["contact"], new=False, by_id=True)
    return {reason.field: reason.code for reason in reasons}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(row=rows(), rules=RULES)
def test_an_account_takes_the_update_of_whatever_a_row_becomes(row: dict[str, object], rules: ContactRules) -> None:
    """An update with a contact that was made of a row is accepted, and its answer shows every field."""
    contact = mapped(list(row), rules).contact([1, *row.values()])
    if not isinstance(contact, Contact):
        return
    client = DirectClient(Service(ACCOUNT))
    known = client.contact(email="known@example.com")
    status, payload = client.update(known["id"], **json.loads(json.dumps(contact.update_fields)))
    assert status == 200, payload
    assert differences(contact, payload) == {}


def test_an_identity_that_an_update_did_not_write_is_taken() -> None:
    """Nothing is matched by an update, so an old value in its answer means that another contact has the new one."""
    client = api_with(refuses_taken_identities=False)
    client.contact(email="bo@example.com", phone="+12025550199")
    known = client.contact(email="ada@example.com", phone="+12025550123")
    contact = Contact({"email": "bo@example.com", "phone": "+12025550199", "city": "Bern"})
    status, payload = client.update(known["id"], **contact.update_fields)
    assert status == 200
    assert differences(contact, payload) == {"email": "identity_taken", "phone": "identity_taken"}


def test_an_identity_that_an_update_did_not_clear_is_not_taken() -> None:
    """An e-mail that should be cleared and is still there belongs to the contact itself."""
    client = api_with(clears_identities=False)
    known = client.contact(email="ada@example.com", phone="+12025550123")
    contact = Contact({"email": "ada@example.com", "phone": None})
    status, payload = client.update(known["id"], **contact.update_fields)
    assert status == 200
    assert differences(contact, payload) == {"phone": "not_cleared"}
