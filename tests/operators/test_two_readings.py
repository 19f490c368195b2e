"""Cells that can be read in two ways: nothing is sent of them, and the reason names the kinds of both readings."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import ANN, Columns, counted, fill, held, stored, sync_people
from tests.operators.task import Warehouse

WITHHELD: list[tuple[Columns, str, str]] = [
    ({"phone": "4915112345678", "country": "DE"}, "phone", "ambiguous"),
    ({"phone": 491722931234, "country": "DE"}, "phone", "ambiguous"),
    ({"phone": "62812345678", "country": "ID"}, "phone", "ambiguous"),
    ({"phone": "3.9061234567E11", "country": "IT"}, "phone", "ambiguous"),
    ({"phone": "3012345678.5", "country": "DE"}, "phone", "ambiguous"),
    ({"phone": "+49 30 1234567/68"}, "phone", "ambiguous"),
    ({"phone": "+49 30 1234567 oder 0171 1234567", "country": "DE"}, "phone", "ambiguous"),
    ({"phone": "2025550123;2025550124", "country": "US"}, "phone", "ambiguous"),
    ({"custom.Work Phone": "+12025550123, +12025550124"}, "custom.Work Phone", "ambiguous"),
    ({"phone": "+49 30 12345***"}, "phone", "phone_impossible"),
    ({"country": "Congo"}, "country", "ambiguous"),
    ({"custom.Lifetime Value": "€3.000"}, "custom.Lifetime Value", "ambiguous"),
    ({"custom.Lifetime Value": "£1.500"}, "custom.Lifetime Value", "ambiguous"),
    ({"custom.Lifetime Value": "$1,200"}, "custom.Lifetime Value", "ambiguous"),
    ({"custom.Orders": "1,200"}, "custom.Orders", "ambiguous"),
    ({"custom.Orders": "50%"}, "custom.Orders", "ambiguous"),
    ({"date_of_birth": "03/04/1990"}, "date_of_birth", "ambiguous"),
    ({"date_of_birth": "25.04.90"}, "date_of_birth", "ambiguous"),
    ({"custom.Signup Date": "3-4-2024"}, "custom.Signup Date", "ambiguous"),
    ({"dnd": "maybe"}, "dnd", "boolean_malformed"),
    ({"first_name": "Zoë\x07"}, "first_name", "control_character"),
    ({"city": b"\x05"}, "city", "control_character"),
    ({"tags": "{{a,b},{c,d}}"}, "tags", "list_malformed"),
    ({"tags": "['a', 'b']"}, "tags", "list_malformed"),
]
"""Columns beside the e-mail, the one that is withheld, and why."""

TAKEN: list[tuple[Columns, Columns]] = [
    ({"phone": "3012345678.0", "country": "DE"}, {"phone": "+493012345678"}),
    ({"phone": 3012345679.0, "country": "DE"}, {"phone": "+493012345679"}),
    ({"phone": "+61412345678.0"}, {"phone": "+61412345678"}),
    ({"phone": "+919876543210.0"}, {"phone": "+919876543210"}),
    ({"phone": "442079460958", "country": "GB"}, {"phone": "+442079460958"}),
    ({"phone": "030/1234567", "country": "DE"}, {"phone": "+49301234567"}),
    ({"phone": "+1 202 555 0123 ext. 45"}, {"phone": "+12025550123"}),
    ({"custom.Lifetime Value": "1.200,50"}, {"custom.Lifetime Value": 1200.5}),
    ({"custom.Lifetime Value": "1.200,50 €"}, {"custom.Lifetime Value": 1200.5}),
    ({"custom.Lifetime Value": "(1,200.50)"}, {"custom.Lifetime Value": -1200.5}),
    ({"custom.Orders": b"\x01"}, {"custom.Orders": 1}),
    ({"date_of_birth": "25.04.1990"}, {"dateOfBirth": "1990-04-25"}),
    ({"date_of_birth": "05/05/1990"}, {"dateOfBirth": "1990-05-05"}),
    ({"dnd": "1.0"}, {"dnd": True}),
    ({"first_name": "\u200bZoë\ufeff"}, {"firstName": "Zoë"}),
    ({"first_name": "a\u200bb"}, {"firstName": "a\u200bb"}),
    ({"first_name": "\u200b", "last_name": "Lee"}, {"firstName": None, "lastName": "Lee"}),
    ({"first_name": b"\x01"}, {"firstName": "1"}),
    ({"address1": "12 Main St\r\nApt 4"}, {"address1": "12 Main St Apt 4"}),
    (
        {
            "dnd_settings": json.dumps(
                {
                    "Call": {"status": "inactive", "message": "", "code": ""},
                    "SMS": {"status": "permanent", "message": "STOP", "code": "94"},
                }
            )
        },
        {
            "dndSettings": {
                "Call": {"status": "inactive"},
                "SMS": {"status": "permanent", "message": "STOP", "code": "94"},
            }
        },
    ),
]
"""Columns beside the e-mail that have one reading, and what the account then holds."""


def with_emails(*people: Columns) -> list[dict[str, object]]:
    """The people, each with an e-mail of its own."""
    return [{"email": f"person{number}@example.com", **columns} for number, columns in enumerate(people)]


def test_two_readings_are_withheld(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The value is left out and counted, the row is sent without it, and only the value itself is missing."""
    fill(warehouse, *with_emails(*(columns for columns, _, _ in WITHHELD)))
    assert counted(sync_people()) == {"created": len(WITHHELD), "withheld": len(WITHHELD)}
    codes = [stored(warehouse, key) for key in range(1, len(WITHHELD) + 1)]
    assert codes == [{"withheld": [(target, code)]} for _, target, code in WITHHELD]
    sent = [dict(call.body or {}) for call in sandbox.journal.upserts]
    assert {name for body in sent for name in body} == {"email", "locationId", "country"}
    assert sum("country" in body for body in sent) == sum(
        "country" in columns and target != "country" for columns, target, _ in WITHHELD
    )


def test_the_reasons_name_kinds_and_no_value(warehouse: Warehouse) -> None:
    """A reason says between which kinds of readings nothing decides, and has neither of them."""
    fill(warehouse, *with_emails(*(columns for columns, _, _ in WITHHELD)))
    sync_people()
    with sqlite3.connect(warehouse.state) as database:
        remarks = [row[0] for row in database.execute("SELECT remarks FROM leadway_row")]
    messages = [each["message"] for remark in remarks for each in json.loads(remark)["withheld"]]
    assert all(" or " in each for each in messages if "two ways" in each)
    assert sum("two ways" in each for each in messages) == sum(code == "ambiguous" for _, _, code in WITHHELD)
    text = " ".join(messages)
    for value in (
        "15112345678",
        "1722931234",
        "812345678",
        "1234567",
        "3000",
        "3.000",
        "1,200",
        "1200",
        "1990",
        "Congo",
    ):
        assert value not in text


def test_one_reading_is_taken(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What can mean one thing only is sent, without a remark."""
    fill(warehouse, *with_emails(*(columns for columns, _ in TAKEN)))
    assert counted(sync_people()) == {"created": len(TAKEN)}
    for number, (_, kept) in enumerate(TAKEN):
        contact = held(sandbox, f"person{number}@example.com")
        assert {name: contact.get(name) for name in kept} == kept
    assert [stored(warehouse, key) for key in range(1, len(TAKEN) + 1)] == [{} for _ in TAKEN]


def test_hints_decide(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What is withheld without a hint is sent with one."""
    fill(
        warehouse,
        *with_emails(
            {"custom.Lifetime Value": "€3.000", "date_of_birth": "03/04/1990"},
            {"custom.Lifetime Value": "$1,200", "date_of_birth": "25.04.1990"},
        ),
    )
    readings: list[tuple[Any, bool, list[object]]] = [
        (",", True, [3000, "1990-04-03", 1.2, "1990-04-25"]),
        (".", False, [3, "1990-03-04", 1200, "1990-04-25"]),
    ]
    for separator, day_first, expected in readings:
        rules = ContactRules(decimal_separator=separator, day_first=day_first)
        assert "withheld" not in counted(sync_people(f"with {separator}", rules=rules))
        contacts = [held(sandbox, f"person{number}@example.com") for number in range(2)]
        assert [each[name] for each in contacts for name in ("custom.Lifetime Value", "dateOfBirth")] == expected


def test_a_misspelt_country_is_not_the_default_region(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A British number never becomes an American one, because somebody misspelt the country."""
    fill(
        warehouse,
        {"email": ANN, "country": "Untied Kingdom", "phone": "2079460958"},
        {"email": "bob@example.com", "country": None, "phone": "2025550123"},
    )
    assert counted(sync_people(rules=ContactRules(phone_region="US"))) == {"created": 2, "withheld": 1}
    assert "phone" not in held(sandbox)
    assert held(sandbox, "bob@example.com")["phone"] == "+12025550123"
    assert stored(warehouse) == {"withheld": [("country", "country_unknown"), ("phone", "phone_region_unknown")]}


def test_an_unknown_channel_is_withheld_alone(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The settings as the CRM itself returns them, with a channel that its API does not take."""
    settings = {
        "Call": {"status": "active", "message": "", "code": ""},
        "RCS": {"status": "active", "message": "", "code": ""},
    }
    fill(warehouse, {"email": ANN, "dnd_settings": json.dumps(settings)})
    assert counted(sync_people()) == {"created": 1, "withheld": 1}
    assert held(sandbox)["dndSettings"] == {"Call": {"status": "active"}}
    assert stored(warehouse) == {"withheld": [("dnd_settings", "json_malformed")]}


@pytest.mark.parametrize("nothing", ["[]", "{}"])
def test_an_empty_array_removes_the_last_tag(warehouse: Warehouse, sandbox: SandboxServer, nothing: str) -> None:
    """Under `replace` an empty array sends no tags, and null leaves those of the contact."""
    rules = ContactRules(tags_mode="replace")
    for run, (tags, kept) in enumerate([('["vip"]', ["vip"]), (None, ["vip"]), (nothing, [])]):
        fill(warehouse, {"email": ANN, "tags": tags, "city": f"City {run}"})
        sync_people(f"run {run}", rules=rules)
        assert held(sandbox)["tags"] == kept


def test_invisible_characters_are_trimmed_off_an_address(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A copied address is the same address, and one whose domain is encoded stays as it is written."""
    fill(warehouse, {"email": f"{ANN}\u200b"}, {"email": "\ufeffbob@example.com"}, {"email": "eve@xn--mnchen-3ya.de"})
    assert counted(sync_people()) == {"created": 3}
    sent = [str((call.body or {})["email"]) for call in sandbox.journal.upserts]
    assert sorted(sent) == [ANN, "bob@example.com", "eve@xn--mnchen-3ya.de"]


def test_an_option_of_ones_own_is_sent_where_the_account_allows_it(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """A field that takes other texts gets the row's text; options are sent as the account writes them."""
    sandbox.account.custom_fields = (
        SandboxCustomField.named("Shade", "RADIO", ("Light", "Dark"), allows_custom_option=True),
        SandboxCustomField.named("Colours", "CHECKBOX", ("Red",), allows_custom_option=True),
    )
    fill(warehouse, {"email": ANN, "custom.Shade": " Dusk ", "custom.Colours": "red|Mauve"})
    assert counted(sync_people()) == {"created": 1}
    contact = held(sandbox)
    assert (contact["custom.Shade"], contact["custom.Colours"]) == ("Dusk", ["Red", "Mauve"])
    assert stored(warehouse) == {}
