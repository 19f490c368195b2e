"""A row that is compared with the account, what was found for it, and how the account is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.ports import ContactView


class ContactLookup(Protocol):
    """Looks contacts of the account up; raises LeadwayError as the account does."""

    def by_id(self, contact_ids: Collection[str]) -> Mapping[str, ContactView]:
        """Return those of these contacts that the account has."""
        ...

    def owner(self, name: str, value: str) -> str | None:
        """Return the id of the contact that the account matches by an e-mail or a phone, or None."""
        ...


class ComparisonResult(Enum):
    """How a row compares with the account."""

    EQUAL = auto()
    """The contact has all that the row would send."""
    DIFFERENT = auto()
    """The contact has some of it otherwise."""
    MISSING = auto()
    """The contact that the row lived on does not exist any more."""
    ABSENT = auto()
    """No contact is known, and the account was read and has none with the row's e-mail or phone."""
    UNKNOWN = auto()
    """There is no contact to compare with, or nothing can be concluded."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row to compare.

    Attributes:
        row_id: the row's, in the state store.
        contact: what would be sent.
        is_acknowledged: whether the account acknowledged the row as it is now.
        is_new: whether this plan added the row.
    """

    row_id: int
    contact: Contact
    is_acknowledged: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class RowComparison:
    """What the comparison found for a row.

    Attributes:
        result: how it compares.
        contact_id: the contact that it was compared with.
        in_crm: the hashes of the e-mail and phone that this contact has; None where nothing new was found of them.
        differing: the API paths of the fields that differ.
        is_home: whether the row is written to this contact by its id. Otherwise the account would match it.
        is_believed: whether the row counts as equal although its contact, or some of it, was not found so: the account
            acknowledged it.
        edited: the API paths of the fields that are left as somebody has edited them; they do not differ.
        acknowledged_values: what the contact of an equal row holds, as `AcknowledgedValues` has it; None where nothing
            new was found of it.
    """

    result: ComparisonResult
    contact_id: str | None = None
    in_crm: frozenset[str] | None = None
    differing: frozenset[str] = field(default=frozenset(), repr=False)
    is_home: bool = True
    is_believed: bool = False
    edited: frozenset[str] = field(default=frozenset(), repr=False)
    acknowledged_values: bytes | None = field(default=None, repr=False)

    @property
    def is_equal(self) -> bool:
        """Whether the row needs no call."""
        return self.result is ComparisonResult.EQUAL
