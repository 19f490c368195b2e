"""The account's custom fields: what they are, and which values fit them. A value that doesn't is dropped in silence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

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
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the account has defined for its contacts.

    Attributes:
        id: what a contact's values refer to.
        name: what people call it.
        key: the API's `fieldKey`, such as `contact.lifetime_value`.
        data_type: the API's word for its type, in the API's spelling.
        options: what can be chosen, for the types that offer a choice.
    """

    id: str
    name: str
    key: str
    data_type: DataType
    options: tuple[str, ...] = ()

    @classmethod
    def named(cls, name: str, data_type: DataType, options: tuple[str, ...] = ()) -> CustomField:
        """Make a field whose key and id follow from its name, so that they are the same in every sandbox."""
        key = "contact." + re.sub(r"\W+", "_", name.lower()).strip("_")
        return cls(hashlib.sha256(key.encode()).hexdigest()[:20], name, key, data_type, options)

    def as_json(self, location_id: str, position: int) -> dict[str, Any]:
        """The field as `GET /locations/{id}/customFields` lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "fieldKey": self.key,
            "placeholder": "",
            "dataType": self.data_type,
            "position": position,
            "picklistOptions": list(self.options),
            "picklistImageOptions": [],
            "isAllowedCustomOption": False,
            "isMultiFileAllowed": self.data_type == "FILE_UPLOAD",
            "maxFileLimit": 1,
            "locationId": location_id,
            "model": "contact",
        }

    def kept(self, value: object) -> object:
        """The value as the account keeps it, or None where it doesn't fit.

        Observed: dates must be `YYYY-MM-DD` and a monetary value a bare number. That only the options of a choice are
        kept is this sandbox's strict reading of the description.
        """
        match self.data_type:
            case "TEXT" | "LARGE_TEXT" | "PHONE" | "EMAIL":
                return value if isinstance(value, str) else None
            case "NUMERICAL" | "MONETORY":
                return _number(value)
            case "DATE":
                return value if isinstance(value, str) and _is_iso_date(value) else None
            case "SINGLE_OPTIONS" | "RADIO":
                return value if value in self.options else None
            case "MULTIPLE_OPTIONS" | "CHECKBOX":
                chosen = [option for option in value if option in self.options] if isinstance(value, list) else []
                return chosen or None
            case "FILE_UPLOAD" | "SIGNATURE" | "TEXTBOX_LIST":
                return value if isinstance(value, Mapping) else None


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
    CustomField.named("Lifetime Value", "MONETORY"),
    CustomField.named("Orders", "NUMERICAL"),
    CustomField.named("Plan", "SINGLE_OPTIONS", ("Free", "Basic", "Pro", "Enterprise")),
    CustomField.named("Contact Preference", "RADIO", ("Email", "Phone", "Post")),
    CustomField.named("Interests", "MULTIPLE_OPTIONS", ("Books", "Cooking", "Music", "Sport", "Travel")),
    CustomField.named("Consents", "CHECKBOX", ("Newsletter", "Offers", "Surveys")),
    CustomField.named("Signup Date", "DATE"),
    CustomField.named("Loyalty Number", "TEXT"),
    CustomField.named("Notes", "LARGE_TEXT"),
    CustomField.named("Work Phone", "PHONE"),
    CustomField.named("Billing Email", "EMAIL"),
    CustomField.named("Contract", "FILE_UPLOAD"),
    CustomField.named("Signature", "SIGNATURE"),
    CustomField.named("References", "TEXTBOX_LIST"),
)
