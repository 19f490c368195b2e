"""What a warehouse's columns become in an account that is called over HTTP, and what is said of what did not become."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.contacts.targets import CUSTOM_PREFIX, TARGETS, find_target
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import ANN, Columns, counted, fill, held, stored, sync_people
from tests.operators.task import TaskInstance, Warehouse

BEN = "sandboxUserBenOkafor"

Case = tuple[Columns, Mapping[str, object]]

PARTS: list[Case] = [
    ({"email": "  Ann@Example.COM\n"}, {"email": ANN}),
    ({"phone": "00 44 20 7946 0958"}, {"phone": "+442079460958"}),
    ({"phone": "(202) 555-0123", "country": "USA"}, {"phone": "+12025550123", "country": "US"}),
    ({"phone": 12025550124, "country": "us"}, {"phone": "+12025550124", "country": "US"}),
    ({"first_name": "  Zoë "}, {"firstName": "Zoë", "name": "Zoë"}),
    ({"last_name": "Müller".encode()}, {"lastName": "Müller"}),
    ({"first_name": "Zoë", "last_name": "Müller"}, {"name": "Zoë Müller"}),
    ({"name": "Ann Lee"}, {"name": "Ann Lee"}),
    ({"gender": "female"}, {"gender": "female"}),
    ({"address1": "12 Main Street"}, {"address1": "12 Main Street"}),
    ({"city": "São Paulo"}, {"city": "São Paulo"}),
    ({"state": "SP"}, {"state": "SP"}),
    ({"postal_code": "02134"}, {"postalCode": "02134"}),
    ({"postal_code": 2134.0}, {"postalCode": "2134"}),
    ({"country": "Brasil"}, {"country": "BR"}),
    ({"country": "GBR"}, {"country": "GB"}),
    ({"country": "United Kingdom"}, {"country": "GB"}),
    ({"website": " example.com/shop?a=b "}, {"website": "example.com/shop?a=b"}),
    ({"timezone": "america/chicago"}, {"timezone": "America/Chicago"}),
    *(
        ({"date_of_birth": written}, {"dateOfBirth": "1990-04-25"})
        for written in (
            "1990/04/25",
            "04/25/1990",
            "1990-04-25",
            "04-25-1990",
            "1990.04.25",
            "04.25.1990",
            "1990_04_25",
            "04_25_1990",
            "1990-04-25 23:59:59+02:00",
        )
    ),
    ({"company_name": "Example & Sons"}, {"companyName": "Example & Sons"}),
    ({"source": "warehouse"}, {"source": "warehouse"}),
    ({"assigned_to": BEN}, {"assignedTo": BEN}),
    ({"assigned_to": "Ben.Okafor@example.com"}, {"assignedTo": BEN}),
    ({"tags": "VIP; Newsletter"}, {"tags": ["newsletter", "vip"]}),
    ({"tags": '["a, b", "C"]'}, {"tags": ["a, b", "c"]}),
    ({"tags": '{a,"B, c"}'}, {"tags": ["a", "b, c"]}),
    ({"create_new_if_duplicate_allowed": "N", "city": "Rome"}, {"city": "Rome"}),
    ({"dnd": 1}, {"dnd": True}),
    ({"dnd": "f"}, {"dnd": False}),
    *(
        ({f"dnd.{name}": "Y"}, {"dndSettings": {channel: {"status": "active"}}})
        for name, channel in (("email", "Email"), ("sms", "SMS"), ("whatsapp", "WhatsApp"), ("gmb", "GMB"))
    ),
    *(
        (
            {f"dnd.{name}": "Permanent", f"dnd.{name}.message": "by phone", f"dnd.{name}.code": 12},
            {"dndSettings": {channel: {"status": "permanent", "message": "by phone", "code": "12"}}},
        )
        for name, channel in (
            ("call", "Call"),
            ("email", "Email"),
            ("sms", "SMS"),
            ("whatsapp", "WhatsApp"),
            ("gmb", "GMB"),
            ("fb", "FB"),
        )
    ),
    (
        {"inbound_dnd": 0, "inbound_dnd.message": "call back"},
        {"inboundDndSettings": {"all": {"status": "inactive", "message": "call back"}}},
    ),
    ({"custom.Lifetime Value": "$1,200.50"}, {"custom.Lifetime Value": 1200.5}),
    ({"custom.Orders": "12.0"}, {"custom.Orders": 12}),
    ({"custom.plan": "pro"}, {"custom.Plan": "Pro"}),
    ({"custom.Contact Preference": " POST "}, {"custom.Contact Preference": "Post"}),
    ({"custom.Interests": "music|travel"}, {"custom.Interests": ["Music", "Travel"]}),
    ({"custom.Consents": '["offers"]'}, {"custom.Consents": ["Offers"]}),
    ({"custom.Signup Date": "12/31/1999"}, {"custom.Signup Date": "1999-12-31"}),
    ({"custom.Signup Date": "2024-02-29 08:00:00"}, {"custom.Signup Date": "2024-02-29"}),
    ({"custom.Loyalty Number": 4711}, {"custom.Loyalty Number": "4711"}),
    ({"custom.Notes": "two\nlines"}, {"custom.Notes": "two\nlines"}),
    ({"custom.Work Phone": "020 7946 0958", "country": "England"}, {"custom.Work Phone": "+442079460958"}),
    ({"custom.Billing Email": "Bill@Example.com"}, {"custom.Billing Email": "bill@example.com"}),
]
"""Columns beside the key and the e-mail, and what the account then holds."""

WHOLE: list[Case] = [
    (
        {"dnd_settings": '{"call": true, "SMS": {"status": "permanent", "message": "STOP", "code": 7}}'},
        {"dndSettings": {"Call": {"status": "active"}, "SMS": {"status": "permanent", "message": "STOP", "code": "7"}}},
    ),
    ({"inbound_dnd_settings": '{"all": "active"}'}, {"inboundDndSettings": {"all": {"status": "active"}}}),
    ({"custom.lifetime_value": "99.90"}, {"custom.Lifetime Value": 99.9}),
    ({"Custom.contact.Orders": 7}, {"custom.Orders": 7}),
]
"""The same of columns that fill what others above fill, and so can't be in one query with them."""


UNFIT: list[tuple[str, object, str]] = [
    ("phone", "+12", "phone_impossible"),
    ("phone", "(202) 555-0123", "phone_region_unknown"),
    ("country", "Atlantis", "country_unknown"),
    ("website", "no address", "website_malformed"),
    ("timezone", "Mars/Olympus", "timezone_unknown"),
    ("date_of_birth", "1990-02-30", "date_malformed"),
    ("dnd", "maybe", "boolean_malformed"),
    ("dnd.call", "maybe", "status_unknown"),
    ("inbound_dnd", "permanent", "status_unknown"),
    ("dnd.sms.message", "STOP", "status_missing"),
    ("tags", '{"a": "b"}', "list_malformed"),
    ("assigned_to", "nobody@example.com", "user_unknown"),
    ("first_name", b"\xff\xfe", "text_not_unicode"),
    ("first_name", "a\x00b", "text_not_unicode"),
    ("postal_code", float("inf"), "number_not_finite"),
    ("custom.Lifetime Value", "a lot", "number_malformed"),
    ("custom.Orders", 2**62, "number_too_large"),
    ("custom.Plan", "Platinum", "option_unknown"),
    ("custom.Interests", "Music, Chess", "option_unknown"),
    ("custom.Signup Date", "soon", "date_malformed"),
    ("custom.Billing Email", "at home", "email_malformed"),
]
"""Columns, values that their fields can't take, and why."""


@pytest.mark.parametrize("cases", [PARTS, WHOLE], ids=["parts", "whole"])
def test_what_arrives(warehouse: Warehouse, sandbox: SandboxServer, cases: list[Case]) -> None:
    """Each target takes what warehouses hold, and the account has it without a remark."""
    people = [{"email": f"person{number}@example.com", **columns} for number, (columns, _) in enumerate(cases)]
    fill(warehouse, *people)
    report = sync_people()
    arrived = []
    for person, (_, kept) in zip(people, cases, strict=True):
        contact = held(sandbox, str(person["email"]).strip().lower())
        arrived.append({name: _in_order(contact.get(name)) for name in kept})
    assert arrived == [kept for _, kept in cases]
    assert [stored(warehouse, key) for key in range(1, len(cases) + 1)] == [{} for _ in cases]
    assert counted(report) == {"created": len(cases)}


def _in_order(value: object) -> object:
    """Tags and options have no order."""
    return sorted(value) if isinstance(value, list) else value


def test_every_target_is_tried() -> None:
    """The tables above leave no target out, and no type of custom field that a column can fill."""
    cases = [*PARTS, *WHOLE]
    targets = {find_target(column).name for columns, _ in cases for column in columns}
    # A contact id names a contact that the account has, and the rows above become new ones.
    assert {name for name in targets if not name.startswith(CUSTOM_PREFIX)} == set(TARGETS) - {"contact_id"}
    custom = {name for _, kept in cases for name in kept if name.startswith(CUSTOM_PREFIX)}
    unfillable = {"FILE_UPLOAD", "SIGNATURE", "TEXTBOX_LIST"}
    fields = SandboxServer().account.custom_fields
    assert custom == {f"{CUSTOM_PREFIX}{field.name}" for field in fields if field.data_type not in unfillable}


def test_the_apis_own_names_are_targets_too(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The same row under snake_case, camelCase and capitals is the same request."""
    row: dict[str, object] = {"email": ANN, "first_name": "Ann", "postal_code": "02134", "date_of_birth": "1990-04-25"}
    row |= {"company_name": "Example", "dnd_settings": '{"Call": "active"}', "assigned_to": BEN}
    spellings: list[Callable[[str], str]] = [str, lambda name: TARGETS[name].api_path, str.upper]
    for run, spell in enumerate(spellings):
        fill(warehouse, {spell(name): value for name, value in row.items()})
        sync_people(f"run {run}", sync_name=f"sync {run}")
    first, *others = [call.body for call in sandbox.journal.upserts]
    assert others == [first, first]


def test_only_what_is_mapped_is_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """No example value of the API's page ever gets into a request."""
    fill(warehouse, {"email": ANN})
    sync_people()
    assert sandbox.journal.upserts[0].body == {"email": ANN, "locationId": "sandbox-location"}


def test_mapping_and_constants(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A column is renamed where the SQL can't be touched, and a constant is the same on every contact."""
    fill(warehouse, {"mail": ANN, "ltv": 12.5}, {"mail": "bob@example.com", "ltv": 1})
    constants = {"source": "warehouse", "custom.Plan": "free", "assigned_to": BEN, "tags": ["From DWH"]}
    report = sync_people(mapping={"mail": "email", "ltv": "custom.Lifetime Value"}, constants=constants)
    assert counted(report) == {"created": 2}
    for email, value in ((ANN, 12.5), ("bob@example.com", 1)):
        contact = held(sandbox, email)
        assert contact["custom.Lifetime Value"] == value
        assert (contact["source"], contact["custom.Plan"], contact["assignedTo"]) == ("warehouse", "Free", BEN)
        assert contact["tags"] == ["from dwh"]


def test_what_is_withheld(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A value that its field can't take is left out, counted and stored with the row, which is sent without it."""
    people = [
        {"email": f"person{number}@example.com", column: value} for number, (column, value, _) in enumerate(UNFIT)
    ]
    fill(warehouse, *people)
    assert counted(sync_people()) == {"created": len(UNFIT), "withheld": len(UNFIT)}
    codes = [stored(warehouse, key) for key in range(1, len(UNFIT) + 1)]
    assert codes == [{"withheld": [(column, code)]} for column, _, code in UNFIT]
    sent = [dict(call.body or {}) for call in sandbox.journal.upserts]
    assert {frozenset(body) for body in sent} == {frozenset(("email", "locationId"))}


def test_no_reason_holds_a_value(warehouse: Warehouse) -> None:
    """Neither a withheld value nor a rejected one is anywhere in the state."""
    secret = "unmistakable"
    fill(warehouse, {"email": ANN, "phone": f"{secret} 1", "custom.Plan": secret}, {"email": secret})
    assert counted(sync_people(max_rejected=1)) == {"created": 1, "withheld": 1, "invalid": 1}
    with sqlite3.connect(warehouse.state) as database:
        assert secret not in "\n".join(database.iterdump())


def test_blanks_leave_the_field_as_it_is(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """By default a value that became blank is not sent, and stays."""
    fill(warehouse, {"email": ANN, "city": "Oslo", "postal_code": "0150", "custom.Orders": 3})
    sync_people("first")
    fill(warehouse, {"email": ANN, "city": None, "postal_code": "", "custom.Orders": " "})
    assert counted(sync_people("second")) == {"updated": 1}
    assert (held(sandbox)["city"], held(sandbox)["postalCode"], held(sandbox)["custom.Orders"]) == ("Oslo", "0150", 3)


def test_blanks_clear_what_can_be_cleared(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With blanks="clear" null is sent where the API lets it; other fields stay, and the log says which, how often."""
    caplog.set_level("INFO", "leadway_provider")
    nullable = {
        "first_name": "Ann",
        "last_name": "Lee",
        "address1": "12 Main Street",
        "city": "Oslo",
        "state": "Oslo",
        "website": "example.com",
        "timezone": "Europe/Oslo",
        "company_name": "Example",
        "date_of_birth": "1990-04-25",
        "phone": "+12025550123",
    }
    fixed = {"gender": "female", "postal_code": "0150", "country": "NO", "source": "warehouse", "custom.Orders": 3}
    fill(warehouse, {"email": ANN, **nullable, **fixed})
    sync_people("first")
    before = held(sandbox)
    fill(warehouse, dict.fromkeys(("email", *nullable, *fixed), "") | {"email": ANN})
    assert counted(sync_people("second", rules=ContactRules(blanks="clear"))) == {"updated": 1}
    after = held(sandbox)
    assert not {TARGETS[name].api_path for name in nullable} & after.keys()
    for name in ("gender", "postalCode", "country", "source", "custom.Orders"):
        assert after[name] == before[name]
    told = [record.getMessage() for record in caplog.records if "blank" in record.getMessage()]
    assert len(told) == len(fixed)
    assert all(any(name in line and "1" in line for line in told) for name in fixed)


def test_a_cleared_name_beside_a_first_name(warehouse: Warehouse) -> None:
    """The account shows first and last name as the name, which is no value that it failed to clear."""
    fill(warehouse, {"email": ANN, "first_name": "Ann", "name": ""})
    assert counted(sync_people(rules=ContactRules(blanks="clear"))) == {"created": 1}
    assert stored(warehouse) == {}


@pytest.mark.parametrize("column", ["owner", "OWNER"])
def test_users_are_looked_up_once_a_run(warehouse: Warehouse, sandbox: SandboxServer, column: str) -> None:
    """However many e-mails there are to look up, and however the mapping spells their column, it is one call."""
    fill(
        warehouse,
        {"email": ANN, "owner": "ben.okafor@example.com"},
        {"email": "bob@example.com", "owner": "ADA.LOVELL@example.com"},
    )
    assert counted(sync_people(mapping={column: "assigned_to"})) == {"created": 2}
    assert held(sandbox)["assignedTo"] == BEN
    assert [call.path for call in sandbox.journal.calls if "/users" in call.path] == ["/users/"]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (
            "custom.Life time value",
            "'custom.Life time value' is not a custom field.*nearest is 'custom.Lifetime Value'",
        ),
        ("custom.Contract", "'custom.Contract' is a custom field that holds files"),
        ("custom.References", "'TEXTBOX_LIST'; a column can fill only"),
        ("frist_name", "nearest is 'first_name'"),
    ],
)
def test_a_column_that_fits_nothing(warehouse: Warehouse, sandbox: SandboxServer, column: str, says: str) -> None:
    """The API would drop an unknown custom field in silence; here it is an error that names the nearest."""
    fill(warehouse, {"email": ANN, column: "x"})
    with pytest.raises(AirflowFailException, match=says):
        sync_people()
    assert not sandbox.journal.writes


def test_strict_rejects_with_every_reason(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A strict sync sends a row whole or not at all, and reports all that is wrong with it, without a value."""
    fill(warehouse, {"email": ANN, "country": "Atlantis", "website": "no address", "custom.Plan": "Platinum"})
    ti = TaskInstance()
    with pytest.raises(AirflowFailException, match="1 invalid") as caught:
        sync_people(ti=ti, strict=True)
    said = f"{caught.value}\n{caplog.text}"
    assert "Rejected: key 1 (invalid)" in said
    assert not sandbox.journal.writes
    assert set(stored(warehouse)["reasons"]) == {
        ("country", "country_unknown"),
        ("website", "website_malformed"),
        ("custom.Plan", "option_unknown"),
    }
    assert "It offers 'Free', 'Basic', 'Pro', 'Enterprise'." in said
    assert not any(value in said for value in ("Atlantis", "no address", "Platinum"))
