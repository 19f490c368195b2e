"""The account's custom fields, and which values fit them. A value that doesn't fit is dropped without an error."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from leadway_provider.sandbox.request import is_bounded
from leadway_provider.sandbox.version import ApiVersion

DataType = Literal[
    "TEXT",
    "LARGE_TEXT",
    "NUMERICAL",
    "MONETORY",
    "PHONE",
    "EMAIL",
    "SINGLE_OPTIONS",
    "MULTIPLE_OPTIONS",
    "RADIO",
    "CHECKBOX",
    "DATE",
    "FILE_UPLOAD",
    "SIGNATURE",
    "TEXTBOX_LIST",
]

_BARE_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_SAFE_LENGTH = 300
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class SandboxCustomField:
    """A field that the account defines for its contacts.

    Attributes:
        id: the API's id, to which the values of contacts refer.
        name: the name that users see.
        key: the API's `fieldKey`, such as `contact.lifetime_value`.
        data_type: the type, in the API's spelling.
        options: the values that can be chosen, for the types that offer a choice.
        allows_custom_option: whether a choice stores values that are none of its options too.
    """

    id: str
    name: str
    key: str
    data_type: DataType
    options: tuple[str, ...] = ()
    allows_custom_option: bool = False

    @classmethod
    def named(
        cls, name: str, data_type: DataType, options: tuple[str, ...] = (), *, allows_custom_option: bool = False
    ) -> SandboxCustomField:
        """Return a field whose key and id are derived from its name, so that they are the same in every sandbox."""
        key = "contact." + re.sub(r"\W+", "_", name.lower()).strip("_")
        field_id = hashlib.sha256(key.encode()).hexdigest()[:20]
        return cls(field_id, name, key, data_type, options, allows_custom_option)

    def as_json(self, location_id: str, position: int) -> dict[str, Any]:
        """Return the field as `GET /locations/{id}/customFields` lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "fieldKey": self.key,
            "placeholder": "",
            "dataType": self.data_type,
            "position": position,
            "picklistOptions": list(self.options),
            "picklistImageOptions": [],
            "isAllowedCustomOption": self.allows_custom_option,
            "isMultiFileAllowed": self.data_type == "FILE_UPLOAD",
            "maxFileLimit": 1,
            "locationId": location_id,
            "model": "contact",
        }

    def kept(self, value: object) -> object:
        """Return the value as the account stores it, or None if it doesn't fit the type.

        Observed: a date must be `YYYY-MM-DD`, and a monetary value a bare number. That a choice stores only its options
        is a strict reading of the description by this sandbox.
        """
        match self.data_type:
            case "TEXT" | "LARGE_TEXT" | "PHONE" | "EMAIL":
                return value if isinstance(value, str) else None
            case "NUMERICAL" | "MONETORY":
                return _number(value)
            case "DATE":
                return value if isinstance(value, str) and _is_iso_date(value) else None
            case "SINGLE_OPTIONS" | "RADIO":
                return value if self._offers(value) else None
            case "MULTIPLE_OPTIONS" | "CHECKBOX":
                chosen = [option for option in value if self._offers(option)] if isinstance(value, list) else []
                return chosen or None
            case "FILE_UPLOAD" | "SIGNATURE" | "TEXTBOX_LIST":
                return value if isinstance(value, Mapping) else None

    def _offers(self, value: object) -> bool:
        return value in self.options or (self.allows_custom_option and isinstance(value, str))


FindCustomField = Callable[[Mapping[str, Any]], SandboxCustomField | None]
"""Returns the custom field of an entry of `customFields`, or None if the account has no such field."""


def number_errors(entries: Iterable[Mapping[str, Any]], version: ApiVersion, find: FindCustomField) -> list[str]:
    """Return a reason for each text in `customFields` that is a number for a number's field, and too large.

    Args:
        entries: valid entries of a request.
        version: the API version in which they are written.
        find: finds the custom field of an entry.
    """
    return [
        f"customFields.{position}.{version.value_keys[0]} must be a finite number"
        for position, entry in enumerate(entries)
        if isinstance(text := version.value(entry), str)
        and len(text) > _SAFE_LENGTH
        and (field := find(entry)) is not None
        and field.data_type in ("NUMERICAL", "MONETORY")
        and _BARE_NUMBER.fullmatch(text)
        and not is_bounded(float(text))
    ]


def _number(value: object) -> object:
    if isinstance(value, str) and _BARE_NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_iso_date(text: str) -> bool:
    if not _ISO_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


DEFAULT_CUSTOM_FIELDS = (
    SandboxCustomField.named("Lifetime Value", "MONETORY"),
    SandboxCustomField.named("Orders", "NUMERICAL"),
    SandboxCustomField.named("Plan", "SINGLE_OPTIONS", ("Free", "Basic", "Pro", "Enterprise")),
    SandboxCustomField.named("Contact Preference", "RADIO", ("Email", "Phone", "Post")),
    SandboxCustomField.named("Interests", "MULTIPLE_OPTIONS", ("Books", "Cooking", "Music", "Sport", "Travel")),
    SandboxCustomField.named("Consents", "CHECKBOX", ("Newsletter", "Offers", "Surveys")),
    SandboxCustomField.named("Signup Date", "DATE"),
    SandboxCustomField.named("Loyalty Number", "TEXT"),
    SandboxCustomField.named("Notes", "LARGE_TEXT"),
    SandboxCustomField.named("Work Phone", "PHONE"),
    SandboxCustomField.named("Billing Email", "EMAIL"),
    SandboxCustomField.named("Contract", "FILE_UPLOAD"),
    SandboxCustomField.named("Signature", "SIGNATURE"),
    SandboxCustomField.named("References", "TEXTBOX_LIST"),
)
