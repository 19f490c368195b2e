"""What the account held before each write of a run, kept before the call is sent, so that the run can be reverted."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.sync.identities import IDENTITIES
from leadway_provider.sync.ports import ContactSink, ContactView, TagsEcho, UpsertEcho

_CUSTOM: Final = "customFields"
_SETTINGS: Final = ("dndSettings", "inboundDndSettings")
_VALUES: Final = ("value", "field_value", "fieldValue")


@dataclass(frozen=True, slots=True)
class KeptContact:
    """A contact that a run has written, or was about to write.

    Attributes:
        contact_id: the contact.
        before: its fields before the run's first write, in the API's names; None where they could not be looked up.
        after: its fields as the run left them, as far as an answer shows; without an answer, what was sent. What the
            run did not write need not be there.
    """

    contact_id: str
    before: Mapping[str, JsonValue] | None = field(repr=False)
    after: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)


class BeforeStore(Protocol):
    """The contacts of one run as they were before. Each call commits by itself."""

    def kept(self, contact_id: str) -> KeptContact | None:
        """Return what is kept of a contact, or None."""
        ...

    def keep(self, contact: KeptContact) -> None:
        """Keep a contact; what was kept of it before is replaced."""
        ...


def with_fields(fields: Mapping[str, JsonValue], written: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a contact's fields after others were written: custom fields and channels each by itself."""
    merged = {**fields, **written}
    if isinstance(entries := written.get(_CUSTOM), list):
        ids = {each.get("id") for each in entries if isinstance(each, dict)}
        held = fields.get(_CUSTOM)
        others = held if isinstance(held, list) else []
        kept = (each for each in others if isinstance(each, dict) and each.get("id") not in ids)
        merged[_CUSTOM] = [*kept, *entries]
    for name in _SETTINGS:
        if isinstance(channels := written.get(name), dict) and isinstance(held := fields.get(name), dict):
            names = {channel.casefold() for channel in channels}
            merged[name] = {each: held[each] for each in held if each.casefold() not in names} | channels
    return merged


def custom_value(fields: Mapping[str, JsonValue], field_id: str) -> JsonValue:
    """Return the value of a custom field; None where the contact has none."""
    entries = fields.get(_CUSTOM)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("id") == field_id:
            return next((entry[name] for name in _VALUES if name in entry), None)
    return None


def setting_of(fields: Mapping[str, JsonValue], name: str, channel: str) -> Mapping[str, JsonValue]:
    """Return the do-not-disturb setting of a channel; nothing where the contact has none."""
    channels = fields.get(name)
    for each, setting in channels.items() if isinstance(channels, dict) else ():
        if each.casefold() == channel.casefold() and isinstance(setting, dict):
            return setting
    return {}


@dataclass(frozen=True, slots=True)
class KeepingSink:
    """The account, with a look-up by id before the first write to each contact.

    A contact that an upsert matches is looked for by e-mail and phone first. The search lags behind writes by up to a
    minute (observed), so one that it does not show yet is kept without what it was before.

    Attributes:
        sink: the account.
        store: where contacts are kept.
        api_paths: the fields that are kept.
    """

    sink: ContactSink
    store: BeforeStore
    api_paths: Collection[str]

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """See `ContactSink`."""
        named = {name: value for name in IDENTITIES if isinstance(value := fields.get(name), str) and value}
        found = None
        if named and not fields.get("createNewIfDuplicateAllowed"):
            found = await self.sink.find_duplicate(email=named.get("email"), phone=named.get("phone"))
        if found is not None:
            await self._keep(found.id, fields)
        echo = await self.sink.upsert_contact(fields)
        if not echo.new:
            await self._left(echo)
        return echo

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """See `ContactSink`."""
        return await self.sink.create_contact(fields)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """See `ContactSink`."""
        await self._keep(contact_id, fields)
        echo = await self.sink.update_contact(contact_id, fields)
        await self._left(echo)
        return echo

    async def get_contact(self, contact_id: str) -> ContactView:
        """See `ContactSink`."""
        return await self.sink.get_contact(contact_id)

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        """See `ContactSink`."""
        return await self.sink.find_duplicate(email=email, phone=phone)

    async def may_share_identities(self) -> bool:
        """See `ContactSink`."""
        return await self.sink.may_share_identities()

    async def is_readable(self) -> bool:
        """See `ContactSink`."""
        return await self.sink.is_readable()

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsEcho:
        """See `ContactSink`; tags are kept as they are after the call, since its answer does not show them."""
        for contact_id in contact_ids:
            kept = await asyncio.to_thread(self.store.kept, contact_id)
            if kept is not None and kept.before is not None:
                held = kept.after.get("tags", kept.before.get("tags"))
                changed = [tag.lower() for tag in tags]
                others = [tag for tag in held if str(tag).lower() not in changed] if isinstance(held, list) else []
                left: list[JsonValue] = [*others, *(changed if kind == "add" else ())]
                await asyncio.to_thread(self.store.keep, replace(kept, after={**kept.after, "tags": left}))
        return await self.sink.update_tags(kind, contact_ids, tags)

    async def delete_contact(self, contact_id: str) -> None:
        """See `ContactSink`."""
        await self.sink.delete_contact(contact_id)

    async def _keep(self, contact_id: str, fields: Mapping[str, JsonValue]) -> None:
        """Keep what the account holds, before the run's first write to a contact."""
        kept = await asyncio.to_thread(self.store.kept, contact_id)
        if kept is None:
            try:
                found = await self.sink.get_contact(contact_id)
            except ContactNotFoundError:
                return
            kept = KeptContact(contact_id, self._mapped(found.fields))
        await asyncio.to_thread(self.store.keep, replace(kept, after=with_fields(kept.after, self._mapped(fields))))

    async def _left(self, echo: UpsertEcho) -> None:
        """Keep what the account holds after a write."""
        kept = await asyncio.to_thread(self.store.kept, echo.contact_id) or KeptContact(echo.contact_id, None)
        await asyncio.to_thread(self.store.keep, replace(kept, after=with_fields(kept.after, self._shown(echo.kept))))

    def _shown(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return what an answer shows of the fields that the run maps; it leaves out custom fields that are blank."""
        found = self._mapped(fields)
        if isinstance(entries := found.get(_CUSTOM), list):
            shown = {each.get("id") for each in entries if isinstance(each, dict)}
            ids = [path.partition(".")[2] for path in self.api_paths if path.startswith(f"{_CUSTOM}.")]
            blanks: list[JsonValue] = [{"id": each, "value": None} for each in ids if each not in shown]
            found[_CUSTOM] = [*entries, *blanks]
        return found

    def _mapped(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the fields that the run maps, of custom fields each by itself."""
        names = {path.partition(".")[0] for path in self.api_paths}
        found = {name: value for name, value in fields.items() if name in names}
        if isinstance(entries := found.get(_CUSTOM), list):
            found[_CUSTOM] = [
                each for each in entries if isinstance(each, dict) and f"{_CUSTOM}.{each.get('id')}" in self.api_paths
            ]
        return found
