"""An account in memory, read once and compared with the rows of a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.sync.comparison import AccountComparison
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.ports import ContactView
from leadway_provider.sync.snapshot import AccountReading, ContactDigester, ContactSearch, SnapshotStore

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end."""


class SearchableAccount(ContactSearch, Protocol):
    """The calls that a comparison makes."""

    async def get_contact(self, contact_id: str) -> ContactView:
        """See `ContactSink.get_contact`."""
        ...

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        """See `ContactSink.find_duplicate`."""
        ...


@dataclass
class MemoryLookup:
    """Looks contacts up: it implements `ContactLookup`.

    Attributes:
        account: the account.
        run: runs a call.
        looked_up: the contacts that were looked up by their ids.
    """

    account: SearchableAccount
    run: Run = asyncio.run
    looked_up: list[str] = field(default_factory=list, repr=False)

    def by_id(self, contact_ids: Collection[str]) -> Mapping[str, ContactView]:
        """See `ContactLookup.by_id`."""
        return self.run(self._all(contact_ids))  # type: ignore[no-any-return]  # `run` returns what `_all` does

    async def _all(self, contact_ids: Collection[str]) -> dict[str, ContactView]:
        found: dict[str, ContactView] = {}
        for contact_id in contact_ids:
            self.looked_up.append(contact_id)
            try:
                found[contact_id] = await self.account.get_contact(contact_id)
            except ContactNotFoundError:
                continue
        return found

    def owner(self, name: str, value: str) -> str | None:
        """See `ContactLookup.owner`."""
        found = self.run(self.account.find_duplicate(**{name: value}))
        return None if found is None else found.id


def compared(
    account: SearchableAccount,
    store: SnapshotStore,
    mapping: ContactMapping,
    *,
    now: Callable[[], datetime],
    custom_fields: Sequence[CustomField] = (),
    run: Run = asyncio.run,
) -> AccountComparison:
    """Read all contacts of an account, and return what compares rows with them.

    Args:
        account: the account.
        store: where the contacts are kept.
        mapping: how rows become contacts.
        now: returns the present.
        custom_fields: the account's custom fields.
        run: runs a call.

    Raises:
        LeadwayError: as the account raises; nothing is concluded then.
    """
    read_since = now()
    digester = ContactDigester(ContactForm.of(mapping, custom_fields), UNKEYED)
    reading = AccountReading(store, digester)
    run(reading.read(account))
    return AccountComparison(
        store=store,
        digester=digester,
        lookup=MemoryLookup(account, run),
        identity=mapping.rules.identity,
        shown=reading.shown,
        read_since=read_since,
        targets=mapping.targets,
    )
