"""Compiling a query's columns: what is accepted, and what the errors say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import MappedColumn, check_targets, compile_mapping
from leadway_provider.contacts.targets import TARGETS, Kind
from leadway_provider.exceptions import MappingError, SourceError
from leadway_provider.policies import ContactRules
from tests.contacts.request import UpsertContact

VALUE = CustomField("f1", "Lifetime Value", "contact.lifetime_value", "MONETORY")
PLAN = CustomField("f2", "Plan", "contact.plan", "SINGLE_OPTIONS", ("Gold", "Silver"))
PLAN_TOO = CustomField("f3", "plan", "contact.plan_2", "TEXT")
CONTRACT = CustomField("f4", "Contract", "contact.contract", "FILE_UPLOAD")
BOXES = CustomField("f5", "Boxes", "contact.boxes", "TEXTBOX_LIST")
FIELDS = (VALUE, PLAN, CONTRACT, BOXES)


def sent(columns: Sequence[str], row: Sequence[object], **choices: Any) -> dict[str, object]:
    """Return the request of a row whose first column is the key."""
    contact = compile_mapping(columns, key=[columns[0]], **choices).contact(row)
    assert isinstance(contact, Contact)
    return dict(contact.fields)


def test_the_select_list_is_the_mapping() -> None:
    """Columns may be named in snake_case, camelCase or upper case, and nothing else is sent."""
    assert sent(
        ["id", "EMAIL", "first_name", "lastName", "POSTAL_CODE"], [7, "ada@example.com", "Ada", "Lovelace", "35061"]
    ) == {"email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "postalCode": "35061"}


def test_a_key_that_names_a_target_is_sent() -> None:
    """A column of the key is sent only if its name or the mapping gives it a target."""
    mapping = compile_mapping(["email", "shop"], key=["shop", "email"])
    assert mapping.key_positions == (1, 0)
    assert mapping.columns == (MappedColumn("email", "email", "email"),)
    assert sent(["code", "email"], ["x", "ada@example.com"], mapping={"code": "source"})["source"] == "x"


@pytest.mark.parametrize("name", ["contact_id", "contactId", "CONTACT_ID"])
def test_a_key_that_is_named_contact_id_is_mapped_only_on_request(name: str) -> None:
    """A warehouse's own key may have that name, and hold no ids of the CRM."""
    row = [17, "ada@example.com"]
    assert compile_mapping([name, "email"], key=[name]).contact(row) == Contact({"email": "ada@example.com"})
    mapped = compile_mapping([name, "email"], key=[name], mapping={name: "contact_id"}).contact(row)
    assert mapped == Contact({"email": "ada@example.com"}, contact_id="17")


def test_mapping_renames_and_constants_are_added() -> None:
    """A mapped column no longer feeds the target of its own name, and constants go to every contact."""
    assert sent(
        ["id", "mail", "name"],
        [1, "ada@example.com", "Countess"],
        mapping={"MAIL": "email", "name": "companyName"},
        constants={"source": "warehouse", "country": "Brasil", "dnd.sms": True},
    ) == {
        "email": "ada@example.com",
        "companyName": "Countess",
        "source": "warehouse",
        "country": "BR",
        "dndSettings": {"SMS": {"status": "active"}},
    }


def test_the_fields_of_a_row_are_a_part_of_the_fields_of_its_mapping() -> None:
    """A contact's API paths are those of the mapping for which the row has a value."""
    mapping = compile_mapping(
        ["id", "email", "city", "custom.Lifetime Value", "tags", "dnd.call", "inbound_dnd"],
        key=["id"],
        constants={"source": "shop", "dnd.sms.message": "x", "dnd.sms": True},
        custom_fields=FIELDS,
    )
    columns = {each.api_path: each.column for each in mapping.columns}
    whole = mapping.contact([1, "ada@example.com", "Berne", 12, "vip", True, True])
    part = mapping.contact([1, "ada@example.com", None, None, "", None, None])
    assert isinstance(whole, Contact)
    assert isinstance(part, Contact)
    assert {api_path for api_path, column in columns.items() if column is None} == {
        "source",
        "dndSettings.SMS.message",
        "dndSettings.SMS.status",
    }
    assert columns.keys() <= whole.api_paths
    assert {columns[api_path] for api_path in columns.keys() & part.api_paths} == {"email", None}


@pytest.mark.parametrize(
    "name", ["Lifetime Value", "lifetime_value", "contact.lifetime_value", "f1", " lifetime  VALUE"]
)
def test_custom_fields_are_found_by_name_key_or_id(name: str) -> None:
    """A custom field is found by each of its names, in any case."""
    assert sent(["id", "email", f"custom.{name}"], [1, "ada@example.com", "12.50"], custom_fields=FIELDS) == {
        "email": "ada@example.com",
        "customFields": [{"id": "f1", "field_value": 12.5}],
    }


def test_the_mapping_lists_column_target_and_api_path() -> None:
    """Each column has its target as the user writes it and as the API does."""
    mapping = compile_mapping(
        ["id", "email", "ltv", "dnd.call"], key=["id"], mapping={"ltv": "custom.Lifetime Value"}, custom_fields=FIELDS
    )
    assert mapping.columns == (
        MappedColumn("email", "email", "email"),
        MappedColumn("ltv", "custom.Lifetime Value", "customFields.f1"),
        MappedColumn("dnd.call", "dnd.call", "dndSettings.Call.status"),
    )
    assert mapping.targets["customFields.f1"] == "custom.Lifetime Value"


@pytest.mark.parametrize(
    ("columns", "choices", "named"),
    [
        (["id", "emial"], {}, ["'emial'", "'email'"]),
        (["id", "email", "frist_name", "citty"], {}, ["'frist_name'", "'first_name'", "'citty'", "'city'"]),
        (["id", "email", "dnd.fax"], {}, ["'dnd.fax'"]),
        (["id", "email", "custom."], {}, ["'custom.'"]),
        (["ident", "email"], {}, ["'id'", "'ident'"]),
        (["id", "email"], {"key": []}, ["key"]),
        (["id", "email", "Email"], {}, ["'email'", "'Email'", "same field"]),
        (["id", "email", "first_name", "firstName"], {}, ["'first_name'", "'firstName'"]),
        (["id", "email", "dnd.call.code", "dnd_settings"], {}, ["'dnd_settings'", "'dnd.call.code'"]),
        (["id", "email", "source"], {"constants": {"source": "x"}}, ["column 'source'", "constant 'source'"]),
        (["id", "mail"], {"mapping": {"mail": "email", "MAIL": "name"}}, ["'mail'", "twice"]),
        (["id", "mail"], {"mapping": {"mial": "email"}}, ["'mial'", "'mail'"]),
        (["id", "email", "x"], {"mapping": {"x": "firstnam"}}, ["'x'", "'firstnam'", "'first_name'"]),
        (["id", "first_name"], {}, ["email, phone or contact_id"]),
        (["id", "phone"], {"rules": ContactRules(identity=("email",))}, ["to email"]),
        (["id", "email", "custom.lifetime"], {}, ["'custom.lifetime'", "'custom.lifetime_value'"]),
        (["id", "email", "custom.contract"], {}, ["'custom.contract'", "files"]),
        (["id", "email", "custom.boxes"], {}, ["'custom.boxes'", "'TEXTBOX_LIST'"]),
        (["id", "email", "custom.PLAN"], {"custom_fields": (PLAN, PLAN_TOO)}, ["custom.plan,", "custom.plan_2"]),
        (["id", "email", "custom.plan", "custom.f2"], {}, ["'custom.plan'", "'custom.f2'"]),
        (["id", "email", "custom.plan"], {"custom_fields": ()}, ["no custom fields"]),
        (["id", "email"], {"constants": {"custom.plan": "bronze"}}, ["'custom.plan'", "'Gold', 'Silver'"]),
        (["id", "email"], {"constants": {"assigned_to": "bo@example.com"}}, ["'assigned_to'", "user"]),
    ],
)
def test_a_mistake_is_named(columns: list[str], choices: Mapping[str, Any], named: list[str]) -> None:
    """The error names the column, the target and the most similar one."""
    with pytest.raises(MappingError) as caught:
        compile_mapping(columns, **{"key": ["id"], "custom_fields": FIELDS, **choices})
    for name in named:
        assert name in str(caught.value)


@pytest.mark.parametrize("columns", [["id", "email", "email"], []])
def test_a_result_without_distinct_columns(columns: list[str]) -> None:
    """Two columns of one name, or no column, are an error of the source."""
    with pytest.raises(SourceError):
        compile_mapping(columns, key=["id"])


@pytest.mark.parametrize(
    ("mapping", "constants", "named"),
    [
        ({"x": "emial"}, None, "'email'"),
        ({"x": "email", "y": "Email"}, None, "same field"),
        ({"x": "custom.Plan", "y": "custom.plan"}, None, "same field"),
        ({"x": "source"}, {"source": "y"}, "constant 'source'"),
        (None, {"emial": "y"}, "'email'"),
        (None, {"email": "ada@example.com"}, "same contact"),
        (None, {"phone": "+12025550123"}, "same contact"),
        (None, {"contact_id": "c1"}, "same contact"),
        (None, {"country": "Atlantis"}, "'country'"),
        (None, {"timezone": "Mars/Olympus"}, "'timezone'"),
        (None, {"dnd": "perhaps"}, "'dnd'"),
        (None, {"source": " "}, "blank"),
        (None, {"tags": []}, "blank"),
    ],
)
def test_mistakes_that_are_found_while_a_dag_is_parsed(
    mapping: dict[str, str] | None, constants: dict[str, object] | None, named: str
) -> None:
    """Unknown targets, targets that are filled twice and wrong constants are found without query and account."""
    with pytest.raises(MappingError, match=named):
        check_targets(mapping, constants)


def test_custom_fields_and_users_are_checked_later() -> None:
    """Custom fields and users can only be checked with the account."""
    check_targets({"x": "custom.Plan"}, {"custom.Tier": "1", "assigned_to": "bo@example.com", "tags": "a,b"})
    check_targets(None, None)


def test_checking_targets_loads_no_heavy_library() -> None:
    """The libraries that only rows need are not loaded while a DAG is parsed."""
    program = (
        "import sys\n"
        "from leadway_provider.contacts.mapping import check_targets\n"
        "check_targets({'x': 'phone', 'y': 'email'}, {'country': 'US', 'tags': ['a'], 'source': 'x'})\n"
        "print(*{'phonenumbers', 'email_validator', 'babel', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


DIGEST_COLUMNS = ["id", "email", "phone", "date_of_birth", "tags", "custom.plan"]


def digest(columns: Sequence[str] = DIGEST_COLUMNS, **choices: Any) -> bytes:
    """Return the digest of a mapping that differs only in these choices."""
    return compile_mapping(columns, **{"key": ["id"], "custom_fields": FIELDS, **choices}).digest


@pytest.mark.parametrize(
    "choices",
    [
        {"columns": [*DIGEST_COLUMNS, "city"]},
        {"columns": ["id", "phone", "email", *DIGEST_COLUMNS[3:]]},
        {"mapping": {"tags": "source"}},
        {"constants": {"source": "x"}},
        {"rules": ContactRules(strict=True)},
        {"rules": ContactRules(phone_region="US")},
        {"rules": ContactRules(day_first=True)},
        {"rules": ContactRules(blanks="clear")},
        {"rules": ContactRules(tags_mode="replace")},
        {"rules": ContactRules(identity=("phone", "email"))},
        {"rules": ContactRules(on_shared_identity="send")},
        {"custom_fields": [CustomField("f2", "Plan", "contact.plan", "SINGLE_OPTIONS", ("Gold",))]},
        {"custom_fields": [CustomField("f2", "Plan", "contact.plan", "TEXT")]},
        {"custom_fields": [CustomField("f9", "Plan", "contact.plan", "SINGLE_OPTIONS", ("Gold", "Silver"))]},
    ],
)
def test_the_digest_changes_with_what_is_sent(choices: dict[str, Any]) -> None:
    """A change that may send another contact for the same row changes the digest."""
    assert digest(**choices) != digest()


def test_the_digest_changes_with_nothing_else() -> None:
    """A change that can't change a contact does not send every row again."""
    assert len(digest()) == 16
    assert digest(key=["id", "email"]) == digest()
    assert digest(["ID", "EMAIL", "Phone", "dateOfBirth", "tags", "custom.f2"], key=["ID"]) == digest()
    assert digest(users={"bo@example.com": "u1"}) == digest()
    assert digest(custom_fields=[PLAN]) == digest()
    plain = ["id", "email", "city"]
    for rules in (ContactRules(day_first=True), ContactRules(phone_region="US"), ContactRules(tags_mode="remove")):
        assert digest(plain, rules=rules) == digest(plain)
    call, sms = {"call": True, "sms": False}, {"sms": False, "call": True}
    assert digest(plain, constants={"dnd_settings": call}) == digest(plain, constants={"dnd_settings": sms})
    one_way = digest(plain, constants={"source": "x", "gender": "female"})
    assert one_way == digest(plain, constants={"gender": "female", "source": "x"})
    assert one_way != digest(plain, constants={"source": "x", "gender": "male"})


def test_the_digest_is_the_same_in_every_process() -> None:
    """A digest that depended on the hash seed would send every row at every run."""
    program = (
        "from leadway_provider.contacts.mapping import compile_mapping\n"
        "mapping = compile_mapping(['id', 'email', 'assigned_to'], key=['id'],"
        " users={'b@example.com': '1', 'a@example.com': '2'}, constants={'tags': {'x', 'y', 'z'}})\n"
        "print(mapping.digest.hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    "rules",
    [
        {"blanks": "null"},
        {"tags_mode": "append"},
        {"phone_region": "USA"},
        {"phone_region": "us"},
        {"identity": ()},
        {"identity": ("email", "email")},
        {"identity": ("name",)},
    ],
)
def test_wrong_rules(rules: dict[str, Any]) -> None:
    """A rule with an unknown value is an error when it is made."""
    with pytest.raises(MappingError, match=next(iter(rules))):
        ContactRules(**rules)


def test_every_field_of_the_endpoint_is_a_target() -> None:
    """The targets cover the whole request, and null is allowed only where the API documents it."""
    published = UpsertContact.model_json_schema()["properties"]
    heads = {target.api_path.partition(".")[0] for target in TARGETS.values()}
    assert heads | {"customFields"} == {*published, "contactId"}
    nullable = {name for name, schema in published.items() if {"type": "null"} in schema.get("anyOf", [])}
    assert {target.api_path for target in TARGETS.values() if target.nullable} == nullable
    assert Kind.CUSTOM not in {target.kind for target in TARGETS.values()}
