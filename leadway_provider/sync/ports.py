"""What plan and deliver ask of the state store and of the API; `store` and `api` implement it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.sync.claims import Claim, Holder, Waiting
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import (
    Blocker,
    Delivery,
    DepartedRow,
    OutboxRow,
    PlannedRow,
    Refusal,
    Removal,
    SettledRow,
)


class PlanStore(Protocol):
    """One run's plan. Each call commits by itself; a plan that is not sealed counts for nothing."""

    @property
    def is_on_server(self) -> bool:
        """Whether `known` waits for a server, so that it may be called in a thread beside the plan's own calls."""
        ...

    def known(self, keys: Sequence[str]) -> Mapping[str, tuple[int, bytes | None]]:
        """Return row id and acknowledged fingerprint (None: nothing acknowledged) of those keys that have a row."""
        ...

    def ensure_rows(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Give each of these keys, which `known` did not return, a row, and return the row ids."""
        ...

    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> None:
        """Put rows into the outbox in this order, where they wait for the seal."""
        ...

    def count_with_contact(self) -> int:
        """Return how many rows of the sync have a contact, without those that have departed before."""
        ...

    def shared_contacts(self) -> Sequence[Mapping[int, bool]]:
        """Return for each contact that several rows live on, by row id: whether a call is planned for the row.

        It is planned by this run, or was by an earlier one, which has left it, so that this run carries it. That holds
        for what the API refused, too, until it was refused in too many runs.
        """
        ...

    def denied(self) -> Sequence[tuple[int, Mapping[int, bool]]]:
        """Return the rows that hold an e-mail or phone which the CRM has on other rows' contacts instead of theirs.

        With each go the other rows, by row id: whether a call is planned for the row, as `shared_contacts` has it.
        """
        ...

    def on_contacts(self, row_ids: Collection[int]) -> Collection[int]:
        """Return those of these rows that live on a contact, without those whose contact was removed."""
        ...

    def refusals(self, row_ids: Collection[int]) -> Mapping[int, Refusal]:
        """Return what the API refused of these rows in earlier runs, of those that it refused last."""
        ...

    def unplan(self, row_ids: Sequence[int]) -> Mapping[int, RowState]:
        """Take back what this run planned for rows whose key came again.

        Returns:
            What each had been: pending, invalid, superseded, or unchanged.
        """
        ...


class ClaimStore(Protocol):
    """Who holds which identity, as one run's plan leaves it. Each call commits by itself.

    What a plan changes is staged with its run: it counts for this plan at once, and for others from the seal on.
    """

    def claims_of(self, row_ids: Collection[int]) -> Sequence[Claim]:
        """Return all claims of these rows."""
        ...

    def holders(self, identities: Collection[str]) -> Mapping[str, Holder]:
        """Return who holds or retains those of these identities that have such a row."""
        ...

    def in_crm(self, row_ids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Return the identities that the CRM has, or may have, on the contacts of these rows; hashed.

        It has those that were last acknowledged. It may have those that a row sends which an earlier run left in the
        outbox.
        """
        ...

    def update_claims(self, dropped: Sequence[Claim], changed: Sequence[Claim]) -> None:
        """Delete claims, and store new or changed ones."""
        ...

    def plan_when_read(self, row_ids: Collection[int]) -> None:
        """Let these rows count as changed when a later run reads them."""
        ...

    def waiting(self) -> Iterable[Waiting]:
        """Return every claim that waits, by identity, and those known longest first."""
        ...


class DeliveryStore(Protocol):
    """One run's outbox. Each call commits by itself."""

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Return the next rows behind that position, in order.

        An earlier attempt may have sent them without getting the answer. Where the account may have matched the contact
        of another row, that row counts as changed when a later run reads it: its contact may have other values. The
        same holds for rows that an earlier run left.
        """
        ...

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """Store, before a call that must not be sent twice, that it may have been sent; None: it certainly was not."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Store the outcomes of rows, in one transaction with the counts.

        Created and updated rows keep their fingerprint and leave the outbox, with what earlier runs may have sent for
        them; refused rows stay in it for later runs, and unknown rows keep no fingerprint. All but the unknown ones
        lose the mark that they were sent. But a refused row keeps it, or gets it, where an earlier attempt or run may
        have created a contact for it: when the row changes, this contact is looked up first.

        Rows on one contact are found here and counted as collisions, until only one is left there. Where a contact has
        lost an e-mail or phone, a row on another contact that holds it and did not get it counts as changed when a
        later run reads it, whether this row is acknowledged before, with, or after the contact's.
        """
        ...

    def cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        """Store that a contact does not have an identity any more, so that another row can take it.

        Trace id and status are those of the call that cleared it; None where the contact was found without it.
        """
        ...


class DepartedStore(Protocol):
    """Which rows of one sync departed, as its run's plan finds out. Each call commits by itself."""

    def with_contact(self) -> Iterable[Sequence[int]]:
        """Return the ids of the rows that have a contact, in parts, without those that have departed before."""
        ...

    def keys_of(self, row_ids: Sequence[int], *, only_created_by_sync: bool) -> Mapping[int, str]:
        """Return the source key of each of these rows, or only of those whose contact the sync created."""
        ...

    def plan_departed(self, row_ids: Collection[int]) -> None:
        """Put departed rows into the outbox, where they wait for the seal and for `RemovalStore`."""
        ...


class RemovalStore(Protocol):
    """The departed rows of one run's outbox. Each call commits by itself."""

    def departed(self, after: int, limit: int) -> Sequence[DepartedRow]:
        """Return the next ones behind that position, in order, as they are now."""
        ...

    def acknowledge(self, removals: Sequence[Removal]) -> None:
        """Take them out of the outbox, in one transaction with the counts.

        A row that is done has no claims any more, and no fingerprint: should it come back, it is sent. A row that the
        API refused keeps the reasons.
        """
        ...


class UpsertEcho(Protocol):
    """The CRM's answer to a call that wrote a contact."""

    @property
    def new(self) -> bool:
        """Whether the CRM made a new contact."""
        ...

    @property
    def contact_id(self) -> str:
        """The id of the contact that was written."""
        ...

    @property
    def trace_id(self) -> str | None:
        """The CRM's id of the call."""
        ...

    @property
    def status(self) -> int | None:
        """The HTTP status; None where the answer was lost and the contact was found by looking it up."""
        ...

    @property
    def kept(self) -> Mapping[str, JsonValue]:
        """The contact as the answer shows it, in the API's names."""
        ...


class ContactView(Protocol):
    """A contact as the account holds it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def fields(self) -> Mapping[str, JsonValue]:
        """Its fields, in the API's names."""
        ...


class TagsItem(Protocol):
    """What became of one contact's tags."""

    @property
    def contact_id(self) -> str:
        """The contact."""
        ...

    @property
    def ok(self) -> bool:
        """Whether its tags are now as asked."""
        ...

    @property
    def message(self) -> str | None:
        """What the API says of it."""
        ...


class TagsEcho(Protocol):
    """The CRM's answer to a change of tags."""

    @property
    def responses(self) -> Sequence[TagsItem]:
        """One for each contact."""
        ...


class ContactSink(Protocol):
    """The account that contacts are delivered to."""

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """Create or update one contact.

        Raises:
            RefusedError: the API refuses this contact.
            UnavailableError: the API could not be reached, or not be understood, for longer than retries last.
            ConfigurationError, QuotaExhaustedError: no further call makes sense now.
        """
        ...

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """Create one contact, and never change one that exists; the call must not be repeated.

        Raises:
            IdentityTakenError: the account allows no duplicates, and another contact has the e-mail or phone.
            LeadwayError: as `upsert_contact` does.
        """
        ...

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        """Write to one contact; `fields` must be what this call takes.

        Raises:
            ContactNotFoundError: the account has no such contact.
            IdentityTakenError: another contact has the e-mail or phone.
            LeadwayError: as `upsert_contact` does.
        """
        ...

    async def get_contact(self, contact_id: str) -> ContactView:
        """Return a contact.

        Raises:
            ContactNotFoundError: the account does not have this contact.
            LeadwayError: as `upsert_contact` does.
        """
        ...

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        """Return the contact that the account would match by these, or None; raises as `upsert_contact` does."""
        ...

    async def may_share_identities(self) -> bool:
        """Return whether two contacts of the account may have one e-mail or phone; raises as `upsert_contact` does.

        True where the account does not say it.
        """
        ...

    async def is_readable(self) -> bool:
        """Return True if the answer to a call that depends on no contact can be read now.

        Raises:
            ConfigurationError, QuotaExhaustedError: no further call makes sense now.
        """
        ...

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsEcho:
        """Add the same tags to contacts, or remove them, in one call; raises as `upsert_contact` does."""
        ...

    async def delete_contact(self, contact_id: str) -> None:
        """Delete a contact; one that is not there is refused. Raises as `upsert_contact` does."""
        ...
