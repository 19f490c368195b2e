"""The rows that pass between plan, outbox, delivery and state store, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.sync.outcome import RowState

Identity: TypeAlias = Literal["email", "phone"]
"""A field that the account matches contacts by."""


class PlannedRow(NamedTuple):
    """A changed row that is to be sent.

    Attributes:
        row_id: the row's, in the state store.
        source_key: the row's.
        fingerprint: kept when the CRM has acknowledged the row.
        contact: what is sent.
        lanes: calls that share a lane keep their order.
        claimed: the hashes of the identities that it sends, and no other contact of the sync may have.
        refusals: how many runs the API refused exactly this.
        in_crm: the hashes of the identities that the account was found to have on the row's contact; None where it was
            not looked at.
    """

    row_id: int
    source_key: str
    fingerprint: bytes
    contact: Contact
    lanes: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    refusals: int = 0
    in_crm: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A row that is not sent.

    Attributes:
        row_id: the row's, in the state store.
        source_key: the row's.
        outcome: invalid, superseded, skipped, refused too often before, or unchanged where the row changed and the
            contact that it becomes did not.
        reasons: why.
        fingerprint: what an unchanged row has from the seal on.
        contact_id: the contact that an unchanged row lives on from the seal on, where the account was found to have all
            of it already; None where it lives where it did.
        in_crm: the hashes of the identities that the account was found to have on the contact; None where nothing new
            was found.
        acknowledged_values: what the contact was found to hold, as `AcknowledgedValues` has it; None where nothing new
            was found.
    """

    row_id: int
    source_key: str
    outcome: RowState
    reasons: tuple[Reason, ...] = ()
    fingerprint: bytes | None = None
    contact_id: str | None = None
    in_crm: frozenset[str] | None = None
    acknowledged_values: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the API refused of a row, in how many runs, and why."""

    fingerprint: bytes
    runs: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Blocker:
    """Another row of the sync on whose contact the CRM still has an identity that a row wants to send.

    Attributes:
        row_id: the other row's, in the state store.
        contact_id: the other row's contact; empty where a call without an answer may have created it.
        identity: the hash of the e-mail or phone.
        is_pending: whether the other row is in the outbox, so that its delivery may free the identity. Otherwise the
            other row does not have the identity any more, and its contact is made to give it up.
        is_acknowledged: whether an answer showed the identity on the contact. Otherwise a call without an answer may
            have written it there, which is looked up before it is given up.
    """

    row_id: int
    contact_id: str
    identity: str
    is_pending: bool
    is_acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A planned row that the CRM has not acknowledged yet.

    Attributes:
        position: follows the source's order.
        row_id: the row's, in the state store.
        source_key: the row's.
        fingerprint: kept when the CRM has acknowledged the row.
        contact: what is sent.
        lanes: calls that share a lane keep their order.
        claimed: the hashes of the identities that it sends, and that the account matches contacts by.
        sent_at: when exactly this was marked as sent, by an earlier attempt or run that never got the answer.
        contact_id: the contact that the row is written to, or None where the account has to match one.
        lives_on: the contact that the row lives on. It is matched anew where another row was there first.
        blockers: rows whose contacts still have an identity that this row sends.
        former: what earlier runs may have sent instead, without an answer, oldest first; only for a row that no longer
            sends all of these identities. Such a call may have created a contact, if the row lived on none, or if its
            contact was gone.
        known_since: when the row was first read; a contact that is older was not created for it.
        takes_over: the contact of a departed row that the account will match for this row, or None.
        left_behind: what the contact to be taken over, or the one that the row shares with another row, has of it.
            It is given up there if the account matches another contact.
        comes_last: whether it is sent when every worker is done, because it may touch a contact of another one's part.
        acknowledged_values: what the contact that it lives on held when it was last written; see `AcknowledgedValues`.
    """

    position: int
    row_id: int
    source_key: str
    fingerprint: bytes
    contact: Contact
    lanes: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    sent_at: datetime | None = None
    contact_id: str | None = None
    lives_on: str | None = None
    blockers: tuple[Blocker, ...] = ()
    former: tuple[Contact, ...] = ()
    known_since: datetime | None = None
    takes_over: str | None = None
    left_behind: tuple[Blocker, ...] = ()
    comes_last: bool = False
    acknowledged_values: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the CRM made of an outbox row; its outcome is created, updated, skipped, refused or unknown.

    Attributes:
        row: the row.
        outcome: what became of it.
        contact_id: the contact that it lives on now, as far as is known.
        trace_id: the CRM's id of the call.
        status: the HTTP status of the answer, or None where no answer came.
        reasons: why it was skipped, was refused or is unknown.
        not_kept: the fields that the answer shows otherwise.
        remarks: what else happened to the row: an identity was taken, its contact was gone.
        in_crm: the hashes of the identities that the CRM has on the contact, as the answer shows them.
        plan_again: whether the row counts as changed when a later run reads it. The account matched a contact to which
            another call may have written at the same time, so that the answer may not be what the contact has now.
        denied: what the contacts of other rows kept, so that the row was written without it.
        maybe_written: whether the contact of a refused row may have been written, because no answer could be read.
        was_marked: whether this delivery may have marked the row as sent.
        left_out: the API paths of the fields that write policies have left to the CRM.
        acknowledged_values: what the answer shows of the contact's fields, as `AcknowledgedValues` has it.
    """

    row: OutboxRow
    outcome: RowState
    contact_id: str | None = None
    trace_id: str | None = None
    status: int | None = None
    reasons: tuple[Reason, ...] = ()
    not_kept: tuple[Reason, ...] = ()
    remarks: tuple[Reason, ...] = ()
    in_crm: frozenset[str] = frozenset()
    plan_again: bool = False
    denied: tuple[Blocker, ...] = ()
    maybe_written: bool = False
    was_marked: bool = False
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    acknowledged_values: bytes | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> bytes | None:
        """What the row keeps from now on; None where it counts as changed."""
        return self.row.fingerprint if self.outcome.is_accepted and not self.plan_again else None


@dataclass(frozen=True, slots=True)
class DepartedRow:
    """A row that is no longer in the source, as the outbox has it; `position` gives their order.

    Attributes:
        contact_id: the contact that it is on.
        shared: whether a row that has not departed is on that contact too.
    """

    position: int
    row_id: int
    source_key: str
    contact_id: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a departed row.

    Attributes:
        departed: the row.
        contact_missing: whether its contact is known to exist no longer.
        reasons: why the API refused; without any, the row is done.
    """

    departed: DepartedRow
    contact_missing: bool = False
    reasons: tuple[Reason, ...] = ()
