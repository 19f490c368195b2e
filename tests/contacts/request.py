"""The request of the upsert endpoint, as the API publishes it. Nothing else may be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.country_codes import CODES

Number = Annotated[int | float, Field(allow_inf_nan=False)]


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CustomValue(_Published):
    """One custom field: text and choices, numeric and monetary, checkbox and multiple options."""

    id: str
    field_value: str | Number | list[str]


class Setting(_Published):
    """One channel's do-not-disturb setting."""

    status: Literal["active", "inactive", "permanent"]
    message: str = ""
    code: str = ""


class InboundSetting(_Published):
    """The inbound do-not-disturb setting."""

    status: Literal["active", "inactive"]
    message: str = ""


class UpsertContact(_Published):
    """`UpsertContactDto` without its location. Null is allowed where the API documents it."""

    firstName: str | None = ""  # noqa: N815 - the API's name
    lastName: str | None = ""  # noqa: N815 - the API's name
    name: str | None = ""
    email: str | None = ""
    gender: str = ""
    phone: Annotated[str, Field(pattern=r"^\+[1-9]\d{4,16}$")] | None = None
    address1: str | None = ""
    city: str | None = ""
    state: str | None = ""
    postalCode: str = ""  # noqa: N815 - the API's name
    website: str | None = ""
    timezone: str | None = ""
    dnd: bool = False
    dndSettings: dict[Literal["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"], Setting] = {}  # noqa: N815 - the API's name
    inboundDndSettings: dict[Literal["all"], InboundSetting] = {}  # noqa: N815 - the API's name
    tags: list[str] = []
    customFields: list[CustomValue] = []  # noqa: N815 - the API's name
    source: str = ""
    dateOfBirth: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None  # noqa: N815 - the API's name
    country: str = ""
    companyName: str | None = ""  # noqa: N815 - the API's name
    assignedTo: str = ""  # noqa: N815 - the API's name
    createNewIfDuplicateAllowed: bool = False  # noqa: N815 - the API's name


def verify(fields: Mapping[str, JsonValue]) -> None:
    """Fail unless the fields, written as JSON and read again, are what the endpoint takes."""
    written = json.dumps(dict(fields), allow_nan=False).encode()
    published = UpsertContact.model_validate(json.loads(written))
    assert not published.country or published.country in CODES
