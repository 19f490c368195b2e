"""The API's answers, as typed values.

They are read tolerantly: what a call needs must be there, anything else may be missing or odd. An answer that couldn't
be read would make a write look lost that has happened. Nothing here shows a contact's values in its `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField

Identifier = Annotated[str, Field(min_length=1)]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
OptionalText = Annotated[str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)]
OptionalFlag = Annotated[bool | None, BeforeValidator(lambda value: value if isinstance(value, bool) else None)]


class Answer(BaseModel):
    """What all answers have in common: they don't change, and don't show what they were made of in an error."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)


class ContactRecord(Answer):
    """A contact as the account holds it.

    Attributes:
        id: the contact's id; it dies when the contact is merged into another.
        wire: the contact as received, in the API's names, version 2021-07-28.
    """

    id: Identifier
    wire: SkipValidation[dict[str, Any]] = Field(repr=False)

    def _text(self, name: str) -> str | None:
        value = self.wire.get(name)
        return value if isinstance(value, str) else None

    @property
    def email(self) -> str | None:
        """The primary e-mail address."""
        return self._text("email")

    @property
    def phone(self) -> str | None:
        """The primary phone, which the account keeps as E.164."""
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
        """The tags; the account keeps them in lower case."""
        return _texts(self.wire.get("tags"))

    @property
    def custom_values(self) -> Mapping[str, JsonValue]:
        """The values of custom fields by the fields' ids."""
        items = self.wire.get("customFields")
        if not isinstance(items, list):
            return {}
        return {item["id"]: item.get("value") for item in items if isinstance(item, dict) and "id" in item}


class UpsertAnswer(Answer):
    """The CRM's acknowledgement of an upsert.

    Attributes:
        new: whether the CRM made a new contact.
        contact: the contact as it is now.
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
        """The contact as the answer shows it, in the API's names."""
        return cast("Mapping[str, JsonValue]", self.contact.wire)


class TagsAnswer(Answer):
    """The answer to a change of one contact's tags.

    Attributes:
        tags: the tags that the answer lists.
    """

    tags: Texts = ()


class BulkTagsItem(Answer):
    """What a bulk change of tags did to one contact.

    Attributes:
        contact_id: the contact.
        ok: whether its tags are now as asked.
        message: what the API says of it.
    """

    contact_id: Identifier = Field(validation_alias="contactId")
    type: OptionalText = None
    message: OptionalText = None

    @property
    def ok(self) -> bool:
        """Whether the contact's tags are now as asked."""
        return self.type == "success"


class BulkTagsAnswer(Answer):
    """The answer to a bulk change of tags, contact by contact.

    Attributes:
        error_count: how many contacts were not changed.
        responses: one for each contact.
    """

    error_count: int = Field(default=0, validation_alias="errorCount")
    responses: tuple[BulkTagsItem, ...] = ()


class Location(Answer):
    """An account.

    Attributes:
        id: the location id.
        name: its name.
        timezone: its IANA time zone.
        country: its two-letter country code.
        allow_duplicate_contact: whether the account lets two contacts share an e-mail or phone; None if not told.
    """

    id: Identifier
    name: OptionalText = None
    timezone: OptionalText = None
    country: OptionalText = None
    allow_duplicate_contact: OptionalFlag = Field(
        default=None, validation_alias=AliasPath("settings", "allowDuplicateContact")
    )


class User(Answer):
    """Somebody whom contacts can be assigned to.

    Attributes:
        id: the user's id, which `assignedTo` takes.
        email: the user's e-mail address.
    """

    id: Identifier
    email: OptionalText = Field(default=None, repr=False)


class _CustomFieldWire(Answer):
    id: Identifier
    name: str
    field_key: str = Field(validation_alias="fieldKey")
    data_type: str = Field(validation_alias="dataType")
    options: Texts = Field(default=(), validation_alias="picklistOptions")
    model: OptionalText = None


def read_custom_fields(items: list[object]) -> list[CustomField]:
    """The contact fields among the custom fields of an answer."""
    read = [_CustomFieldWire.model_validate(item) for item in items]
    return [
        CustomField(id=it.id, name=it.name, field_key=it.field_key, data_type=it.data_type, options=it.options)
        for it in read
        if it.model in (None, "contact")
    ]
