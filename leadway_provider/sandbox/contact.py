"""A contact as the account keeps it, and the forms in which it keeps and returns values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s().-]")


@dataclass(slots=True)
class Contact:
    """One contact.

    Attributes:
        id: given by the account, never changed.
        added_at: when it was created, in seconds since 1970.
        updated_at: when it was last written.
        identified_at: when its e-mail or phone last changed; a search finds it by them some time later.
        fields: the plain fields that have a value, by the API's names, `email` and `phone` in their stored form.
        tags: in lower case, in the order in which they came.
        custom: values of custom fields by the field's id.
        secondary_emails: further addresses by which it is matched (`additionalEmails` when read).
    """

    id: str
    added_at: float
    updated_at: float
    identified_at: float
    fields: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)
    secondary_emails: list[str] = field(default_factory=list)

    @property
    def email(self) -> str | None:
        """The primary e-mail, in lower case."""
        return self.fields.get("email")

    @property
    def phone(self) -> str | None:
        """The phone number as E.164."""
        return self.fields.get("phone")

    @property
    def first_name(self) -> str | None:
        """The first name."""
        return self.fields.get("firstName")

    @property
    def last_name(self) -> str | None:
        """The last name."""
        return self.fields.get("lastName")

    @property
    def name(self) -> str:
        """The full name: as it was sent, else first and last name."""
        return self.fields.get("name") or " ".join(part for part in (self.first_name, self.last_name) if part)

    def as_json(self, location_id: str) -> dict[str, Any]:
        """The contact as the API returns it: only what has a value, custom fields as `{id, value}`."""
        answer = {
            "id": self.id,
            "locationId": location_id,
            **self.fields,
            "tags": list(self.tags),
            "customFields": [{"id": field_id, "value": value} for field_id, value in self.custom.items()],
            "dateAdded": timestamp(self.added_at),
            "dateUpdated": timestamp(self.updated_at),
        }
        if name := self.name:
            answer["name"] = name
            answer["fullNameLowerCase"] = name.lower()
        for source, target in _LOWER_CASE:
            if source in self.fields:
                answer[target] = self.fields[source].lower()
        if self.secondary_emails:
            answer["additionalEmails"] = list(self.secondary_emails)
        return answer


_LOWER_CASE = tuple((name, f"{name}LowerCase") for name in ("email", "firstName", "lastName"))


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as the API writes times: UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stored_phone(text: str) -> str | None:
    """The number as E.164, or None: a national number, without `+` and country code, is not kept (observed)."""
    number = _PHONE_PUNCTUATION.sub("", text)
    return number if _E164.fullmatch(number) else None


def stored_tags(tags: list[str]) -> list[str]:
    """Tags in lower case and once each, in their order (observed); blank ones are left out."""
    return list(dict.fromkeys(tag for text in tags if (tag := text.strip().lower())))
