"""A contact as the account stores it, and the forms in which values are stored and returned."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

Identity = Literal["email", "phone"]
IDENTITIES: tuple[Identity, ...] = ("email", "phone")

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s().-]")


@dataclass(slots=True, eq=False)
class SandboxContact:
    """A contact of an account.

    Attributes:
        id: the API's id, which never changes.
        added_at: when it was created, in seconds since 1970.
        updated_at: when it was last written, in seconds since 1970.
        identified_at: when its e-mail or phone last changed, in seconds since 1970; the duplicate search finds the
            contact some time after that.
        fields: the plain fields that have a value, by the API's names, `email` and `phone` in their stored form.
        tags: its tags in lower case, in the order in which they were added.
        custom: the values of its custom fields, by the id of the field.
        secondary: further e-mails and phones, by which it is matched too. The API returns them as `additionalEmails`
            and `additionalPhones`.
    """

    id: str
    added_at: float
    updated_at: float
    identified_at: float
    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    tags: list[str] = field(default_factory=list, repr=False)
    custom: dict[str, Any] = field(default_factory=dict, repr=False)
    secondary: dict[Identity, list[str]] = field(default_factory=lambda: {"email": [], "phone": []}, repr=False)

    @property
    def added_at_milliseconds(self) -> int:
        """When it was created, in milliseconds since 1970, which is the precision of the API's times."""
        return milliseconds(self.added_at)

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
        """The full name as it was sent, or else the first and the last name."""
        return self.fields.get("name") or " ".join(part for part in (self.first_name, self.last_name) if part)

    def identities(self, identity: Identity) -> list[str]:
        """Return the e-mails or the phones of the contact, the primary one first."""
        primary = self.fields.get(identity)
        return [*([primary] if primary else []), *self.secondary[identity]]

    def copy(self) -> SandboxContact:
        """Return a copy that later writes don't change."""
        return replace(
            self,
            fields=dict(self.fields),
            tags=list(self.tags),
            custom=dict(self.custom),
            secondary={identity: list(values) for identity, values in self.secondary.items()},
        )

    def as_json(self, location_id: str) -> dict[str, Any]:
        """Return the contact as the API does: only fields with a value, and custom fields as `{id, value}`."""
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
        for identity, name in _ADDITIONAL:
            if self.secondary[identity]:
                answer[name] = list(self.secondary[identity])
        return answer


_LOWER_CASE = tuple((name, f"{name}LowerCase") for name in ("email", "firstName", "lastName"))
_ADDITIONAL: tuple[tuple[Identity, str], ...] = (("email", "additionalEmails"), ("phone", "additionalPhones"))


def timestamp(seconds: float) -> str:
    """Return seconds since 1970 as the API writes times: UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(seconds: float) -> int:
    """Return seconds since 1970 as whole milliseconds, the same that `timestamp` shows."""
    return round(seconds * 1_000_000) // 1000


def stored_identity(identity: Identity, text: str | None) -> str | None:
    """Return the e-mail in lower case or the phone as E.164; None for blank text and for a national number."""
    if not text:
        return None
    return text.lower() if identity == "email" else stored_phone(text)


def stored_phone(text: str) -> str | None:
    """Return the number as E.164, or None for a number without `+` and country code, which is not stored (observed)."""
    number = _PHONE_PUNCTUATION.sub("", text)
    return number if _E164.fullmatch(number) else None


def stored_tags(tags: list[str]) -> list[str]:
    """Return tags in lower case and without repetitions, in their order (observed). Blank tags are left out."""
    return list(dict.fromkeys(tag for text in tags if (tag := text.strip().lower())))
