"""Properties of every row, whatever values a driver returns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.contacts.reasons import CODES
from leadway_provider.contacts.targets import TARGETS
from leadway_provider.policies import ContactRules
from tests.contacts.request import verify

TYPES = {
    "TEXT": (),
    "LARGE_TEXT": (),
    "NUMERICAL": (),
    "MONETORY": (),
    "DATE": (),
    "PHONE": (),
    "EMAIL": (),
    "SINGLE_OPTIONS": ("Gold", "Silver"),
    "RADIO": ("S", "M"),
    "CHECKBOX": ("Sea", "Hills, high"),
    "MULTIPLE_OPTIONS": ("1", "true", "Ä"),
}
FIELDS = tuple(
    CustomField(f"id{kind}", kind, f"contact.{kind.lower()}", kind, options) for kind, options in TYPES.items()
)
WHOLE = {"dnd_settings": "dnd.", "inbound_dnd_settings": "inbound_dnd"}
"""Columns that fill the same fields as several others: a query has one or the other."""
COLUMNS = [*WHOLE, *(name for name in TARGETS if name not in WHOLE), *(f"custom.{field.id}" for field in FIELDS)]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
ANY = st.one_of(
    st.none(),
    st.text(st.characters(codec=None), max_size=12),
    st.integers(),
    st.sampled_from([10**400, -(2**53), 2**64, float("nan"), float("inf"), 1e300, "\ud800", "a\x00b", "[" * 5000]),
    st.floats(),
    st.decimals(),
    st.booleans(),
    st.binary(max_size=8),
    st.binary(max_size=8).map(lambda value: memoryview(value)[:]),
    st.binary(max_size=8).map(bytearray),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.times(),
    st.timedeltas(),
    JSON,
    JSON.map(json.dumps),
    st.sets(st.text(max_size=5), max_size=3),
    st.just(object()),
)
GOOD: Mapping[str, list[object]] = {
    "email": [" Ada@Example.com", "zoë@münchen.de", b"x@example.com", None],
    "phone": ["+12025550123", "(202) 555-0123", "0033 1 42 68 53 00", 12025550123, None],
    "country": ["USA", "Deutschland", "fr", "Korea, Republic of"],
    "website": ["example.com", "HTTPS://Example.com/a?b#c"],
    "timezone": ["america/chicago", "UTC"],
    "date": ["12/31/1999", "01/02/1990", "1990.1.2", "2000-02-29 10:00:00+02"],
    "boolean": ["Y", 0, b"\x01", "off"],
    "tags": ["VIP|İstanbul|ß", ["a", "b", "A"], '["x", "[y]"]', "{p,q}"],
    "user": ["user1", "bo@example.com"],
    "contact id": ["ve9EPM428h8vShlRW1KT", 12],
    "dnd status": ["permanent", True, "inactive"],
    "inbound dnd status": ["active", "N"],
    "dnd settings": [{"call": True, "sms": {"status": "permanent", "message": " m ", "code": 1}}, '{"FB": "inactive"}'],
    "inbound dnd settings": [{"all": "inactive"}, '{"all": {"status": "active", "message": "m"}}'],
    "NUMERICAL": ["7.0", 12.5, Decimal("1e-30"), True],
    "MONETORY": ["$1,200.50", Decimal("99.90"), -3],
    "DATE": ["12/31/1999", "01/02/1990"],
    "PHONE": ["+12025550123", "(202) 555-0123"],
    "EMAIL": ["Bill@Example.com"],
    "SINGLE_OPTIONS": ["gold", "SILVER "],
    "RADIO": ["s", b"M"],
    "CHECKBOX": ["hills,  HIGH", '["sea", "hills, high"]', "sea;hills, high"],
    "MULTIPLE_OPTIONS": [[1, True], "ä|1", {"true", "1"}],
}
"""Right values, by kind of target and type of custom field. Any text is right for the others."""


def values(column: str) -> st.SearchStrategy[object]:
    """Return right values for a column, and any others that a driver may return."""
    kind = column.removeprefix("custom.id") if column.startswith("custom.") else TARGETS[column].kind
    return st.sampled_from(GOOD.get(kind, ["Zürich", 12, " two\twords ", "x"])) | st.deferred(lambda: ANY)


IDENTITY = st.sampled_from(
    [("ada@example.com", "+12025550123"), ("Ada@Example.com", None), (None, "+4930901820"), ("a@b.example", "12")]
) | st.tuples(values("email"), values("phone"))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    """Return rows by column: an e-mail, a phone and some other columns."""
    row: dict[str, object] = dict(zip(("email", "phone"), draw(IDENTITY), strict=True))
    columns = draw(st.lists(st.sampled_from(COLUMNS), max_size=8, unique=True))
    for column in columns:
        split = any(other.startswith(WHOLE.get(column, "?")) and other != column for other in columns)
        if column not in row and not split:
            row[column] = draw(values(column))
    return row


RULES = st.builds(
    ContactRules,
    strict=st.sampled_from([False, False, False, False, False, True]),
    phone_region=st.sampled_from([None, "US", "FR"]),
    day_first=st.sampled_from([None, True, False]),
    decimal_separator=st.sampled_from([None, ".", ","]),
    blanks=st.sampled_from(["omit", "clear"]),
    tags_mode=st.sampled_from(["add", "replace", "remove"]),
    identity=st.sampled_from([("email", "phone"), ("phone", "email"), ("email",), ("phone",)]),
)
modest = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def mapped(columns: list[str], rules: ContactRules) -> ContactMapping:
    """Return the mapping of these columns, in an account with one custom field of each type."""
    return compile_mapping(
        ["key", *columns], key=["key"], rules=rules, custom_fields=FIELDS, users={"bo@example.com": "user1"}
    )


def columns_of(contact: Contact) -> dict[str, Any]:
    """Return a row whose columns are the contact's fields, as the API names them."""
    row: dict[str, Any] = {name: value for name, value in contact.fields.items() if name != "customFields"}
    custom: Any = contact.fields.get("customFields", [])
    row |= {f"custom.{entry['id']}": entry["field_value"] for entry in custom}
    if tags := contact.add_tags or contact.remove_tags:
        row["tags"] = list(tags)
    if contact.contact_id:
        row["contact_id"] = contact.contact_id
    return row


def answer(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contact of an answer that shows every field, in the API's forms."""
    kept = {name: value for name, value in fields.items() if value is not None}
    for hidden in ("gender", "createNewIfDuplicateAllowed", "inboundDndSettings"):
        kept.pop(hidden, None)
    if "customFields" in kept:
        chosen = [entry for entry in kept["customFields"] if entry["field_value"] != []]
        kept["customFields"] = [{"id": entry["id"], "value": entry["field_value"]} for entry in chosen]
    for name in ("email", "firstName", "lastName", "name"):
        if name in kept:
            kept[name] = kept[name].lower()
    if "tags" in kept:
        kept["tags"] = [tag.lower() for tag in reversed(kept["tags"])]
    shown: dict[str, Any] = json.loads(json.dumps(kept))
    return shown


@modest
@given(row=rows(), rules=RULES)
def test_every_row_is_a_contact_or_a_rejection(row: dict[str, object], rules: ContactRules) -> None:
    """No value raises an error, and every request is one that the API publishes."""
    result = mapped(list(row), rules).contact([1, *row.values()])
    if isinstance(result, Contact):
        verify(result.fields)
        assert result.contact_id or any(result.fields.get(name) for name in rules.identity)
        reasons = result.withheld
    else:
        reasons = result.reasons
        assert reasons
    for reason in reasons:
        assert reason.field in row
        assert reason.message.startswith(CODES[reason.code])


@modest
@given(row=rows(), rules=RULES)
def test_no_control_character_is_sent(row: dict[str, object], rules: ContactRules) -> None:
    """Every text of a contact is free of control characters, but for the lines and tabs of a large text."""
    result = mapped(list(row), rules).contact([1, *row.values()])
    if isinstance(result, Contact):
        for name, value in columns_of(result).items():
            for written in texts(value):
                controls = {each for each in written if unicodedata.category(each) == "Cc"}
                assert controls <= ({"\n", "\t"} if name == "custom.idLARGE_TEXT" else set())


def texts(value: object) -> list[str]:
    """Return every text in a value, the keys of objects too."""
    if isinstance(value, dict):
        return [*map(str, value), *(text for each in value.values() for text in texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


@modest
@given(row=rows(), rules=RULES)
def test_a_contact_read_as_a_row_is_the_same_contact(row: dict[str, object], rules: ContactRules) -> None:
    """Converting a contact's values once more changes nothing, even if lists and objects are JSON text."""
    result = mapped(list(row), rules).contact([1, *row.values()])
    if not isinstance(result, Contact):
        return
    again = columns_of(result)
    for form in (again, {name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in again.items()}):
        repeated = mapped(list(form), rules).contact([1, *form.values()])
        assert isinstance(repeated, Contact)
        assert repeated.withheld == ()
        assert columns_of(repeated) == again
        assert repeated.withheld == ()


@modest
@given(row=rows(), rules=RULES, data=st.data())
def test_a_kept_value_is_the_same_and_a_dropped_one_is_not(
    row: dict[str, object], rules: ContactRules, data: st.DataObject
) -> None:
    """An answer that shows every field has no difference, and one with null in its place has that difference."""
    result = mapped(list(row), rules).contact([1, *row.values()])
    if not isinstance(result, Contact) or not result.fields:
        return
    kept = answer(result.fields)
    assert not_kept(result.fields, kept, new=True) == ()
    dropped = data.draw(st.sampled_from(sorted(kept)))
    shown, kept[dropped] = kept[dropped], None
    if shown and "inactive" not in str(shown):
        reasons = not_kept(result.fields, kept, new=False)
        assert {reason.field.partition(".")[0] for reason in reasons} - {"gender"} == {dropped}
