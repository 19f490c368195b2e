"""The normal forms, against the rules by which an answer to a write is compared with what was sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.normal import ContactForm

CUSTOM = {
    "T": CustomField("t", "T", "contact.t", "TEXT"),
    "N": CustomField("n", "N", "contact.n", "NUMERICAL"),
    "D": CustomField("d", "D", "contact.d", "DATE"),
    "C": CustomField("c", "C", "contact.c", "CHECKBOX", ("Red", "Green", "Blue")),
    "R": CustomField("r", "R", "contact.r", "RADIO", ("Red", "Green", "Blue")),
}
PLAIN = ("email", "phone", "first_name", "city", "website", "timezone", "date_of_birth", "company_name", "dnd")
COLUMNS = ("id", *PLAIN, "dnd.sms", *(f"custom.{name}" for name in CUSTOM))
MAPPING = compile_mapping(COLUMNS, key=["id"], custom_fields=list(CUSTOM.values()))
FORM = ContactForm.of(MAPPING, CUSTOM.values())
VALUES: dict[str, list[object]] = {
    "email": ["ann@example.com", "bob@example.com"],
    "phone": ["+12025550101", "+12025550102"],
    "first_name": ["Ann", "ANN ", "Zoë", "Bob"],
    "city": ["New  York", "new york", "Bern"],
    "website": ["https://example.com/", "example.com", "http://example.org"],
    "timezone": ["Europe/Berlin", "America/New_York"],
    "date_of_birth": ["1990-03-04", "1990-04-03"],
    "company_name": ["Acme", "acme"],
    "dnd": [True, False],
    "dnd.sms": ["active", "inactive"],
    "custom.T": ["one", "2020-01-02", "7", "007", "true"],
    "custom.N": [7, 7.5, "1200"],
    "custom.D": ["2020-01-02", "2021-02-03"],
    "custom.C": ["Red|Blue", "Blue|Red", "Green"],
    "custom.R": ["Red", "Blue"],
}


def contact_of(values: dict[str, object]) -> Contact:
    """Return the contact of a row that has these values."""
    made = MAPPING.contact([1, *(values.get(column) for column in COLUMNS[1:])])
    assert isinstance(made, Contact)
    return made


def written_otherwise(fields: dict[str, Any], how: set[str]) -> dict[str, Any]:
    """Return a contact as the account may show it: written otherwise, in ways that are not differences."""
    shown = {name: value for name, value in fields.items() if name != "customFields"}
    custom = [{"id": each["id"], "value": each["field_value"]} for each in fields.get("customFields", ())]
    if "capitals" in how:
        shown |= {name: str(shown[name]).upper() for name in ("email", "firstName", "timezone") if name in shown}
    if "times" in how and "dateOfBirth" in shown:
        shown["dateOfBirth"] = f"{shown['dateOfBirth']}T00:00:00.000Z"
    if "scheme" in how and "website" in shown:
        shown["website"] = f"HTTP://{str(shown['website']).partition('://')[2] or shown['website']}"
    if "order" in how:
        custom = [
            {**each, "value": each["value"][::-1]} if isinstance(each["value"], list) else each for each in custom
        ]
    if "texts" in how:
        custom = [{**each, "value": str(each["value"])} if each["id"] == "n" else each for each in custom]
    if "lists" in how:
        custom = [{**each, "value": [each["value"]]} if each["id"] in ("t", "r") else each for each in custom]
    if "no channel" in how and shown.get("dndSettings", {}).get("SMS", {}).get("status") == "inactive":
        del shown["dndSettings"]
    return {**shown, "customFields": custom}


def differing(sent: Contact, shown: dict[str, Any]) -> set[str]:
    """Return the paths whose normal forms differ."""
    held = dict(zip(FORM.paths, FORM.held(shown), strict=True))
    return {path for path, normal in FORM.sent(sent).items() if held[path] != normal}


ROWS = st.fixed_dictionaries(
    {"email": st.sampled_from(VALUES["email"])},
    optional={name: st.sampled_from(values) for name, values in VALUES.items() if name != "email"},
)
WAYS = st.sets(st.sampled_from(["capitals", "times", "scheme", "order", "texts", "lists", "no channel"]))


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(sent=ROWS, held=ROWS, how=WAYS)
@example(sent={"email": "ann@example.com", "dnd.sms": "inactive"}, held={"email": "ann@example.com"}, how=set())
def test_what_an_answer_shows_as_kept_is_equal_and_nothing_else(
    sent: dict[str, object], held: dict[str, object], how: set[str]
) -> None:
    """The same fields differ by the normal forms and by the comparison of values, whatever the contact has."""
    contact = contact_of(sent)
    shown = written_otherwise(dict(contact_of(held).fields), how)
    everywhere = {path.partition(".")[0]: None for path in FORM.paths} | shown  # an answer shows also what is blank
    said = {each.field for each in not_kept(contact.fields, everywhere, new=False, by_id=True)}
    assert differing(contact, shown) == said


@pytest.mark.parametrize(
    ("field", "held"),
    [("city", "Bern"), ("custom.T", "2020-01-02T00:00:00Z"), ("custom.N", "7"), ("custom.D", 1577923200000)],
)
def test_a_value_is_equal_to_itself_as_the_account_writes_it(field: str, held: object) -> None:
    """Days as midnight or as milliseconds, and numbers as text."""
    sent = {"city": "Bern", "custom.T": "2020-01-02", "custom.N": 7, "custom.D": "2020-01-02"}[field]
    contact = contact_of({"email": "ann@example.com", field: sent})
    custom = [{"id": field[-1].lower(), "value": held}] if field.startswith("custom.") else []
    shown = {"email": "ann@example.com", "city": held if field == "city" else None, "customFields": custom}
    assert differing(contact, shown) == set()


def test_a_value_of_another_type_is_different() -> None:
    """An object where a text is expected equals nothing, and stops nothing."""
    contact = contact_of({"email": "ann@example.com", "custom.N": 7, "custom.C": "Red", "first_name": "Ann"})
    shown = {
        "email": {"a": 1},
        "firstName": [["Ann"]],
        "customFields": [{"id": "n", "value": {"x": 1}}, {"id": "c", "value": [["Red"]]}, "no object"],
    }
    assert differing(contact, shown) == {"email", "firstName", "customFields.n", "customFields.c"}
