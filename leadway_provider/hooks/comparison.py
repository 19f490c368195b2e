"""The account is read once before a plan, and the plan's rows are compared with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import ContactNotFoundError, StateUnavailableError
from leadway_provider.printable import printable_log
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.comparison import AccountComparison, AccountFindings
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.ports import ContactView
from leadway_provider.sync.request import SyncRequest
from leadway_provider.sync.seen import is_set
from leadway_provider.sync.snapshot import AccountReading, ContactDigester
from leadway_provider.sync.verification import Verification
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

log = printable_log(__name__)

T = TypeVar("T")


class AccountCaller(Protocol):
    """Calls the account; raises LeadwayError as the account does."""

    @property
    def calls(self) -> int:
        """How many calls were made."""
        ...

    def call(self, call: Callable[[LeadwayClient], Awaitable[T]], max_in_flight: int = 1) -> T:
        """Make calls, so many at a time at most, and return what `call` returns."""
        ...


@dataclass(frozen=True, slots=True)
class ComparedAccount:
    """An account that was read for one plan.

    Attributes:
        run: the plan's run.
        comparison: compares rows with the account.
        contacts: how many contacts were read.
        account: the account.
        calls_before: how many calls it had got before.
    """

    run: SyncRun
    comparison: AccountComparison
    contacts: int
    account: AccountCaller = field(repr=False)
    calls_before: int = field(repr=False)

    @property
    def calls(self) -> int:
        """How many calls have read the account so far, with those that looked single contacts up."""
        return self.account.calls - self.calls_before

    def conclude(self, planned: Plan) -> AccountFindings:
        """Store, log and return what was found, after all rows were compared."""

        def was_read(row_id: int) -> bool:
            return is_set(planned.seen, row_id)

        found = self.comparison.findings(self.contacts, was_read if planned.is_whole else None)
        self.run.store_comparison(found.document())
        counts = planned.counts
        unmatched = "" if found.unmatched is None else f", {counted(found.unmatched, 'contact')} of no row"
        log.info(
            "Compared with the account: %s adopted, %s drifted, %s whose contact is missing%s",
            *(counted(counts["adopted"], "row"), f"{counts['drifted']:,}", f"{counts['missing']:,}", unmatched),
        )
        if edited := counts["edited_in_crm"]:
            log.info(
                "%s differ in fields only that somebody has edited in the CRM; they are left", counted(edited, "row")
            )
        if found.drifted_by_field:
            log.info("Drifted: %s", ", ".join(f"{name} {rows:,}" for name, rows in found.drifted_by_field.items()))
        return found

    def verify(self, found: AccountFindings, planned: Plan) -> None:
        """Store and log that the account is as the source says, where the whole source was read and nothing is sent."""
        if not planned.is_whole or planned.counts[RowState.PENDING]:
            return
        comparison = self.comparison
        verified = Verification.of_rows(comparison.equal_rows(), comparison.read_since, comparison.digester.hasher.key)
        self.run.store_comparison(found.document() | {"verified": verified.document()})
        aside = {"rejected": planned.counts.rejected, "believed": found.believed}
        beside = "".join(f", {rows:,} {name}" for name, rows in aside.items() if rows)
        equal = counted(verified.rows, "row")
        log.info("Verified: the account has %s as the source says%s (hash %s)", equal, beside, verified.hash)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Looks contacts up, as many at a time as the task may have in flight."""

    account: AccountCaller
    max_in_flight: int

    def by_id(self, contact_ids: Collection[str]) -> Mapping[str, ContactView]:
        """See `ContactLookup.by_id`."""
        found: dict[str, ContactView] = {}
        left = set(contact_ids)

        async def look_up(client: LeadwayClient) -> None:
            async def one(contact_id: str) -> None:
                with suppress(ContactNotFoundError):
                    found[contact_id] = await client.get_contact(contact_id)
                left.discard(contact_id)

            await asyncio.gather(*map(one, sorted(left)))

        self.account.call(look_up, self.max_in_flight)
        return found

    def owner(self, name: str, value: str) -> str | None:
        """See `ContactLookup.owner`."""
        found = self.account.call(lambda client: client.find_duplicate(**{name: value}))
        return None if found is None else found.id


@contextmanager
def compared_account(
    request: SyncRequest,
    run: SyncRun,
    account: AccountCaller,
    form: ContactForm,
    mapping: ContactMapping,
    *,
    hasher: IdentityHasher,
    now: Callable[[], datetime],
    on_page: Callable[[int], None] = lambda _: None,
) -> Iterator[ComparedAccount]:
    """Read all contacts of the account, and forget them at the end.

    Args:
        request: what is asked for.
        run: the run, whose plan has not ended.
        account: the account.
        form: the fields that are compared.
        mapping: how rows become contacts.
        hasher: hashes what is kept of a contact.
        now: returns the present.
        on_page: is called with the number of contacts that were read so far.

    Raises:
        LeadwayError: the account could not be read to its end, so that nothing is concluded; or the state store could
            not be reached.
    """
    read_since, calls = now(), account.calls
    digester = ContactDigester(form, hasher)
    reading = AccountReading(run.snapshot, digester, on_page)
    log.info("Reading all contacts of the account")
    try:
        account.call(reading.read)
        log.info("Read %s in %s", counted(reading.contacts, "contact"), counted(account.calls - calls, "call"))
        comparison = AccountComparison(
            store=run.snapshot,
            digester=digester,
            lookup=_Lookup(account, request.max_in_flight),
            identity=mapping.rules.identity,
            shown=frozenset(reading.shown),
            read_since=read_since,
            targets=mapping.targets,
        )
        yield ComparedAccount(run, comparison, reading.contacts, account, calls)
    finally:
        with suppress(StateUnavailableError):  # where this matters, the run fails; the next one deletes it
            run.snapshot.clear()
