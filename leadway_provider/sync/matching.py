"""How a row is written where `on_match` leaves contacts that exist, or contacts that do not exist, alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.reasons import reason
from leadway_provider.exceptions import ContactNotFoundError, IdentityTakenError, LeadwayError, UnavailableError
from leadway_provider.policies import OnMatch
from leadway_provider.sync.lost import created_contact, find_created, recover
from leadway_provider.sync.ports import UpsertEcho
from leadway_provider.sync.records import Blocker, OutboxRow
from leadway_provider.sync.skipped import SkippedError, contact_exists, contact_not_found
from leadway_provider.sync.writer import ContactWriter
from leadway_provider.sync.written import Written


@dataclass(frozen=True, slots=True)
class UpdatingWriter(ContactWriter):
    """Writes rows to contacts that exist, always by their ids, so that no call can create a contact.

    A row without a known contact is looked up by its e-mail and phone. The search lags behind by up to a minute
    (observed): a contact that was added just now is found by the next run.
    """

    async def placed(self, row: OutboxRow) -> OutboxRow:
        """Return the row with the contact that the account matches, where none is known.

        Raises:
            SkippedError: the account has none, or only one that another row of the sync lives on.
        """
        if row.contact.contact_id or row.contact_id:
            return row
        contact_id = await self._created_before(row) or await self._matched(row, row.contact)
        return replace(row, contact_id=contact_id)

    async def free(self, row: OutboxRow, blockers: Sequence[Blocker]) -> list[Blocker]:
        """See `ContactWriter.free`; the contact that the row is written to keeps what it has."""
        others = [each for each in (*blockers, *row.left_behind) if each.contact_id != row.contact_id]
        return await ContactWriter.free(self, row, others)

    def _check_identities(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> None:
        """Do nothing: without an identity, no contact is found, and the row is skipped."""

    async def _update_company(
        self,
        echo: UpsertEcho,
        contact: Contact,  # noqa: ARG002 - as the base class has it
        differences: tuple[Reason, ...],
    ) -> tuple[UpsertEcho, tuple[Reason, ...]]:
        """Write no company name, also not one that a run without `update_only` has left in the outbox.

        Only an upsert writes it, and that creates a contact where this one has been deleted since the answer.
        """
        others = tuple(each for each in differences if each.field != "companyName")
        return echo, (*others, reason("companyName", "company_name_not_updated"))

    async def _write_anew(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> Written:
        """Write to the contact that the account matches for a row whose contact is gone.

        Raises:
            SkippedError: the account has none.
        """
        contact_id = await self._matched(row, contact)
        try:
            said = (*remarks, reason("", "contact_moved"))
            return replace(await self._write_to_found(row, contact_id, contact, said), is_new=False)
        except ContactNotFoundError:  # the search still shows a contact that is gone
            raise SkippedError((contact_not_found(),)) from None

    async def _matched(self, row: OutboxRow, contact: Contact) -> str:
        """Return the contact that the account matches, if it is not the one of a row that gives its identity up."""
        identities = contact.identities
        found = None
        if identities:
            found = await self.sink.find_duplicate(email=identities.get("email"), phone=identities.get("phone"))
        if found is None or found.id in {blocker.contact_id for blocker in row.blockers}:
            raise SkippedError((contact_not_found(found.id if found else None),))
        return found.id


@dataclass(frozen=True, slots=True)
class CreatingWriter(ContactWriter):
    """Creates contacts, and changes none that exists.

    A row's contact is looked up first, and then created by a call that can't update one.
    """

    async def placed(self, row: OutboxRow) -> OutboxRow:
        """Return the row.

        Raises:
            SkippedError: it lives on a contact, or names one, that exists.
        """
        known = row.contact.contact_id or row.contact_id or row.lives_on
        if known:
            with suppress(ContactNotFoundError):
                raise SkippedError((contact_exists((await self.sink.get_contact(known)).id),))
        return row

    async def free(self, row: OutboxRow, blockers: Sequence[Blocker]) -> list[Blocker]:  # noqa: ARG002 - as the base class has it
        """Return nothing, and change no contact: a row whose e-mail or phone another one has is skipped."""
        return []

    async def write(self, row: OutboxRow, kept: Sequence[Blocker] = ()) -> Written:  # noqa: ARG002 - the same
        """Create the contact of a row.

        Raises:
            SkippedError: the account has a contact with the e-mail or phone, or one that a call without an answer may
                have created for what the row was before.
            NoIdentityError, UnsureError, LeadwayError: as `ContactWriter.write` raises.
        """
        contact = replace(row.contact, differing=None)
        self._check_identities(row, contact, ())
        if contact_id := await self._created_before(row):
            raise SkippedError((contact_exists(contact_id),))
        echo = await self._create(row, contact)
        remarks = (reason("", "contact_recreated"),) if contact.contact_id or row.contact_id else ()
        written = self._written(echo, True, not_kept(contact.fields, echo.kept, new=True), remarks)  # noqa: FBT003 - the second is whether it is new
        return replace(written, was_marked=True)

    async def _create(self, row: OutboxRow, contact: Contact) -> UpsertEcho:
        """Create the contact, unless the account has one; the call is marked before, as it must not be repeated."""
        if row.sent_at is not None:
            made = await find_created(self.sink, contact, since=row.known_since, until=self.began_at, clock=self.clock)
            if made is not None:
                return await created_contact(self.sink, made)
        identities = contact.identities
        found = await self.sink.find_duplicate(email=identities.get("email"), phone=identities.get("phone"))
        if found is not None:
            raise SkippedError((contact_exists(found.id),))
        sent_at = self.clock.now()
        await self.mark_sent(row, sent_at)
        try:
            return await self.sink.create_contact(contact.fields)
        except LeadwayError as error:
            if not (isinstance(error, UnavailableError) and error.maybe_received):
                await self.mark_sent(row, None)
                if isinstance(error, IdentityTakenError):
                    raise SkippedError((contact_exists(error.contact_id),)) from None
                raise
        return await recover(self.sink, contact, send=self.sink.create_contact, sent_at=sent_at, sleep=self.clock.sleep)


WRITERS: Final[Mapping[OnMatch, type[ContactWriter]]] = {
    "upsert": ContactWriter,
    "update_only": UpdatingWriter,
    "create_only": CreatingWriter,
}
"""What writes the rows of a delivery."""
