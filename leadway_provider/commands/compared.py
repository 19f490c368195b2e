"""The account as a plan compares its rows with it, read by way of a command's connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from leadway_provider.clock import utc_now
from leadway_provider.commands.reading import OpenSync
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.hooks.comparison import ComparedAccount, compared_account
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.comparison import AccountFindings
from leadway_provider.sync.identities import IdentityHasher

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

T = TypeVar("T")


@dataclass(frozen=True)
class AccountRead:
    """What was found in an account that a plan was compared with.

    Attributes:
        found: what the comparison found beside the counts of rows.
        calls: how many calls read it; the next run makes them, too.
    """

    found: AccountFindings
    calls: int

    def facts(self) -> dict[str, Any]:
        """Return it as plain facts, by their names in a run's report."""
        found = self.found
        facts = {"contacts": found.contacts, "unmatched": found.unmatched, "believed": found.believed}
        return {**facts, "drifted_by_field": dict(found.drifted_by_field), "calls": self.calls}


@dataclass(frozen=True, slots=True)
class HookCaller:
    """Calls the account by way of a hook.

    Attributes:
        hook: the hook, which has one client for all calls.
    """

    hook: LeadwayHook = field(repr=False)

    @property
    def calls(self) -> int:
        """See `AccountCaller.calls`."""
        return self.hook.call(_calls)

    def call(self, call: Callable[[LeadwayClient], Awaitable[T]], max_in_flight: int = 1) -> T:  # noqa: ARG002 - the hook has the sync's number
        """See `AccountCaller.call`."""

        async def awaited(client: LeadwayClient) -> T:
            return await call(client)

        return self.hook.call(awaited)


@contextmanager
def compared_sync(
    sync: OpenSync, run: SyncRun, mapping: ContactMapping, hasher: IdentityHasher, *, on_page: Callable[[int], None]
) -> Iterator[ComparedAccount | None]:
    """Give the account of a sync that compares rows with it, after it was read; None where it compares with the state.

    Args:
        sync: the sync.
        run: its run, which is in a copy of the state, so that the contacts that are kept meanwhile are, too.
        mapping: how rows become contacts.
        hasher: hashes what is kept of a contact.
        on_page: is called with the number of contacts that were read so far.

    Raises:
        LeadwayError: the account could not be read to its end.
    """
    if not sync.request.reads_account:
        yield None
        return
    form = ContactForm.of(mapping, sync.custom_fields)
    caller = HookCaller(sync.hook)
    with compared_account(
        sync.request, run, caller, form, mapping, hasher=hasher, now=utc_now, on_page=on_page
    ) as compared:
        yield compared


async def _calls(client: LeadwayClient) -> int:
    return client.calls
