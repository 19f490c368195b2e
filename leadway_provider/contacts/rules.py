"""How forgiving the mapping is: one policy for all rows of a sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from leadway_provider.contacts.country import CODES
from leadway_provider.exceptions import MappingError

_CHOICES: Final = {
    "on_shared_identity": ("separate", "invalid", "send"),
    "blanks": ("omit", "clear"),
    "tags_mode": ("add", "replace", "remove"),
}


@dataclass(frozen=True, slots=True)
class ContactRules:
    """How rows are read; every default works on real, messy data.

    Attributes:
        strict: whether a row with any bad value is rejected, rather than sent without that value.
        phone_region: two-letter country of the phone numbers that have no country code, where the row's own country
            does not tell.
        day_first: whether 03/04/1990 is the 3rd of April; by default it is March 4th, as the API documents.
        blanks: what a blank does: `omit` leaves the field as the CRM has it; `clear` sends null where the API lets
            the field be null.
        tags_mode: whether tags are added to the contact's own, replace them, or are removed from them.
        identity: what the account matches contacts by, in the order of its duplicate setting.
        on_shared_identity: what becomes of rows that share an e-mail or a phone. `separate`: rows with one first
            identity are one contact, held by one key and the others superseded; the second identity is sent by one key
            and withheld from the others. `invalid`: the others are rejected. `send`: all are sent, in order.

    Raises:
        MappingError: a value is none of these.
    """

    strict: bool = False
    phone_region: str | None = None
    day_first: bool = False
    blanks: Literal["omit", "clear"] = "omit"
    tags_mode: Literal["add", "replace", "remove"] = "add"
    identity: tuple[Literal["email", "phone"], ...] = ("email", "phone")
    on_shared_identity: Literal["separate", "invalid", "send"] = "separate"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise MappingError(f"{name} is {getattr(self, name)!r}; it can be {' or '.join(map(repr, choices))}.")
        if self.phone_region is not None and self.phone_region not in CODES:
            raise MappingError(f"phone_region is {self.phone_region!r}; it is a two-letter country code such as 'US'.")
        if set(self.identity) not in ({"email"}, {"phone"}, {"email", "phone"}) or len(set(self.identity)) < len(
            self.identity
        ):
            raise MappingError(f"identity is {self.identity!r}; it holds 'email', 'phone' or both, each once.")
