"""Properties of every row in an account: nothing is refused, and the answer shows what was sent."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.echo import not_kept
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.service import Service, Settings
from tests.contacts.test_properties import FIELDS, RULES, mapped, rows
from tests.sandbox.direct_client import DirectClient

ACCOUNT = Settings(
    burst=None,
    daily=None,
    custom_fields=tuple(
        SandboxCustomField(field.id, field.name, field.field_key, field.data_type, field.options)  # type: ignore[arg-type]  # the types are the same words
        for field in FIELDS
    ),
)


def answer(contact: Contact) -> tuple[int, dict[str, Any]]:
    """Return the answer of an account without other contacts to the contact's upsert."""
    body = json.loads(json.dumps(dict(contact.fields)))
    return DirectClient(Service(ACCOUNT)).upsert(**body)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example(row={"email": "ann@example.com", "first_name": "Ann", "name": ""}, rules=ContactRules(blanks="clear"))
@given(row=rows(), rules=RULES)
def test_an_account_takes_whatever_a_row_becomes(row: dict[str, object], rules: ContactRules) -> None:
    """A contact that was made of a row is accepted, and an empty account keeps every field of it."""
    contact = mapped(list(row), rules).contact([1, *row.values()])
    if not isinstance(contact, Contact) or contact.contact_id:
        return  # what names its contact is written to that one
    status, payload = answer(contact)
    assert status in (200, 201), payload
    assert payload["new"]
    assert not_kept(contact.fields, payload["contact"], new=True) == ()
