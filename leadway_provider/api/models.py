"""The API's answers, as typed values.

What a call needs must be in the answer. Any other part may be missing or have an unexpected form, because an answer
that can't be read makes a successful write look lost. No `repr` shows a contact's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Self, cast

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    model_validator,
)

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField

LONGEST_ID: Final = 255
"""The most characters of an id, which is what the state store can hold."""
Identifier = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
OptionalText = Annotated[str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)]
OptionalFlag = Annotated[bool | None, BeforeValidator(lambda value: value if isinstance(value, bool) else None)]


class Answer(BaseModel):
    """An answer that can't be changed; errors about it do not show its values."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)


class ContactRecord(Answer):
    """A contact of the account.

    Attributes:
        id: the contact's id; it becomes invalid when the contact is merged into another one.
        fields: the contact as received, in the API's names, version 2021-07-28.
    """

    id: Identifier
    fields: SkipValidation[dict[str, Any]] = Field(repr=False)

    def _text(self, name: str) -> str | None:
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    @property
    def email(self) -> str | None:
        """The primary e-mail address."""
        return self._text("email")

    @property
    def phone(self) -> str | None:
        """The primary phone, which the account stores as E.164."""
        return self._text("phone")

    @property
    def first_name(self) -> str | None:
        """The first name."""
        return self._text("firstName")

    @property
    def last_name(self) -> str | None:
        """The last name."""
        return self._text("lastName")

    @property
    def location_id(self) -> str | None:
        """The account that the contact belongs to."""
        return self._text("locationId")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, which the account stores in lower case."""
        return _texts(self.fields.get("tags"))

    @property
    def custom_values(self) -> Mapping[str, JsonValue]:
        """The values of custom fields by the fields' ids."""
        items = self.fields.get("customFields")
        if not isinstance(items, list):
            return {}
        return {item["id"]: item.get("value") for item in items if _has_identifier(item, "id")}


class UpsertAnswer(Answer):
    """The CRM's acknowledgement of an upsert or an update.

    Attributes:
        new: whether the CRM created the contact.
        contact: the contact after the write.
        trace_id: the CRM's id of the call.
        status: the HTTP status.
    """

    new: bool
    contact: ContactRecord
    trace_id: OptionalText = None
    status: int | None = None

    @property
    def contact_id(self) -> str:
        """The id of the contact that was written."""
        return self.contact.id

    @property
    def kept(self) -> Mapping[str, JsonValue]:
        """The fields of the contact after the write, in the API's names."""
        return cast("Mapping[str, JsonValue]", self.contact.fields)


def _has_identifier(item: object, name: str) -> bool:
    value = item.get(name) if isinstance(item, dict) else None
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID


def _count(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _readable_items(items: object) -> list[object]:
    """Return the items about a contact: the description says that the items are texts, and others were observed."""
    found = items if isinstance(items, (list, tuple)) else []
    return [each for each in found if isinstance(each, BulkTagsItem) or _has_identifier(each, "contactId")]


class TagsAnswer(Answer):
    """The answer to a change of one contact's tags.

    Attributes:
        tags: the tags that the answer lists.
    """

    tags: Texts = Field(default=(), repr=False)


class BulkTagsItem(Answer):
    """The result of a bulk change of tags for one contact.

    Attributes:
        contact_id: the contact.
        ok: whether its tags are now as requested.
        type: the API's word for the result, `success` or `error`.
        message: what the API says about it.
    """

    contact_id: Identifier = Field(validation_alias="contactId")
    type: OptionalText = None
    message: OptionalText = Field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the contact's tags are now as requested."""
        return self.type == "success"


class BulkTagsAnswer(Answer):
    """The answer to a bulk change of tags.

    Attributes:
        error_count: the number of contacts that were not changed.
        responses: one item for each contact.
    """

    error_count: Annotated[int, BeforeValidator(_count)] = Field(default=0, validation_alias="errorCount")
    responses: Annotated[tuple[BulkTagsItem, ...], BeforeValidator(_readable_items)] = ()

    @model_validator(mode="after")
    def _name_the_failed(self) -> Self:
        if self.error_count > sum(not item.ok for item in self.responses):
            raise ValueError("the answer does not name every contact that was not changed")
        return self


class Location(Answer):
    """An account.

    Attributes:
        id: the location id.
        company_id: the company that the account belongs to.
        name: the name of the account.
        timezone: its IANA time zone.
        country: its two-letter country code.
        allow_duplicate_contact: whether two contacts may share an e-mail or phone; None if the answer does not say.
    """

    id: Identifier
    company_id: OptionalText = Field(default=None, validation_alias="companyId")
    name: OptionalText = None
    timezone: OptionalText = None
    country: OptionalText = None
    allow_duplicate_contact: OptionalFlag = Field(
        default=None, validation_alias=AliasPath("settings", "allowDuplicateContact")
    )


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account; contacts can be assigned to users.

    Attributes:
        id: the user's id, which `assignedTo` takes.
        email: the user's e-mail address.
    """

    id: str
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of a search for users.

    Attributes:
        users: those that contacts can be assigned to.
        length: the number of all users on the page.
        count: the number of all users that the search finds, or 0 if the answer does not say.
    """

    users: Sequence[User]
    length: int
    count: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> UserPage:
        """Return the page of an answer; raise LookupError or TypeError if it has no list of users."""
        users, count = answer["users"], answer.get("count")
        if not isinstance(users, list):
            raise TypeError("users must be a list")
        return cls(read_users(users), len(users), count if isinstance(count, int) else 0)


def read_custom_fields(items: object) -> list[CustomField]:
    """Return those custom fields of an answer that belong to contacts; those that can't be filled say why.

    Every part of an item may be missing, because accounts hold odd ones (observed). An item without id, name and key is
    left out: no column can name it.

    Raises:
        TypeError: it is not a list.
    """
    return [
        _custom_field(item)
        for item in _listed(items)
        if isinstance(item, dict)
        and _text(item.get("model")) in ("", "contact")
        and any(_text(item.get(name)) for name in ("id", "name", "fieldKey"))
    ]


def _custom_field(item: Mapping[str, Any]) -> CustomField:
    field_id, field_key = _text(item.get("id")), _text(item.get("fieldKey"))
    return CustomField(
        id=field_id,
        name=_text(item.get("name")) or field_key.removeprefix("contact.") or field_id,
        field_key=field_key,
        data_type=_text(item.get("dataType")),
        options=_texts(item.get("picklistOptions")),
        allows_custom_option=item.get("isAllowedCustomOption") is True,
        unusable=_unusable(item),
    )


def _unusable(item: Mapping[str, Any]) -> str:
    """Return why no value can be sent to a custom field; blank if one can."""
    data_type = _text(item.get("dataType"))
    if item.get("documentType") == "folder" or data_type.casefold() == "folder":
        return "it is a folder of fields"
    if not _text(item.get("id")):
        return "the account shows no id of it"
    return "" if data_type else "the account shows no data type of it"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _listed(items: object) -> list[object]:
    if not isinstance(items, list | None):
        raise TypeError("the account's settings are not a list")
    return items or []


def read_users(items: object) -> list[User]:
    """Return the users of an answer; those without an id and those that were deleted are left out.

    Raises:
        TypeError: it is not a list.
    """
    users = [item for item in _listed(items) if isinstance(item, dict) and item.get("deleted") is not True]
    return [User(user["id"], _text(user.get("email")) or None) for user in users if _has_identifier(user, "id")]
