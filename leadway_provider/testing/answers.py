"""The answers of an account in memory, in the shape that plan, deliver and remove read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadway_provider.contacts.contact import JsonValue


@dataclass(frozen=True, slots=True)
class MemoryAnswer:
    """An answer to a call that wrote a contact.

    Attributes:
        new: whether the call created the contact.
        contact_id: the contact.
        kept: the contact after the write, in the API's names.
        trace_id: stands for the CRM's id of the call.
        status: the HTTP status that the call would have.
    """

    new: bool
    contact_id: str
    kept: Mapping[str, JsonValue] = field(repr=False)
    trace_id: str | None = "memory"
    status: int | None = 200


@dataclass(frozen=True, slots=True)
class MemoryContact:
    """A contact as a look-up shows it.

    Attributes:
        id: the contact's id.
        fields: its fields, in the API's names.
    """

    id: str
    fields: Mapping[str, JsonValue] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MemoryTagsItem:
    """What became of one contact's tags.

    Attributes:
        contact_id: the contact.
        ok: whether its tags are now as requested.
        message: what the API says about it.
    """

    contact_id: str
    ok: bool
    message: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MemoryTagsAnswer:
    """An answer to a change of many contacts' tags.

    Attributes:
        responses: one item for each contact.
    """

    responses: tuple[MemoryTagsItem, ...]
