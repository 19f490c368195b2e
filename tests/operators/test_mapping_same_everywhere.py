"""The same rows, in each database's own types, are the same contacts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, DataType, SandboxCustomField
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.source.query import read_source
from tests.operators.task import sync
from tests.services import airflow_connection, mariadb_database, postgres_database

KINDS = ("postgresql", "mariadb", "sqlite")
RULES = ContactRules(tags_mode="replace")
SQL = "SELECT * FROM people ORDER BY id"


@dataclass(frozen=True)
class Column:
    """A column of the same meaning everywhere.

    Attributes:
        target: what it fills.
        types: its SQL types, in the order of `KINDS`.
        values: for each row its SQL literal and what shall be sent; rows beyond hold null.
        elsewhere: literals where the databases besides PostgreSQL write them otherwise.
    """

    target: str
    types: tuple[str, str, str]
    values: tuple[tuple[str, JsonValue], ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name that needs no quotes anywhere."""
        return re.sub(r"\W", "_", self.target).lower()

    def literal(self, kind: str, row: int) -> str:
        """The value of a row as that database writes it."""
        if row >= len(self.values):
            return "NULL"
        return self.values[row][0] if kind == "postgresql" or not self.elsewhere else self.elsewhere[row]


def varchar(target: str, *values: tuple[str, JsonValue]) -> Column:
    """A column of short text."""
    return Column(target, ("varchar(200)", "VARCHAR(200)", "VARCHAR(200)"), values)


EMAILS = ("ann@example.com", "bob@example.com", "eve@example.com")
UUID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
COLUMNS = (
    Column(
        "email", ("text", "TEXT", "TEXT"), (("' Ann@Example.com'", EMAILS[0]), *((f"'{e}'", e) for e in EMAILS[1:]))
    ),
    varchar("first_name", ("'  Zoë 🎉 '", "Zoë 🎉"), ("' '", None)),
    Column("last_name", ("char(20)", "CHAR(20)", "CHAR(20)"), (("'Müller'", "Müller"), ("''", None))),
    Column("gender", ("char(6)", "CHAR(6)", "CHAR(6)"), (("'male'", "male"), ("'female'", "female"))),
    Column("country", ("char(3)", "CHAR(3)", "CHAR(3)"), (("'USA'", "US"), ("'GB'", "GB"))),
    Column(
        "phone", ("bigint", "BIGINT", "INTEGER"), (("12025550123", "+12025550123"), ("2079460958", "+442079460958"))
    ),
    Column("postal_code", ("numeric(10,2)", "DECIMAL(10,2)", "DECIMAL(10,2)"), (("2134.00", "2134"), ("0.10", "0.1"))),
    Column("state", ("smallint", "SMALLINT", "SMALLINT"), (("7", "7"), ("-1", "-1"))),
    Column("city", ("real", "FLOAT", "REAL"), (("0.1", "0.1"), ("12.5", "12.5"))),
    Column("address1", ("double precision", "DOUBLE", "DOUBLE"), (("1e3", "1000"), ("0.3", "0.3"))),
    Column("company_name", ("bytea", "BLOB", "BLOB"), (("'\\x5ac3bc72696368'", "Zürich"),), ("x'5ac3bc72696368'",)),
    Column("source", ("uuid", "UUID", "TEXT"), ((f"'{UUID}'", UUID),)),
    Column("date_of_birth", ("date", "DATE", "DATE"), (("'1990-04-25'", "1990-04-25"), ("'2000-02-29'", "2000-02-29"))),
    Column("dnd", ("boolean", "BOOLEAN", "BOOLEAN"), (("TRUE", True), ("FALSE", False))),
    Column("dnd.sms", ("bit(1)", "BIT(1)", "INTEGER"), (("B'1'", "active"), ("B'0'", "inactive")), ("1", "0")),
    Column(
        "inbound_dnd_settings",
        ("json", "JSON", "JSON"),
        (("""'{"all": {"status": "active", "message": "m"}}'""", {"all": {"status": "active", "message": "m"}}),),
    ),
    Column(
        "tags",
        ("text[]", "JSON", "TEXT"),
        (("ARRAY['VIP', 'a, b', NULL]", ["vip", "a, b"]), ("ARRAY[]::text[]", [])),
        ("""'["VIP", "a, b", null]'""", "'[]'"),
    ),
    Column(
        "custom.Lifetime Value",
        ("numeric(12,2)", "DECIMAL(12,2)", "DECIMAL(12,2)"),
        (("1200.50", 1200.5), ("0.00", 0), ("-3.10", -3.1)),
    ),
    Column("custom.Orders", ("bigint", "BIGINT", "BIGINT"), (("42", 42), ("0", 0))),
    Column("custom.Score", ("double precision", "DOUBLE", "DOUBLE"), (("0.1", 0.1), ("3", 3))),
    Column("custom.Balance", ("money", "DECIMAL(12,2)", "TEXT"), (("'1234.50'", 1234.5), ("'-1.00'", -1))),
    Column("custom.Plan", ("plan", "ENUM('pro', 'free')", "TEXT"), (("'pro'", "Pro"), ("'free'", "Free"))),
    Column(
        "custom.Interests",
        ("varchar(20)[]", "TEXT", "TEXT"),
        (("ARRAY['music', 'Travel']", ["Music", "Travel"]), ("ARRAY['Books']", ["Books"])),
        ("'music|Travel'", "'Books'"),
    ),
    Column(
        "custom.Consents",
        ("consent[]", "SET('offers', 'surveys')", "TEXT"),
        (("ARRAY['offers', 'surveys']::consent[]", ["Offers", "Surveys"]),),
        ("'offers,surveys'",),
    ),
    Column("custom.Signup Date", ("timestamp", "DATETIME", "DATETIME"), (("'2024-02-29 23:59:59'", "2024-02-29"),)),
    Column(
        "custom.Seen",
        ("timestamptz", "TIMESTAMP NULL", "TEXT"),
        (("'2024-02-29 12:00:00+00'", "2024-02-29"),),
        ("'2024-02-29 12:00:00'",),
    ),
    Column("custom.Flag", ("bit(1)", "BIT(1)", "INTEGER"), (("B'1'", "1"), ("B'0'", "0")), ("1", "0")),
    Column(
        "custom.Channels",
        ("consent[]", "JSON", "TEXT"),
        (("ARRAY['offers']::consent[]", ["Offers"]), ("'{}'", [])),
        ("""'["offers"]'""", "'[]'"),
    ),
    Column(
        "custom.Last Order",
        ("timestamp(0)", "DATETIME", "TEXT"),
        (("'2024-02-29 08:05:00'", "2024-02-29 08:05:00"),),
    ),
    Column("custom.Opens", ("time(0)", "TIME", "TEXT"), (("'08:05:00'", "08:05:00"), ("'18:30:00'", "18:30:00"))),
    Column("custom.Loyalty Number", ("integer", "INT UNSIGNED", "INTEGER"), (("4711", "4711"), ("0", "0"))),
    Column(
        "custom.Notes",
        ("jsonb", "JSON", "JSON"),
        (("""'{"a": [1, "ü"]}'""", '{"a": [1, "ü"]}'), ("""'[1, 2]'""", "[1, 2]")),
    ),
)
"""Every type that a warehouse's column commonly has, in the databases' own words."""

TYPES = {
    "postgresql": ("CREATE TYPE plan AS ENUM ('pro', 'free')", "CREATE TYPE consent AS ENUM ('offers', 'surveys')")
}
MORE: tuple[tuple[str, DataType], ...] = (
    ("Score", "NUMERICAL"),
    ("Balance", "MONETORY"),
    ("Seen", "DATE"),
    ("Last Order", "TEXT"),
    ("Opens", "TEXT"),
    ("Flag", "TEXT"),
)
ACCOUNT = Settings(
    burst=None,
    daily=None,
    custom_fields=(
        *DEFAULT_CUSTOM_FIELDS,
        *(SandboxCustomField.named(name, data_type) for name, data_type in MORE),
        SandboxCustomField.named("Channels", "CHECKBOX", ("Offers", "Surveys")),
    ),
)
FIELDS = [
    CustomField(field.id, field.name, field.key, field.data_type, field.options) for field in ACCOUNT.custom_fields
]
MAPPING = {column.name: column.target for column in COLUMNS}


def fill(engine: sa.Engine, kind: str) -> None:
    """Make the table and its rows, in the database's own types and words."""
    position = KINDS.index(kind)
    digest = ", ".join(f"{column.name} {column.types[position]}" for column in COLUMNS)
    with engine.begin() as database:
        for statement in TYPES.get(kind, ()):
            database.exec_driver_sql(statement)
        database.exec_driver_sql(f"CREATE TABLE people (id INTEGER, {digest})")
        for row in range(len(EMAILS)):
            values = ", ".join(column.literal(kind, row) for column in COLUMNS)
            database.exec_driver_sql(f"INSERT INTO people VALUES ({row + 1}, {values})")  # noqa: S608  # constants


@pytest.fixture(scope="module")
def postgresql() -> Iterator[sa.URL]:
    """A PostgreSQL warehouse."""
    with postgres_database() as url:
        yield filled(url, "postgresql")


@pytest.fixture(scope="module")
def mariadb() -> Iterator[sa.URL]:
    """A MariaDB warehouse."""
    with mariadb_database() as url:
        yield filled(url, "mariadb")


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> sa.URL:
    """A SQLite warehouse."""
    file: Path = tmp_path_factory.mktemp("warehouse") / "warehouse.db"
    return filled(sa.URL.create("sqlite", database=str(file)), "sqlite")


def filled(url: sa.URL, kind: str) -> sa.URL:
    """The database with the table and its rows in it."""
    engine = sa.create_engine(url)
    fill(engine, kind)
    engine.dispose()
    return url


@pytest.fixture(params=KINDS)
def warehouse(request: pytest.FixtureRequest) -> sa.URL:
    """Each kind of database with the same rows; where a server is absent the test says so."""
    url: sa.URL = request.getfixturevalue(request.param)
    return url


def contacts(url: sa.URL) -> list[Contact]:
    """What the rows become, read as the operator reads them."""
    engine = sa.create_engine(url)
    with read_source(engine, SQL, None, batch_size=2, name="warehouse") as source:
        mapping = compile_mapping(source.columns, key=["id"], mapping=MAPPING, custom_fields=FIELDS, rules=RULES)
        found = [mapping.contact(row) for batch in source.batches() for row in batch]
    engine.dispose()
    made = [each for each in found if isinstance(each, Contact)]
    assert made == found
    return made


def by_target(contact: Contact) -> dict[str, JsonValue]:
    """The contact's values by the target that they came from; blanks are left out."""
    mapping = compile_mapping(list(MAPPING.values()), key=["email"], custom_fields=FIELDS, rules=RULES)
    targets = {column.api_path: column.target for column in mapping.columns}
    fields: dict[str, Any] = dict(contact.fields)
    found = {f"customFields.{entry['id']}": entry["field_value"] for entry in fields.pop("customFields", [])}
    for channel, setting in fields.pop("dndSettings", {}).items():
        found |= {f"dndSettings.{channel}.{part}": value for part, value in setting.items()}
    return {targets[wire]: value for wire, value in (fields | found).items()}


def account(server: SandboxServer) -> list[dict[str, Any]]:
    """The account's contacts, without what differs from one account to the next."""
    found = [contact.as_json("sandbox-location") for contact in server.account.contacts]
    for contact in found:
        for name in ("id", "dateAdded", "dateUpdated"):
            del contact[name]
        contact["customFields"].sort(key=lambda entry: entry["id"])
    return sorted(found, key=lambda contact: str(contact["email"]))


def test_rows_are_the_same_contacts(warehouse: sa.URL) -> None:
    """Whatever types the driver hands over, what is sent is the same, and nothing is withheld."""
    found = contacts(warehouse)
    for row, contact in enumerate(found):
        expected = {c.target: c.values[row][1] for c in COLUMNS if row < len(c.values) and c.values[row][1] is not None}
        assert by_target(contact) == expected
        assert contact.withheld == ()
    assert len(found) == len(EMAILS)


def test_every_kind_fills_the_account_alike(
    warehouse: sa.URL, sqlite: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account holds the same contacts, when the operator fills it through Airflow's hooks."""
    with SandboxServer(ACCOUNT) as server:
        for contact in contacts(sqlite):
            server.account.upsert(contact.fields)
        expected = account(server)
        server.account.clear()
        connect(monkeypatch, server, warehouse, tmp_path)
        report = sync(sql=SQL, mapping=MAPPING, rules=RULES)
        assert (report["created"], report["withheld"], report["not_kept"]) == (len(EMAILS), 0, 0)
        assert account(server) == expected


def connect(monkeypatch: pytest.MonkeyPatch, server: SandboxServer, warehouse: sa.URL, state: Path) -> None:
    """Make the operator's connections."""
    extra = {"location_id": "sandbox-location"}
    leadway = {"conn_type": "leadway", "host": server.url, "password": "sandbox-token", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(warehouse))
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(leadway))
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "sqlite", "host": str(state / "state.db")}))
