"""The targets of a column: the contact's id and every field of the upsert endpoint, and the names of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from leadway_provider.contacts.dnd import CHANNELS
from leadway_provider.contacts.nearest import nearest
from leadway_provider.exceptions import MappingError

CONTACT_ID: Final = "contactId"
"""The API path of the target `contact_id`. The id is in a call's address and not in its body."""


class Kind(StrEnum):
    """How a target's values are read."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    CONTACT_ID = "contact id"
    COUNTRY = "country"
    WEBSITE = "website"
    TIMEZONE = "timezone"
    DATE = "date"
    BOOLEAN = "boolean"
    TAGS = "tags"
    USER = "user"
    DND_STATUS = "dnd status"
    DND_SETTINGS = "dnd settings"
    INBOUND_STATUS = "inbound dnd status"
    INBOUND_SETTINGS = "inbound dnd settings"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the contact that a column or a constant can fill.

    Attributes:
        name: the field as the documentation writes it: `first_name`, `dnd.call.message`, `custom.Lifetime Value`.
        api_path: its place in the request's body: `firstName`, `dndSettings.Call.message`. See `CONTACT_ID` too.
        kind: how its values are read.
        nullable: whether null may be sent (documented for the upsert).
    """

    name: str
    api_path: str
    kind: Kind
    nullable: bool = False


def _table() -> Iterable[Target]:
    for name, api_path in (
        ("first_name", "firstName"),
        ("last_name", "lastName"),
        ("name", "name"),
        ("address1", "address1"),
        ("city", "city"),
        ("state", "state"),
        ("company_name", "companyName"),
    ):
        yield Target(name, api_path, Kind.TEXT, nullable=True)
    yield Target("contact_id", CONTACT_ID, Kind.CONTACT_ID)
    yield Target("email", "email", Kind.EMAIL, nullable=True)
    yield Target("phone", "phone", Kind.PHONE, nullable=True)
    yield Target("website", "website", Kind.WEBSITE, nullable=True)
    yield Target("timezone", "timezone", Kind.TIMEZONE, nullable=True)
    yield Target("date_of_birth", "dateOfBirth", Kind.DATE, nullable=True)
    yield Target("gender", "gender", Kind.TEXT)
    yield Target("postal_code", "postalCode", Kind.TEXT)
    yield Target("country", "country", Kind.COUNTRY)
    yield Target("source", "source", Kind.TEXT)
    yield Target("assigned_to", "assignedTo", Kind.USER)
    yield Target("tags", "tags", Kind.TAGS)
    yield Target("create_new_if_duplicate_allowed", "createNewIfDuplicateAllowed", Kind.BOOLEAN)
    yield Target("dnd", "dnd", Kind.BOOLEAN)
    yield Target("dnd_settings", "dndSettings", Kind.DND_SETTINGS)
    for name, channel in CHANNELS.items():
        yield Target(f"dnd.{name}", f"dndSettings.{channel}.status", Kind.DND_STATUS)
        yield Target(f"dnd.{name}.message", f"dndSettings.{channel}.message", Kind.TEXT)
        yield Target(f"dnd.{name}.code", f"dndSettings.{channel}.code", Kind.TEXT)
    yield Target("inbound_dnd_settings", "inboundDndSettings", Kind.INBOUND_SETTINGS)
    yield Target("inbound_dnd", "inboundDndSettings.all.status", Kind.INBOUND_STATUS)
    yield Target("inbound_dnd.message", "inboundDndSettings.all.message", Kind.TEXT)


TARGETS: Final[Mapping[str, Target]] = {target.name: target for target in _table()}
"""Every target except for the custom fields, by name."""

CUSTOM_PREFIX: Final = "custom."

_BY_SPELLING: Final = {name.replace("_", ""): target for name, target in TARGETS.items()}


def find_target(written: str) -> Target:
    """Return the target of a name, in snake_case, in the API's camelCase, or in capitals as some warehouses return it.

    The target of a custom field has the field's name only; `custom_field_finder` finds the field.

    Raises:
        MappingError: the target does not exist. The message names the most similar one.
    """
    spelling = written.strip().replace("_", "").casefold()
    if found := _BY_SPELLING.get(spelling):
        return found
    custom = written.strip()
    if custom.casefold().startswith(CUSTOM_PREFIX) and (wanted := custom[len(CUSTOM_PREFIX) :].strip()):
        return Target(f"{CUSTOM_PREFIX}{wanted}", "customFields", Kind.CUSTOM)
    closest = _BY_SPELLING[nearest(spelling, _BY_SPELLING) or "email"]
    raise MappingError(f"{written!r} is not a contact field; the nearest is {closest.name!r}.")
