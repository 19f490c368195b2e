"""The sandbox over HTTP, through the real client, with the attributes and methods of an account in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from leadway_provider.api.client import LeadwayClient
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.sandbox.account import SandboxAccount as Location
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sync.ports import ContactView, TagsEcho, UpsertEcho
from tests.api.clients import IdleTime, client_of
from tests.identity.faults import run_inline
from tests.identity.model import Time

_Result = TypeVar("_Result")


class SandboxAccount:
    """A location of a sandbox: calls go over HTTP, and what people of the CRM do is done to the sandbox itself.

    Attributes:
        location: the sandbox's account.
        client: makes the calls.
    """

    def __init__(self, location: Location, client: LeadwayClient) -> None:
        self.location = location
        self.client = client

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("priority", "clears_identities", "refuses_taken_identities"):
            setattr(self.location, name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.location, name)

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.client.calls

    @property
    def contacts(self) -> Mapping[str, Mapping[str, Any]]:
        """The contacts' fields by id, in the API's names, the oldest first."""
        return {each.id: each.as_json(self.location.location_id) for each in self.location.contacts}

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        return await _whole(self.client.upsert_contact(fields))

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        return await _whole(self.client.create_contact(fields))

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        return await _whole(self.client.update_contact(contact_id, fields))

    async def get_contact(self, contact_id: str) -> ContactView:
        return await _whole(self.client.get_contact(contact_id))

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        return await _whole(self.client.find_duplicate(email=email, phone=phone))

    async def may_share_identities(self) -> bool:
        return await _whole(self.client.may_share_identities())

    async def is_readable(self) -> bool:
        return await _whole(self.client.is_readable())

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsEcho:
        return await _whole(self.client.update_tags(kind, contact_ids, tags))

    async def delete_contact(self, contact_id: str) -> None:
        await _whole(self.client.delete_contact(contact_id))

    def add_contact(self, **fields: JsonValue) -> str:
        """Add a contact as a user of the CRM can, and return its id."""
        given = {name: value for name, value in fields.items() if value is not None}
        with self._allowing_duplicates():
            return self.location.upsert({**given, "createNewIfDuplicateAllowed": True})[1].id

    def edit_contact(self, contact_id: str, **fields: JsonValue) -> None:
        """Change a contact as a user of the CRM can; two contacts may share an e-mail or phone afterwards."""
        with self._allowing_duplicates():
            self.location.update(contact_id, fields)

    def merge_contacts(self, contact_id: str, *, into: str) -> None:
        """Merge a contact into another one as a user of the CRM can."""
        self.location.merge(contact_id, into=into)

    @contextmanager
    def _allowing_duplicates(self) -> Iterator[None]:
        self.location.allow_duplicates = True
        try:
            yield
        finally:
            self.location.allow_duplicates = False


async def _whole(call: Awaitable[_Result]) -> _Result:
    """Wait for a call's end also where the waiting is cancelled: the call arrives, and the answer is lost."""
    made = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        await asyncio.wait([made])
        raise


@contextmanager
def served(time: Time) -> Iterator[SandboxAccount]:
    """Serve a sandbox that has that time, and has no quota."""
    server = SandboxServer(Settings(burst=None, daily=None))
    server.service = Service(server.settings, wall=lambda: time.now().timestamp())
    with server:
        client = run_inline(client_of(server, IdleTime()).__aenter__())
        try:
            yield SandboxAccount(server.account, client)
        finally:
            run_inline(client.__aexit__(None, None, None))
