"""Every call that the provider makes: what is sent, and what its answer means. No input, no output.

The rest of the provider speaks the form of API version 2021-07-28. Version `v3` names two things otherwise, custom
values (`fieldValue`) and the channels of do-not-disturb (lower case): they are translated here, both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from leadway_provider.api.answer import redacted
from leadway_provider.api.models import (
    BulkTagsAnswer,
    ContactRecord,
    Location,
    TagsAnswer,
    UpsertAnswer,
    User,
    read_custom_fields,
)
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]

_V3 = "v3"
_CHANNELS = {channel.lower(): channel for channel in ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")}


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how to read its answer.

    Attributes:
        method: the HTTP method.
        path: the path, with ids filled in and quoted.
        template: the path as documented, for messages.
        read: makes the typed answer of the decoded body; raises ValueError, TypeError or LookupError where the body
            isn't what the API documents.
        params: the query.
        json: the body, or None.
        form: the body of a call about tokens, in place of `json`.
        with_status: puts the HTTP status into the typed answer, where that is kept.
        resend_safe: whether sending it again does no harm when the first may have been received.
    """

    method: str
    path: str
    template: str
    read: Callable[[JsonObject], T] = field(repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    with_status: Callable[[T, int], T] = field(default=lambda answer, _: answer, repr=False)
    resend_safe: bool = True

    @property
    def name(self) -> str:
        """Method and path template, as messages name the call."""
        return f"{self.method} {self.template}"


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one account in one version of the API."""

    location_id: str
    api_version: str = "2021-07-28"

    def upsert_contact(self, fields: Mapping[str, JsonValue]) -> Call[UpsertAnswer]:
        """`POST /contacts/upsert`. Not safe to resend where it may create a second contact."""
        body = {**fields, "locationId": self.location_id}
        return Call(
            "POST",
            "/contacts/upsert",
            "/contacts/upsert",
            self._read_upsert,
            json=_to_v3(body) if self.api_version == _V3 else body,
            with_status=lambda answer, status: answer.model_copy(update={"status": status}),
            resend_safe=fields.get("createNewIfDuplicateAllowed") is not True,
        )

    def get_contact(self, contact_id: str) -> Call[ContactRecord]:
        """`GET /contacts/{contactId}`. A contact that isn't there is refused with 400 (observed)."""
        return Call(
            "GET",
            f"/contacts/{quote(contact_id, safe='')}",
            "/contacts/{contactId}",
            lambda body: self._record(body["contact"]),
        )

    def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> Call[ContactRecord | None]:
        """`GET /contacts/search/duplicate`: the contact that the account would match."""
        if email is None and phone is None:
            raise ValueError("find_duplicate needs an e-mail or a phone")
        params = {"locationId": self.location_id, "email": email, "number": phone}
        return Call(
            "GET",
            "/contacts/search/duplicate",
            "/contacts/search/duplicate",
            lambda body: self._record(found) if (found := body.get("contact")) else None,
            params={name: value for name, value in params.items() if value is not None},
        )

    def delete_contact(self, contact_id: str) -> Call[None]:
        """`DELETE /contacts/{contactId}`."""
        return Call("DELETE", f"/contacts/{quote(contact_id, safe='')}", "/contacts/{contactId}", lambda _: None)

    def change_tags(self, method: Literal["POST", "DELETE"], contact_id: str, tags: Iterable[str]) -> Call[TagsAnswer]:
        """`POST` or `DELETE /contacts/{contactId}/tags`: adds tags to a contact, or takes them off."""
        return Call(
            method,
            f"/contacts/{quote(contact_id, safe='')}/tags",
            "/contacts/{contactId}/tags",
            TagsAnswer.model_validate,
            json={"tags": list(tags)},
        )

    def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Iterable[str], tags: Iterable[str]
    ) -> Call[BulkTagsAnswer]:
        """`POST /contacts/bulk/tags/update/{type}`: the same change of tags to many contacts."""
        names: list[JsonValue] = [*tags]
        return Call(
            "POST",
            f"/contacts/bulk/tags/update/{kind}",
            "/contacts/bulk/tags/update/{type}",
            lambda body: _impersonal(BulkTagsAnswer.model_validate(body), names),
            json={"contacts": list(contact_ids), "tags": names, "locationId": self.location_id},
        )

    def get_custom_fields(self) -> Call[list[CustomField]]:
        """`GET /locations/{locationId}/customFields`: the fields of contacts."""
        return Call(
            "GET",
            f"/locations/{quote(self.location_id, safe='')}/customFields",
            "/locations/{locationId}/customFields",
            lambda body: read_custom_fields(body["customFields"]),
            params={"model": "contact"},
        )

    def get_location(self) -> Call[Location]:
        """`GET /locations/{locationId}`."""
        return Call(
            "GET",
            f"/locations/{quote(self.location_id, safe='')}",
            "/locations/{locationId}",
            lambda body: Location.model_validate(body["location"]),
        )

    def get_users(self) -> Call[list[User]]:
        """`GET /users/`: the people of the location."""
        return Call(
            "GET",
            "/users/",
            "/users/",
            lambda body: [User.model_validate(user) for user in body["users"]],
            params={"locationId": self.location_id},
        )

    def _read_upsert(self, body: JsonObject) -> UpsertAnswer:
        return UpsertAnswer(
            new=body.get("new") is True, contact=self._record(body["contact"]), trace_id=body.get("traceId")
        )

    def _record(self, contact: JsonObject) -> ContactRecord:
        wire = _from_v3(contact) if self.api_version == _V3 else contact
        return ContactRecord(id=wire["id"], wire=wire)


def _impersonal(answer: BulkTagsAnswer, tags: Iterable[JsonValue]) -> BulkTagsAnswer:
    """What the API says of each contact is kept as a reason, so nothing personal may be in it."""
    responses = tuple(
        item.model_copy(update={"message": redacted([item.message], tags)[0]}) if item.message else item
        for item in answer.responses
    )
    return answer.model_copy(update={"responses": responses})


def _to_v3(body: JsonObject) -> JsonObject:
    translated = dict(body)
    if isinstance(values := body.get("customFields"), list):
        translated["customFields"] = [_renamed(value, "field_value", "fieldValue") for value in values]
    if isinstance(channels := body.get("dndSettings"), dict):
        translated["dndSettings"] = {channel.lower(): setting for channel, setting in channels.items()}
    return translated


def _from_v3(contact: JsonObject) -> JsonObject:
    translated = dict(contact)
    if isinstance(values := contact.get("customFields"), list):
        translated["customFields"] = [_renamed(value, "fieldValue", "value") for value in values]
    if isinstance(channels := contact.get("dndSettings"), dict):
        translated["dndSettings"] = {_CHANNELS.get(channel, channel): it for channel, it in channels.items()}
    return translated


def _renamed(value: Any, old: str, new: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {new if name == old else name: item for name, item in value.items()}
