"""The page about the mapping is complete, names nothing that doesn't exist, and its examples run."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

import leadway_provider
from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.contacts.reasons import CODES
from leadway_provider.contacts.targets import TARGETS, find_target
from leadway_provider.exceptions import MappingError
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, DataType
from leadway_provider.sandbox.users import DEFAULT_USERS
from leadway_provider.store.state import StateStore

PACKAGE = Path(leadway_provider.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
FIELDS = [
    CustomField(field.id, field.name, field.key, field.data_type, field.options) for field in DEFAULT_CUSTOM_FIELDS
]
USERS = {user.email: user.id for user in DEFAULT_USERS}


def blocks(language: str) -> list[str]:
    """The page's code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


SET_UP, *QUERIES = blocks("sql")
OF_CUSTOMERS = [query for query in QUERIES if "leadway_row" not in query]
OF_STATE = [query for query in QUERIES if "leadway_row" in query]
CALLS = blocks("python")


def table(*head: str) -> list[tuple[str, ...]]:
    """The rows of every table with that head."""
    line = re.escape(f"| {' | '.join(head)} |")
    found = re.findall(rf"^{line}\n\|[- |]+\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE)
    assert found, head
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for rows in found for row in rows.splitlines()]


def quoted(cell: str) -> list[str]:
    """What a cell holds in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_target_is_on_the_page() -> None:
    """The table of targets has each once, spelled as the API does, and with what a blank can do."""
    listed: dict[str, tuple[list[str], str]] = {}
    for names, camel, _, clears in table("Target", "camelCase", "Accepts", "Clears"):
        for name in quoted(names):
            assert name not in listed
            listed[name] = quoted(camel), clears
    assert listed.keys() == TARGETS.keys()
    for name, (spellings, clears) in listed.items():
        assert all(find_target(spelling) is TARGETS[name] for spelling in spellings)
        assert spellings or name.startswith("dnd.")
        assert clears == ("yes" if TARGETS[name].nullable else "no"), name


def test_camel_case_is_camel_case() -> None:
    """Where a name has underscores, its other spelling has capitals in their stead."""
    for names, camel, _, _ in table("Target", "camelCase", "Accepts", "Clears"):
        [name, *_] = quoted(names)
        assert quoted(camel) in ([], [re.sub(r"_(.)", lambda found: found[1].upper(), name)])


def test_every_reason_is_on_the_page() -> None:
    """The tables of reasons have each code once, with its meaning and what to do, and no code that doesn't exist."""
    rows = table("Code", "Meaning", "What to do")
    listed = [quoted(row[0])[0] for row in rows]
    assert sorted(listed) == sorted({*CODES, *_codes_beyond_contacts()})
    assert all(len(row) == 3 and all(row) for row in rows)


def _codes_beyond_contacts() -> Iterator[str]:
    """The codes that are written into a `Reason` anywhere in the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                given = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "code")]
                yield from (
                    code.value for code in given if isinstance(code, ast.Constant) and isinstance(code.value, str)
                )


def test_codes_beside_the_tables_exist() -> None:
    """Whatever looks like a code elsewhere on the page is one, or a name of something else that exists."""
    columns = re.findall(r"^ {4}(\w+) +[A-Z]+", SET_UP, re.MULTILINE)
    known = {*CODES, *_codes_beyond_contacts(), *TARGETS, *columns, "leadway_row", "source_key"}
    known |= {field.name for field in fields(ContactRules)} | {"dry_run", "not_kept", "location_id"}
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE))
    assert words <= known


def test_every_rule_is_on_the_page() -> None:
    """The table of rules has each with its default."""
    listed = {quoted(name)[0]: quoted(default)[0] for name, default, _ in table("Rule", "Default", "Meaning")}
    assert listed == {field.name: repr(field.default) for field in fields(ContactRules)}


def test_every_type_of_custom_field_is_on_the_page() -> None:
    """The table of types has each, and a column can fill those that accept something."""
    listed = {quoted(row[0])[0]: row[1] for row in table("Type", "Accepts", "Sent as")}
    assert listed.keys() == set(get_args(DataType))
    for data_type, accepts in listed.items():
        field = CustomField("id", "Field", "contact.field", data_type, ("Some",))
        try:
            compile_mapping(["email", "custom.Field"], key=["email"], custom_fields=[field])
        except MappingError:
            assert accepts.startswith("nothing"), data_type
        else:
            assert not accepts.startswith("nothing"), data_type


def test_two_readings_are_as_the_page_says() -> None:
    """Each example of the table is withheld or sent, without a hint and with each hint that the page names."""
    targets = {"phone": "phone", "number": "custom.Lifetime Value", "date": "date_of_birth", "country": "country"}
    for value, _, sent in table("Value", "Readings", "Sent"):
        kind, (written, *country) = value.partition(" ")[0], quoted(value)
        without, _, with_hints = sent.partition(";")
        hint, *readings = quoted(with_hints) or [""]
        name, _, first = hint.partition("=")
        others = dict(zip(readings[1::2], readings[2::2], strict=True))
        expected = {"": quoted(without)[:1], **({first: readings[:1]} if readings else {})}
        expected |= {other: [result] for other, result in others.items()}
        for setting, result in expected.items():
            rules = ContactRules(**({name: ast.literal_eval(setting)} if setting else {}))
            columns = ["email", targets[kind], *(["country"] if country else [])]
            mapping = compile_mapping(columns, key=["email"], custom_fields=FIELDS, rules=rules)
            contact = mapping.contact(["ann@example.com", written, *country])
            assert isinstance(contact, Contact)
            assert [reason.code for reason in contact.withheld] == ([] if result else ["ambiguous"]), (value, setting)
            custom: Any = contact.fields.get("customFields", [])
            found = {str(each) for each in (*contact.fields.values(), *(entry["field_value"] for entry in custom))}
            assert found.issuperset(result), (value, setting)


def test_links_within_the_page_lead_somewhere() -> None:
    """Each anchor is a heading."""
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


def rows(database: sqlite3.Connection, sql: str) -> tuple[list[str], list[Any]]:
    """The names of a query's columns, and its rows."""
    cursor = database.execute(sql)
    return [column[0] for column in cursor.description], cursor.fetchall()


@pytest.fixture
def customers() -> Iterator[sqlite3.Connection]:
    """The table that the page's examples read."""
    database = sqlite3.connect(":memory:")
    database.executescript(SET_UP)
    yield database
    database.close()


def assert_fits(database: sqlite3.Connection, sql: str, **arguments: Any) -> ContactMapping:
    """The query runs, its columns fit a new sandbox's account, and nothing of its rows is held back."""
    columns, found = rows(database, sql)
    mapping = compile_mapping(columns, key=["customer_id"], custom_fields=FIELDS, users=USERS, **arguments)
    contacts = [mapping.contact(row) for row in found]
    assert contacts
    for contact in contacts:
        assert isinstance(contact, Contact)
        assert contact.withheld == ()
    return mapping


@pytest.mark.parametrize("sql", OF_CUSTOMERS)
def test_queries_run_and_fit(customers: sqlite3.Connection, sql: str) -> None:
    """Every SELECT of the page can be copied."""
    assert assert_fits(customers, sql).columns


@pytest.mark.parametrize("call", CALLS)
def test_calls_can_be_made(customers: sqlite3.Connection, call: str) -> None:
    """Every operator of the page can be copied into a DAG, and its query fits."""
    statement = ast.parse(call).body[-1]
    assert isinstance(statement, ast.Expr)
    code = compile(ast.Expression(statement.value), "mapping.md", "eval")
    names = {each.__name__: each for each in (LeadwayUpsertContactsOperator, ContactRules)}
    task: Any = eval(code, names)  # noqa: S307 - the page's own text
    asked = task.request
    assert_fits(customers, asked.sql, mapping=asked.mapping, constants=asked.constants, rules=asked.contact_rules)


@pytest.mark.parametrize("sql", OF_STATE)
def test_queries_of_the_state_run(tmp_path: Path, sql: str) -> None:
    """What the page asks the state store can be asked."""
    file = tmp_path / "state.db"
    StateStore.open_file(file).close()
    with sqlite3.connect(file) as database:
        assert rows(database, sql)[1] == []


def test_there_are_examples() -> None:
    """The tests above had something to test."""
    assert min(len(OF_CUSTOMERS), len(OF_STATE), len(CALLS)) > 1
