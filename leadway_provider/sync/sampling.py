"""The contacts of a sample are read by their ids, and each is compared with what its row sends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.row import ContactMapping
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.ports import ContactView
from leadway_provider.sync.removal import without_departed_tags
from leadway_provider.sync.sample import RowSample, SampledRow, SampleFindings
from leadway_provider.sync.snapshot import ContactDigest, ContactDigester, SnapshotStore


class ContactReader(Protocol):
    """The account, as far as a contact can be read by its id."""

    async def get_contact(self, contact_id: str) -> ContactView:
        """See `ContactSink.get_contact`."""
        ...


class SampleReading:
    """Reads contacts by their ids, some at a time; a reading that was interrupted goes on where it was.

    Args:
        contact_ids: the contacts.
        digester: what is kept of each.
        max_in_flight: the most calls that wait for an answer at a time.

    Attributes:
        found: what was read, by id; None for a contact that does not exist.
    """

    def __init__(self, contact_ids: Collection[str], digester: ContactDigester, max_in_flight: int) -> None:
        self.found: dict[str, ContactDigest | None] = {}
        self._left = list(contact_ids)
        self._digester = digester
        self._max_in_flight = max_in_flight

    async def read(self, account: ContactReader) -> None:
        """Read what is left.

        Raises:
            LeadwayError: as the account raises, when all calls in flight have ended.
        """
        failures: list[BaseException] = []

        async def work() -> None:
            while self._left and not failures:
                contact_id = self._left.pop()
                try:
                    await self._read(account, contact_id)
                except BaseException as error:
                    self._left.append(contact_id)
                    failures.append(error)
                    raise

        await asyncio.gather(*[work() for _ in range(self._max_in_flight)], return_exceptions=True)
        if failures:
            raise failures[0]

    async def _read(self, account: ContactReader, contact_id: str) -> None:
        try:
            contact = await account.get_contact(contact_id)
        except ContactNotFoundError:
            self.found[contact_id] = None
        else:
            self.found[contact_id] = self._digester.digest(contact_id, contact.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleComparison:
    """Compares the rows of a sample with their contacts.

    Attributes:
        mapping: how a row becomes a contact.
        removal: what becomes of departed rows: a row that is sent loses their tags.
        store: knows where rows live.
        digester: hashes what rows send.
    """

    mapping: ContactMapping
    removal: RemovalPolicy
    store: SnapshotStore
    digester: ContactDigester

    def findings(self, sample: RowSample, found: Mapping[str, ContactDigest | None]) -> SampleFindings:
        """Return what the contacts say.

        A row counts neither way if its state has changed since it was chosen: its contact was written meanwhile.

        Args:
            sample: the rows.
            found: their contacts, by id; None for one that does not exist.

        Raises:
            StateUnavailableError: the state store can't be read.
        """
        differing = {
            row.row_id: self._differing(row, contact, found[row.contact_id])
            for row in sample.rows()
            if isinstance(contact := self.mapping.contact(row.values), Contact)
        }
        now = self.store.homes([row_id for row_id, paths in differing.items() if paths is None or paths])
        equal, missing = 0, 0
        drifted: list[frozenset[str]] = []
        for row in sample.rows():
            if row.row_id not in differing or now.get(row.row_id, row.home) != row.home:
                continue
            if (paths := differing[row.row_id]) is None:
                missing += 1
            elif paths:
                drifted.append(paths)
            else:
                equal += 1
        targets = self.mapping.targets
        by_field = Counter(targets.get(path, path) for paths in drifted for path in paths)
        return SampleFindings(
            population=sample.population,
            sampled=equal + missing + len(drifted),
            equal=equal,
            drifted=len(drifted),
            missing=missing,
            drifted_by_field=dict(sorted(by_field.items(), key=lambda each: (-each[1], each[0]))),
        )

    def _differing(self, row: SampledRow, contact: Contact, digest: ContactDigest | None) -> frozenset[str] | None:
        """Return the API paths of the fields that are not as acknowledged; None where the contact does not exist.

        What the contact did not keep when the row was last written is as acknowledged, and so is an e-mail or phone
        that it did not get, because another row holds it. What is left as somebody has edited it is no difference.
        """
        if digest is None:
            return None
        differing = self.digester.differences(without_departed_tags(self.removal, contact), digest)
        differing -= self.digester.edited(contact, digest, row.home)
        hasher, targets, home = self.digester.hasher, self.mapping.targets, row.home
        not_got = {name for name, value in contact.identities.items() if hasher.hash(name, value) not in home.in_crm}
        return frozenset(
            path for path in differing if path not in not_got and targets.get(path, path) not in home.not_kept
        )
