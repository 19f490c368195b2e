"""E-mails and phones as hashes: what the plan and the delivery compare, and all that is stored of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.sync.records import Identity

IDENTITIES: Final[tuple[Identity, ...]] = ("email", "phone")
"""The fields that the account can match contacts by."""

_FURTHER: Final[Mapping[Identity, str]] = {"email": "additionalEmails", "phone": "additionalPhones"}
"""Where a contact shows further ones, by which the account matches it as well."""
_BYTES: Final = 10
"""In a sync of 200 million identities, the chance that any two of them have one hash is 1 in 60 million."""


@dataclass(frozen=True, slots=True)
class IdentityHasher:
    """Hashes the e-mails and phones of one sync.

    With a key, a reader of the state store can't find a value by trying all phone numbers. A sync must always use the
    same key, because hashes of two keys can't be compared.

    Attributes:
        key: at most 64 bytes; empty for hashes that anybody can compute.
    """

    key: bytes = field(default=b"", repr=False)
    _keyed: blake2b = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # To copy the state that has taken the key in costs less than to begin anew, with a key or without.
        object.__setattr__(self, "_keyed", blake2b(digest_size=_BYTES, key=self.key))

    def hash(self, field: str, value: str) -> str:
        """Return 20 hexadecimal digits; e-mails are compared without case, as the account does."""
        state = self._keyed.copy()
        state.update(f"{field}:{value.lower()}".encode())
        return state.hexdigest()

    def of(self, contact: Contact) -> tuple[str, ...]:
        """Return the hashes of a contact's e-mail and phone, of those that it has."""
        return tuple(self.hash(name, value) for name, value in contact.identities.items())

    def fields_of(self, contact: Contact) -> dict[str, Identity]:
        """Return which field each hash of a contact's e-mail and phone is of."""
        found = contact.identities
        return {self.hash(name, found[name]): name for name in IDENTITIES if name in found}

    def shown(self, fields: Mapping[str, JsonValue]) -> frozenset[str]:
        """Return the hashes of the e-mail and the phone that a contact of the account shows."""
        values = {name: fields.get(name) for name in IDENTITIES}
        return frozenset(self.hash(name, value) for name, value in values.items() if isinstance(value, str) and value)

    def shares(self, contact: Contact, fields: Mapping[str, JsonValue]) -> bool:
        """Return whether a contact of the account has an e-mail or phone of this one, also as a further one."""
        wanted = set(self.of(contact))
        for name, further in _FURTHER.items():
            others = fields.get(further)
            for value in (fields.get(name), *(others if isinstance(others, list) else ())):
                if isinstance(value, str) and value and self.hash(name, value) in wanted:
                    return True
        return False


UNKEYED: Final = IdentityHasher()
"""Hashes without a key: in memory, and where Airflow has no Fernet key."""
