"""One cell into one field: how a row is read, keyed, fingerprinted and written as a request."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, Final

import msgspec

from leadway_provider.api.v3 import to_v3
from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.policies import ContactRules
from leadway_provider.sync.fingerprint import fingerprint_of, row_hasher
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.row import source_keys
from tests.contacts.test_properties import COLUMNS, FIELDS
from tests.fuzz.hostile import cell

_RULES: Final = (
    ContactRules(),
    ContactRules(strict=True, phone_region="US", day_first=True, decimal_separator="."),
    ContactRules(phone_region="DE", day_first=False, decimal_separator=",", blanks="clear", tags_mode="replace"),
    ContactRules(phone_region="ID", blanks="clear", tags_mode="remove", identity=("phone", "email")),
)
_hashed: Final = row_hasher(b"")


@cache
def _mapping(column: str, rules: ContactRules) -> ContactMapping:
    beside = ["email" if column != "email" else "last_name", "country" if column != "country" else "city"]
    return compile_mapping(
        ["id", column, *beside], key=["id"], custom_fields=FIELDS, users={"bo@example.com": "user1"}, rules=rules
    )


def draw_row(random: Random) -> Callable[[], object]:
    """Return the reading of a row with one hostile cell in one of all fields, and a country beside it."""
    mapping = _mapping(random.choice(COLUMNS), random.choice(_RULES))
    row = [7, cell(random), "ann@example.com", cell(random) if random.random() < 0.1 else "US"]
    return lambda: _read(mapping, row)


def _read(mapping: ContactMapping, row: list[Any]) -> None:
    found = mapping.contact(row)
    contact = found if isinstance(found, Contact) else None
    fingerprint_of(_hashed(row), contact, ("email", "phone"))
    for key in source_keys([[row[1]]], [0]):
        assert key is None or key.encode()
    if contact is not None:
        UNKEYED.of(contact)
        msgspec.json.encode(to_v3(dict(contact.fields)))
