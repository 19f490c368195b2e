"""How a row is written that takes its contact back to what it was before a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.sync.identities import IDENTITIES
from leadway_provider.sync.records import Blocker, OutboxRow
from leadway_provider.sync.revert import left_alone
from leadway_provider.sync.skipped import SkippedError, contact_not_found
from leadway_provider.sync.writer import ContactWriter
from leadway_provider.sync.written import Written


async def _nothing(_contact_id: str, _fields: Mapping[str, JsonValue]) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class RestoringWriter(ContactWriter):
    """Writes to the contact of a row by its id, and to no other one: a contact that is gone is not made again.

    Each contact is looked up once more, as hours may have passed since the way back was planned.

    Attributes:
        edited_since: returns the API paths of the fields that somebody has changed since the run, of a contact with
            these fields.
    """

    edited_since: Callable[[str, Mapping[str, JsonValue]], Awaitable[Collection[str]]] = _nothing

    async def write(self, row: OutboxRow, kept: Sequence[Blocker] = ()) -> Written:
        """Write a row, without what somebody has edited.

        Raises:
            SkippedError: the contact is gone, or all of it was edited.
            LeadwayError: as the account raises.
        """
        contact_id = row.contact.contact_id or ""
        try:
            current = (await self.sink.get_contact(contact_id)).fields
        except ContactNotFoundError:
            raise SkippedError((contact_not_found(),)) from None
        # The delivery itself has taken an e-mail or phone from a contact that must give it up to another one first.
        edited = [
            path for path in await self.edited_since(contact_id, current) if path not in IDENTITIES or current.get(path)
        ]
        remarks = tuple(reason(path, "edited_in_crm") for path in edited)
        contact = left_alone(row.contact, edited)
        if not contact.fields:
            raise SkippedError(remarks)
        written = await ContactWriter.write(self, replace(row, contact=contact), kept)
        return replace(written, remarks=(*written.remarks, *remarks))

    def _check_identities(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> None:
        """Do nothing: no contact is matched."""

    async def _write_anew(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> Written:  # noqa: ARG002 - as the base class has it
        """Write nothing, since the contact is gone.

        Raises:
            SkippedError: always.
        """
        raise SkippedError((contact_not_found(),))
