"""The result of a row: a contact to send, or a rejection with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

UPSERT_ONLY: Final = frozenset({"companyName", "gender", "createNewIfDuplicateAllowed", "locationId"})
"""The fields that `POST /contacts/upsert` takes and `PUT /contacts/{id}` does not (documented).

PUT refuses each of them with 422 `property … should not exist` (observed).
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was rejected, withheld or not kept.

    Attributes:
        field: the target as the user writes it (`phone`, `custom.Lifetime Value`), or the key's column.
        code: a stable snake_case word to filter by, such as `email_malformed`.
        message: one sentence for a person. It never holds the value itself.
    """

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact to write: what the API takes of it, without the location.

    Attributes:
        fields: the request body in the API's names (`firstName`, `customFields`, …), in the form of version 2021-07-28.
        add_tags: tags that the contact gets beside those it has.
        remove_tags: tags that are taken from the contact.
        withheld: values that were left out because the API would refuse or misread them.
        notes: blanks that should clear a field which the API can't clear.
        contact_id: the id of the contact that the row names, or None. It is sent in no body.
        differing: the API paths of the fields that the account has otherwise; None where that was not compared. An
            update by id sends no other field.
        matches: the id of the contact that the account was found to match for this one, if any. Then `differing` is
            about that contact, and all fields are sent.
        once: the API paths of the fields that are sent only where a contact is made.
        if_empty: those of the fields that are sent only where the CRM holds nothing in them.
        if_unedited: those of the fields that are sent unless somebody has edited them in the CRM.
    """

    fields: Mapping[str, JsonValue] = field(repr=False)
    add_tags: tuple[str, ...] = field(default=(), repr=False)
    remove_tags: tuple[str, ...] = field(default=(), repr=False)
    withheld: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    contact_id: str | None = None
    differing: frozenset[str] | None = field(default=None, repr=False)
    matches: str | None = None
    once: frozenset[str] = field(default=frozenset(), repr=False)
    if_empty: frozenset[str] = field(default=frozenset(), repr=False)
    if_unedited: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def update_fields(self) -> dict[str, JsonValue]:
        """The body of `PUT /contacts/{id}`: the fields that this call takes, or those of them that differ."""
        taken = {name: value for name, value in self.fields.items() if name not in UPSERT_ONLY}
        if self.differing is None or self.matches is not None:
            return taken
        return self._differing_of(taken) or taken

    def _differing_of(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the fields that differ: of custom fields those alone, of do-not-disturb settings all channels."""
        found: dict[str, JsonValue] = {}
        differing = self.differing or frozenset()
        heads = {path.partition(".")[0] for path in differing}
        for name, value in fields.items():
            if name not in heads:
                continue
            if name == "customFields" and isinstance(value, list):
                found[name] = [each for each in value if isinstance(each, dict) and f"{name}.{each['id']}" in differing]
            else:
                found[name] = value
        return found

    @property
    def upsert_only_fields(self) -> dict[str, JsonValue]:
        """The company name, if the contact has one: on an existing contact only an upsert changes it.

        The gender is not among these fields, because the CRM ignores it on an existing contact (observed). Neither is
        `createNewIfDuplicateAllowed`, which is about creating a contact.
        """
        return {name: value for name, value in self.fields.items() if name == "companyName"}

    @property
    def identities(self) -> dict[str, str]:
        """The e-mail and the phone, by which the account may match this contact.

        Two calls that share one of them must be sent in order.
        """
        return {name: value for name in ("email", "phone") if isinstance(value := self.fields.get(name), str)}

    @property
    def repeatable(self) -> bool:
        """Whether sending the upsert twice has the same effect as once. If not, each may create another contact."""
        return self.fields.get("createNewIfDuplicateAllowed") is not True

    @property
    def api_paths(self) -> set[str]:
        """The API paths of the fields that the contact fills. Tags are among them however they are sent."""
        return self._paths_of(self.fields)

    @property
    def update_paths(self) -> set[str]:
        """The API paths of the fields that an update by id sends."""
        return self._paths_of(self.update_fields)

    def _paths_of(self, fields: Mapping[str, JsonValue]) -> set[str]:
        paths = set(fields)
        for name, value in fields.items():
            if isinstance(value, dict):
                settings = ((channel, each) for channel, each in value.items() if isinstance(each, dict))
                paths.update(f"{name}.{channel}.{part}" for channel, each in settings for part in each)
            elif name == "customFields" and isinstance(value, list):
                paths.update(f"{name}.{each['id']}" for each in value if isinstance(each, dict))
        if self.add_tags or self.remove_tags:
            paths.add("tags")
        return paths


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that can't become a contact. It costs no call.

    Attributes:
        reasons: every reason.
    """

    reasons: tuple[Reason, ...]
