"""The account as a run reads it once: of each contact hashes only, kept with the run until its plan has ended.

The search that reads it lags behind writes by up to a minute (observed). A contact that it does not show is therefore
never taken for missing: it is looked up by its id first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.edits import BLANK_HASH, HASH_BYTES, AcknowledgedValues, hash_of_normal
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.verification import RowHome
from leadway_provider.words import counted

_SMALLEST_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class ContactDigest:
    """What is kept of a contact.

    Attributes:
        contact_id: the contact.
        email: the hash of its e-mail, as `IdentityHasher` has it; None where it has none.
        phone: that of its phone.
        fields: 8 bytes for each field of the form, in its order; zeros for a blank.
        tags: 8 bytes for each tag, in order.
        matched_by: the row, by id, that was compared with the contact although it lives on no known one.
    """

    contact_id: str
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    fields: bytes = field(repr=False)
    tags: bytes = field(default=b"", repr=False)
    matched_by: int | None = None

    @property
    def identities(self) -> frozenset[str]:
        """The hashes of the e-mail and the phone."""
        return frozenset(each for each in (self.email, self.phone) if each)


class FoundContact(Protocol):
    """A contact as a search shows it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def fields(self) -> Mapping[str, JsonValue]:
        """Its fields, in the API's names; `searchAfter` is where a page behind it begins."""
        ...


class ContactSearch(Protocol):
    """The account, as far as its contacts can be searched."""

    async def search_contacts(self, after: Sequence[JsonValue] | None, limit: int) -> Sequence[FoundContact]:
        """Return the contacts behind a place, at most so many, in the order in which they were added; none at the end.

        Raises:
            UnavailableError: the account could not be reached, or its answer is too large to be read.
            LeadwayError: it refuses this.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownHome:
    """What is known of a row before it is compared.

    Attributes:
        contact_id: the contact that it lives on; None where it lives on no known one.
        changed_at: when what is known of it changed last; it was written then, or before.
        not_kept: the targets whose values the contact did not keep when the row was last written.
        in_crm: the hashes of the identities that the account was last known to have on the contact.
        is_unanswered: whether a call without an answer may have written what no run has shown since.
        acknowledged_values: what the contact held when it was last written; see `AcknowledgedValues`.
    """

    contact_id: str | None
    changed_at: datetime
    not_kept: frozenset[str] = field(default=frozenset(), repr=False)
    in_crm: frozenset[str] = frozenset()
    is_unanswered: bool = False
    acknowledged_values: bytes | None = field(default=None, repr=False)


class SnapshotStore(Protocol):
    """The contacts that one run has read. Each call commits by itself; nothing of it counts beyond the run's plan."""

    def homes(self, row_ids: Collection[int]) -> Mapping[int, KnownHome]:
        """Return what is known of these rows."""
        ...

    def residents(self, contact_ids: Collection[str]) -> Mapping[str, Collection[int]]:
        """Return the rows, by id, that live on these contacts, without those that were removed."""
        ...

    def rows(self) -> Iterator[RowHome]:
        """Return the rows of the sync as they are once the run's plan counts, in the order of the keys' characters."""
        ...

    def add(self, contacts: Sequence[ContactDigest]) -> None:
        """Keep contacts; one that is there already is replaced."""
        ...

    def by_id(self, contact_ids: Collection[str]) -> Mapping[str, ContactDigest]:
        """Return those of these contacts that were read."""
        ...

    def with_identities(self, identities: Collection[str]) -> Mapping[str, Sequence[ContactDigest]]:
        """Return the contacts that have these e-mails and phones, which are hashed."""
        ...

    def match(self, row_of: Mapping[str, int]) -> None:
        """Store which row, by id, was compared with a contact, by id."""
        ...

    def count_unmatched(self, was_read: Callable[[int], bool]) -> int:
        """Return how many contacts no row was compared with, and no row lives on that the plan read."""
        ...

    def clear(self) -> None:
        """Delete all contacts of the run."""
        ...


@dataclass(frozen=True, slots=True)
class ContactDigester:
    """Hashes contacts with the sync's key, so that nobody finds a value by trying all of a kind.

    Attributes:
        form: the fields.
        hasher: hashes e-mails and phones, and its key the fields.
    """

    form: ContactForm
    hasher: IdentityHasher

    def digest(self, contact_id: str, fields: Mapping[str, JsonValue]) -> ContactDigest:
        """Return what is kept of a contact of the account."""
        identities = {name: fields.get(name) for name in ("email", "phone")}
        hashed = {
            name: self.hasher.hash(name, value) if isinstance(value, str) and value else None
            for name, value in identities.items()
        }
        return ContactDigest(
            contact_id,
            hashed["email"],
            hashed["phone"],
            b"".join(map(self._hash, self.form.held(fields))),
            b"".join(sorted(map(self._hash, self.form.tags(fields.get("tags"))))),
        )

    def differences(self, contact: Contact, digest: ContactDigest) -> set[str]:
        """Return the API paths of the fields that a contact sends and the account has otherwise.

        E-mail and phone are compared as the account matches them; tags as the contact adds, removes or replaces them.
        What is left to the account does not differ: fields that are written only where a contact is made, and those
        that are written only where the account holds nothing, if it holds something.
        """
        shown = self.held(digest)
        found = {
            path
            for path, value in self.wanted(contact).items()
            if shown[path] != value
            and path not in contact.once
            and (path not in contact.if_empty or shown[path] == BLANK_HASH)
        }
        held = {digest.tags[start : start + HASH_BYTES] for start in range(0, len(digest.tags), HASH_BYTES)}
        hashed = {
            kind: {self._hash(tag) for tag in self.form.tags([*tags])}
            for kind, tags in (("add", contact.add_tags), ("remove", contact.remove_tags))
        }
        replacing = contact.fields.get("tags")
        wanted = {self._hash(tag) for tag in self.form.tags(replacing)}
        if not hashed["add"] <= held or hashed["remove"] & held or ("tags" in contact.fields and wanted != held):
            found.add("tags")
        return found

    def wanted(self, contact: Contact) -> dict[str, bytes]:
        """Return the hashes of the fields that a contact sends, by API path."""
        return {path: self._hash(value) for path, value in self.form.sent(contact).items()}

    def held(self, digest: ContactDigest) -> dict[str, bytes]:
        """Return the hashes of the fields that the account has, by API path."""
        places = ((path, place * HASH_BYTES) for place, path in enumerate(self.form.paths))
        return {path: digest.fields[place : place + HASH_BYTES] for path, place in places}

    def edited(self, contact: Contact, digest: ContactDigest, home: KnownHome | None) -> frozenset[str]:
        """Return the API paths of the fields that are left as somebody has edited them in the account.

        Args:
            contact: what a row sends.
            digest: the contact that it is compared with.
            home: what is known of the row.
        """
        wanted = self._policed(contact)
        return self._values_of(digest, home).edited(wanted, self.held(digest)) if wanted else frozenset()

    def acknowledged(self, contact: Contact, digest: ContactDigest, home: KnownHome | None) -> bytes | None:
        """Return what is kept of a contact, as `AcknowledgedValues` has it, where it needs no call; see `edited`."""
        wanted = self._policed(contact)
        held = self.held(digest) if wanted else {}
        return self._values_of(digest, home).updated(
            {path: each for path, each in wanted.items() if held[path] == each}
        )

    def _policed(self, contact: Contact) -> dict[str, bytes]:
        """Return the hashes of the fields that a contact sends unless they were edited."""
        if not contact.if_unedited:
            return {}
        return {path: each for path, each in self.wanted(contact).items() if path in contact.if_unedited}

    def _values_of(self, digest: ContactDigest, home: KnownHome | None) -> AcknowledgedValues:
        """Return what is known of a contact; of another one than the row lives on, that is nothing."""
        stored = home.acknowledged_values if home and home.contact_id == digest.contact_id else None
        return AcknowledgedValues(digest.contact_id, self.hasher.key, stored)

    def _hash(self, normal: str | None) -> bytes:
        return hash_of_normal(normal, self.hasher.key)


@dataclass
class AccountReading:
    """Reads all contacts of an account into a store; a reading that was interrupted goes on where it was.

    While a page is hashed and stored, in a thread of its own, the next one is on its way.

    Attributes:
        store: where to.
        digester: what is kept of a contact.
        on_page: is called with the number of contacts that were read so far.
        contacts: how many contacts were read.
        page_size: the most contacts of the next page.
        shown: the names that any contact showed. A field that none showed may be one that a search does not return.
        ended: whether the account was read to its end.
    """

    store: SnapshotStore
    digester: ContactDigester
    on_page: Callable[[int], None] = lambda _: None
    contacts: int = 0
    page_size: int = 500
    shown: set[str] = field(default_factory=set, repr=False)
    ended: bool = False
    _after: list[JsonValue] | None = None

    async def read(self, search: ContactSearch) -> None:
        """Read what is left.

        Raises:
            UnavailableError: the account does not say where its next page begins.
            LeadwayError: as search and store raise. A further call goes on behind the pages that were stored.
        """
        page = await self._page(search, self._after)
        while page:
            after = self._end_of(page)
            storing = asyncio.create_task(asyncio.to_thread(self._keep, page))
            reading = asyncio.ensure_future(self._page(search, after))
            # Both are awaited however one of them ends: what is stored counts as read, and nothing else does.
            stored, following = await asyncio.gather(storing, reading, return_exceptions=True)
            if isinstance(stored, BaseException):
                raise stored
            self._after, self.contacts = after, self.contacts + len(page)
            self.on_page(self.contacts)
            if isinstance(following, BaseException):
                raise following
            page = following
        self.ended = True

    async def _page(self, search: ContactSearch, after: list[JsonValue] | None) -> Sequence[FoundContact]:
        """Return the next page; an answer that can't be read may have been too large, so the pages get smaller."""
        while True:
            try:
                return await search.search_contacts(after, self.page_size)
            except UnavailableError as error:
                if not error.is_unreadable or self.page_size <= _SMALLEST_PAGE:
                    raise
            self.page_size //= 2

    def _end_of(self, page: Sequence[FoundContact]) -> list[JsonValue]:
        after = page[-1].fields.get("searchAfter")
        if not isinstance(after, list) or not after or after == self._after:
            raise UnavailableError(
                f"POST /contacts/search: after {counted(self.contacts, 'contact')} an answer does not say where the "
                "next page begins, so the account can't be read to its end and nothing is concluded from it.",
                call="POST /contacts/search",
                maybe_received=False,
            )
        return after

    def _keep(self, page: Sequence[FoundContact]) -> None:
        for contact in page:
            self.shown.update(contact.fields)
        self.store.add([self.digester.digest(contact.id, contact.fields) for contact in page])
