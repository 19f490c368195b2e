"""What plan and deliver ask of the state store and of the API; `store` and `api` implement it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.sync.claims import Claim, Holder, Waiting
from leadway_provider.sync.outcome import Counts, Outcome


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A changed row that shall be sent; calls that share a lane keep their order."""

    source_key: str
    fingerprint: bytes
    contact: Contact
    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A changed row that is not sent: invalid or superseded."""

    source_key: str
    outcome: Outcome
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A planned row that the CRM has not acknowledged yet.

    Attributes:
        position: follows the source's order.
        row_id: the row's.
        source_key: the row's.
        fingerprint: kept when the CRM has acknowledged the row.
        contact: what is sent.
        lanes: calls that share a lane keep their order.
        sent_at: when just this was marked as sent, by an earlier attempt or run that never learned what came of it.
    """

    position: int
    row_id: int
    source_key: str
    fingerprint: bytes
    contact: Contact
    lanes: tuple[str, ...] = ()
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the CRM made of an outbox row; its outcome is created, updated, refused or unknown.

    `status` is the HTTP status of the answer that tells so, and None where none came.
    """

    row: OutboxRow
    outcome: Outcome
    contact_id: str | None = None
    trace_id: str | None = None
    status: int | None = None
    reasons: tuple[Reason, ...] = ()
    not_kept: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaver:
    """A row that left the source, noted in the outbox; `position` tells their order.

    Attributes:
        contact_id: the contact that it stands on.
        shared: whether a row that has not left stands on that contact too.
    """

    position: int
    row_id: int
    source_key: str
    contact_id: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a row that left.

    Attributes:
        leaver: the row.
        contact_gone: whether its contact is known to exist no longer.
        reasons: why the API refused; without any the row is done.
    """

    leaver: Leaver
    contact_gone: bool = False
    reasons: tuple[Reason, ...] = ()


class PlanStore(Protocol):
    """One run's plan. Each call commits by itself; a plan that is not sealed counts for nothing."""

    def known(self, keys: Sequence[str]) -> Mapping[str, tuple[int, bytes | None]]:
        """Row id and acknowledged fingerprint (None: nothing acknowledged) of those keys that have a row."""
        ...

    def enroll(self, keys: Sequence[str]) -> Mapping[str, int]:
        """The row id of each key; a key that has none gets one."""
        ...

    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> Mapping[str, int]:
        """Put rows into the outbox in this order, where they wait for the seal; tells the row id of each key."""
        ...

    def retract(self, row_ids: Sequence[int]) -> Mapping[int, Outcome]:
        """Take back what this run planned for rows whose key came again.

        Tells for each what it had been: pending, invalid, superseded, or unchanged.
        """
        ...

    def seal(self, counts: Counts) -> None:
        """End the plan: keep the counts and the outcomes of settled rows, and forget what is no longer certain.

        From here on a call may reach the CRM without its answer reaching us, so every row of the outbox loses its
        acknowledged fingerprint. A settled row loses it too: what the CRM holds is not what the source says. Then only
        what shall be sent is left in the outbox, `counts.pending` rows, and those that left the source.
        """
        ...


class ClaimStore(Protocol):
    """Who holds which identity in one sync. Each call commits by itself; a claim says nothing of what the CRM holds."""

    def claims_of(self, row_ids: Collection[int]) -> Sequence[Claim]:
        """All claims of these rows."""
        ...

    def holders(self, identities: Collection[str]) -> Mapping[str, Holder]:
        """Who holds those of these identities that are held."""
        ...

    def reclaim(self, dropped: Sequence[Claim], made: Sequence[Claim]) -> None:
        """Take claims back, and record new or changed ones."""
        ...

    def disinherit(self, ended: Sequence[Claim]) -> None:
        """Take claims from absent rows, which count as changed should they come back."""
        ...

    def waiting(self) -> Iterable[Waiting]:
        """Every claim that waits, with who holds the identity: by identity, and those known longest first."""
        ...


class DeliveryStore(Protocol):
    """One run's outbox. Each call commits by itself."""

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """The next rows behind that position, in order."""
        ...

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """Remember, before a call leaves that must not be sent twice, that it may have; None: it certainly has not."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Take rows out of the outbox with their outcome, in one transaction with the counts.

        Created and updated rows keep their fingerprint; refused and unknown ones keep none. All but the unknown ones
        lose the mark that they were sent. Two keys on one contact id are found here and counted as collisions.
        """
        ...


class LeaverStore(Protocol):
    """Which rows of one sync left, as its run's plan finds out. Each call commits by itself."""

    def holding(self) -> int:
        """How many rows of the sync hold a contact, without those that have left before."""
        ...

    def holders(self) -> Iterable[Sequence[int]]:
        """The ids of these rows, in parts."""
        ...

    def leavers(self, row_ids: Sequence[int], *, only_made: bool) -> Mapping[int, str]:
        """The source key of each of these rows; `only_made` leaves out those whose contact the sync did not create."""
        ...

    def note(self, row_ids: Collection[int]) -> None:
        """Put rows that left into the outbox, where they wait for the seal and for `RemovalStore`."""
        ...


class RemovalStore(Protocol):
    """The rows of one run's outbox that left. Each call commits by itself."""

    def leaving(self, after: int, limit: int) -> Sequence[Leaver]:
        """The next ones behind that position, in order, as things stand now."""
        ...

    def acknowledge(self, removals: Sequence[Removal]) -> None:
        """Take them out of the outbox, in one transaction with the counts.

        A row that is done has no claims any more, and no fingerprint: should it come back, it is sent. A row that the
        API refused keeps the reasons.
        """
        ...


class UpsertEcho(Protocol):
    """The CRM's answer to an upsert."""

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
    def wire(self) -> Mapping[str, JsonValue]:
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

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        """The contact that the account would match by these, or None; raises as `upsert_contact` does."""
        ...

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsEcho:
        """Add the same tags to contacts, or remove them, in one call; raises as `upsert_contact` does."""
        ...

    async def delete_contact(self, contact_id: str) -> None:
        """Delete a contact; one that is not there is refused. Raises as `upsert_contact` does."""
        ...
