"""An account in memory that fails at chosen calls, and that records what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeVar

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.exceptions import LeadwayError, UnavailableError
from leadway_provider.testing import MemoryAccount
from leadway_provider.testing.answers import MemoryAnswer, MemoryContact, MemoryTagsAnswer

_Result = TypeVar("_Result")


@dataclass
class FailingAccount(MemoryAccount):
    """An account that fails where a test says so; two calls for one e-mail or contact at a time are an error.

    Attributes:
        failing: the error of each upsert with this e-mail (or phone, where it has none), and of each update and
            deletion of the contact with this id.
        next_upserts: the errors of the next upserts, one each.
        carries_out: whether a call that fails is carried out nevertheless, so that only the answer is lost.
        untaggable: the ids of the contacts whose tags can't be changed.
        tag_error: the error of each change of tags.
        unreadable_tags: the ids of the contacts that make the answer to a change of their tags unreadable.
        readable: whether the answers that depend on no contact can be read.
        search_misses: so many look-ups find nothing, whatever there is.
        received: the e-mail (or phone) of each upsert that arrived.
        updates: the contact and the fields of each update that arrived.
        tag_calls: kind, contacts and tags of each change of tags that arrived.
        tried: the contact of each deletion that arrived.
        deleted: the contacts that were deleted.
        looks: how many look-ups arrived.
        most_in_flight: the most upserts, updates and deletions that were in flight at one time.
    """

    failing: dict[str, LeadwayError] = field(default_factory=dict)
    next_upserts: list[LeadwayError] = field(default_factory=list)
    carries_out: bool = False
    untaggable: set[str] = field(default_factory=set)
    tag_error: LeadwayError | None = None
    unreadable_tags: set[str] = field(default_factory=set)
    readable: bool = True
    search_misses: int = 0
    received: list[str] = field(default_factory=list)
    updates: list[tuple[str, dict[str, JsonValue]]] = field(default_factory=list)
    tag_calls: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    looks: int = 0
    most_in_flight: int = 0
    _in_flight: set[str] = field(default_factory=set)

    def id_of(self, identity: str) -> str:
        """Return the id of the one contact that has this e-mail or phone."""
        [found] = [
            each for each, fields in self.contacts.items() if identity in (fields.get("email"), fields.get("phone"))
        ]
        return found

    def emails(self) -> list[str]:
        """Return the e-mails of all contacts, in order."""
        return sorted(str(fields["email"]) for fields in self.contacts.values() if "email" in fields)

    def tags_of(self, identity: str) -> list[str]:
        """Return the tags of the contact that has this e-mail or phone."""
        return list(self.contacts[self.id_of(identity)].get("tags", ()))

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        name = str(fields.get("email") or fields["phone"])
        self.received.append(name)
        error = self.next_upserts.pop(0) if self.next_upserts else self.failing.get(name)
        return await self._call(name, partial(super().upsert_contact, fields), error)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        self.updates.append((contact_id, dict(fields)))
        update = partial(super().update_contact, contact_id, fields)
        return await self._call(contact_id, update, self.failing.get(contact_id))

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> MemoryContact | None:
        self.looks += 1
        return await super().find_duplicate(email=email, phone=phone) if self.looks > self.search_misses else None

    async def is_readable(self) -> bool:
        return self.readable

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> MemoryTagsAnswer:
        self.tag_calls.append((kind, sorted(contact_ids), list(tags)))
        await asyncio.sleep(0)
        if self.tag_error is not None:
            raise self.tag_error
        answer = await super().update_tags(kind, [each for each in contact_ids if each not in self.untaggable], tags)
        if self.unreadable_tags & set(contact_ids):
            raise UnavailableError("unreadable", call=f"{kind} tags", maybe_received=True, status=200, reasons=("?",))
        locked = await super().update_tags(kind, [each for each in contact_ids if each in self.untaggable], ())
        refused = tuple(replace(each, ok=False, message="contact is locked") for each in locked.responses)
        return MemoryTagsAnswer((*answer.responses, *refused))

    async def delete_contact(self, contact_id: str) -> None:
        self.tried.append(contact_id)
        await self._call(contact_id, partial(super().delete_contact, contact_id), self.failing.get(contact_id))
        self.deleted.append(contact_id)

    async def _call(
        self, name: str, carry_out: Callable[[], Awaitable[_Result]], error: LeadwayError | None
    ) -> _Result:
        assert name not in self._in_flight, f"two calls for {name} at a time"
        self._in_flight.add(name)
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))
        await asyncio.sleep(0)
        self._in_flight.remove(name)
        if error is None:
            return await carry_out()
        if self.carries_out:
            await carry_out()
        raise error
