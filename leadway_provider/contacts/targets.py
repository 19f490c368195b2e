"""What a column can be mapped to: every field of the upsert endpoint, and how it is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from leadway_provider.contacts.dnd import CHANNELS
from leadway_provider.exceptions import MappingError


class Kind(StrEnum):
    """How a target's values are read."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
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
    """A place in the contact that a column or a constant can fill.

    Attributes:
        name: how the documentation writes it: `first_name`, `dnd.call.message`, `custom.Lifetime Value`.
        wire: where it stands in the request, as a path: `firstName`, `dndSettings.Call.message`.
        kind: how its values are read.
        nullable: whether the API documents that null may be sent.
    """

    name: str
    wire: str
    kind: Kind
    nullable: bool = False


def _table() -> Iterable[Target]:
    for name, wire in (
        ("first_name", "firstName"),
        ("last_name", "lastName"),
        ("name", "name"),
        ("address1", "address1"),
        ("city", "city"),
        ("state", "state"),
        ("company_name", "companyName"),
    ):
        yield Target(name, wire, Kind.TEXT, nullable=True)
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
"""Every target but the custom fields, by name."""

CUSTOM_PREFIX: Final = "custom."

_BY_SPELLING: Final = {name.replace("_", ""): target for name, target in TARGETS.items()}


def find_target(label: str) -> Target:
    """The target of that name, in snake_case, in the API's camelCase, or in capitals as some warehouses fold names.

    A custom field's target carries its name; which field it is only the account can tell.

    Raises:
        MappingError: there is no such target; the message names the nearest.
    """
    spelling = label.strip().replace("_", "").casefold()
    if found := _BY_SPELLING.get(spelling):
        return found
    custom = label.strip()
    if custom.casefold().startswith(CUSTOM_PREFIX) and (wanted := custom[len(CUSTOM_PREFIX) :].strip()):
        return Target(f"{CUSTOM_PREFIX}{wanted}", "customFields", Kind.CUSTOM)
    raise MappingError(f"{label!r} is no contact field; the nearest is {_nearest(spelling)!r}.")


def _nearest(spelling: str) -> str:
    close = get_close_matches(spelling, _BY_SPELLING, n=1, cutoff=0.0)
    return _BY_SPELLING[close[0]].name
