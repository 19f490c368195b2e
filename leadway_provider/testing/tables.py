"""What the state store keeps in SQL tables, as plain dictionaries: rows, claims, the outbox and the plans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from leadway_provider.clock import utc_now
from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.seen import is_set

ClaimKey: TypeAlias = tuple[str, int]
"""The hash of an identity, and a row's id."""


@dataclass
class MemoryRow:
    """What is known of one source row.

    Attributes:
        row_id: its id, which is never used twice.
        source_key: its key.
        created_in: the run that read it first, until the plan of a run that has it is sealed.
        created_at: when the row was read first.
        fingerprint: what the CRM acknowledged last; None where the row counts as changed.
        contact_id: the contact that it lives on.
        state: what became of it last.
        reasons: why, where it was not accepted.
        remarks: what else happened to it, and which values the CRM did not keep.
        created_by_sync: whether this sync created the contact.
        sent: what a call without an answer may have carried, and when: until its end is known, for a call that must not
            be repeated, and otherwise until the row is accepted.
        in_crm: the hashes of the identities that the CRM has on the contact, as last acknowledged.
        collides_with: another row on the same contact, by id.
        acknowledged_values: what the CRM held in fields that are written unless edited; see `AcknowledgedValues`.
        accepted_in: the run whose workers last sent it, where the CRM accepted it.
        changed_at: when any of this changed last, by a plan that counts or an answer.
    """

    row_id: int
    source_key: str
    created_in: str
    created_at: datetime
    fingerprint: bytes | None = None
    contact_id: str | None = None
    state: RowState = RowState.PENDING
    reasons: tuple[Reason, ...] = ()
    remarks: tuple[Reason, ...] = ()
    created_by_sync: bool = False
    sent: tuple[bytes, datetime] | None = None
    in_crm: frozenset[str] = frozenset()
    collides_with: int | None = None
    acknowledged_values: bytes | None = field(default=None, repr=False)
    accepted_in: str = field(default="", repr=False)
    changed_at: datetime | None = None

    @property
    def has_contact(self) -> bool:
        """Whether the row has a contact, and did not depart before."""
        return self.contact_id is not None and self.state is not RowState.REMOVED


@dataclass
class MemoryEntry:
    """A row in the outbox.

    Attributes:
        position: its place; positions only grow.
        run_id: the run that delivers it, or that left it.
        row_id: the row.
        state: `pending`, `refused` or `departed`; while its plan is not sealed, also what the plan settled.
        fingerprint: kept when the CRM has acknowledged the row.
        contact: what is sent.
        lanes: calls that share a lane keep their order.
        claimed: the hashes of the identities that it sends, and no other contact of the sync may have.
        reasons: why the plan settled it, or why the API refused it.
        refusals: in how many runs the API refused it.
        carried: whether an earlier run had left it.
        contact_id: the contact that an unchanged row lives on from the seal on; None where that stays as it is.
        in_crm: the hashes of the identities that the account was found to have on the contact; None where nothing new
            was found.
        acknowledged_values: the same of what the contact holds; see `AcknowledgedValues`.
        is_former: whether a newer plan has something else for the row, so that this is not sent any more. It is kept,
            because it may have been sent, until the row is accepted; where the row has departed, while another row
            sends what its contact may have got.
        part: the part of a split outbox that it was moved to; None where its position says the part.
    """

    position: int
    run_id: str
    row_id: int
    state: RowState
    fingerprint: bytes | None = None
    contact: Contact | None = None
    lanes: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    refusals: int = 0
    carried: bool = False
    contact_id: str | None = None
    in_crm: frozenset[str] | None = None
    acknowledged_values: bytes | None = field(default=None, repr=False)
    is_former: bool = False
    part: int | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is to be sent."""
        return self.state is RowState.PENDING and not self.is_former


@dataclass
class MemoryPlan:
    """What one run planned.

    Attributes:
        run_id: the run.
        task_run: the task run, whose retries continue with the run.
        digest: stands for what was asked for; an attempt with another digest plans anew.
        origin: names source connection and key; what another origin left is dropped.
        attempt: 1 for the run's first attempt.
        status: `planning`, `delivering`, `finished`, `abandoned` or `dry_run`.
        is_sealed: whether the plan is complete and counts.
        claims: the claims that the plan changes; None where it ends one.
        replan: rows that count as changed when a later run reads them.
        counts: how many rows ended how.
        seen: one bit for each row id that was read, once the plan has ended.
        is_whole: whether the plan read the whole source.
        retry_refused: a row that the API refused in so many runs waits until it changes.
        is_split: whether the outbox was split into parts, for several workers.
    """

    run_id: str
    task_run: str
    digest: bytes
    origin: str
    attempt: int = 1
    status: str = "planning"
    is_sealed: bool = False
    claims: dict[ClaimKey, ClaimKind | None] = field(default_factory=dict)
    replan: set[int] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)
    seen: bytes = b""
    is_whole: bool = True
    retry_refused: int = 5
    is_split: bool = False

    def was_read(self, row_id: int) -> bool:
        """Return whether the plan read the row."""
        return is_set(self.seen, row_id)

    def is_present(self, row_id: int) -> bool:
        """Return whether the source has the row, as far as the plan shows."""
        return not self.is_whole or self.was_read(row_id)


@dataclass
class MemoryTables:
    """The tables of one sync.

    Attributes:
        rows: what is known of source rows, by row id.
        claims: who holds, retains or waits for which identity.
        outbox: what is to be delivered, by position.
        plans: the runs, by id.
        now: returns the present.
    """

    rows: dict[int, MemoryRow] = field(default_factory=dict)
    claims: dict[ClaimKey, ClaimKind] = field(default_factory=dict)
    outbox: dict[int, MemoryEntry] = field(default_factory=dict)
    plans: dict[str, MemoryPlan] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now
    _ids: dict[str, int] = field(default_factory=dict)
    _last_row: int = 0
    _last_position: int = 0

    def row_of(self, source_key: str) -> MemoryRow | None:
        """Return what is known of a source key."""
        return self.rows.get(self._ids.get(source_key, 0))

    def add_row(self, source_key: str, run_id: str) -> MemoryRow:
        """Give a new source key a row."""
        self._last_row += 1
        self._ids[source_key] = self._last_row
        row = self.rows[self._last_row] = MemoryRow(self._last_row, source_key, run_id, self.now())
        return row

    def add_entry(self, run_id: str, row_id: int, state: RowState) -> MemoryEntry:
        """Put a row into the outbox."""
        self._last_position += 1
        entry = self.outbox[self._last_position] = MemoryEntry(self._last_position, run_id, row_id, state)
        return entry

    def entries_of(self, plan: MemoryPlan) -> Iterator[MemoryEntry]:
        """Return what the outbox has of a run, in order."""
        return iter([entry for entry in self.outbox.values() if entry.run_id == plan.run_id])

    def entries_before(self, plan: MemoryPlan) -> Iterator[MemoryEntry]:
        """Return what earlier runs left in the outbox, in order."""
        return iter([entry for entry in self.outbox.values() if entry.run_id != plan.run_id])

    def drop_former(self, row_id: int) -> None:
        """Delete what earlier runs may have sent for a row, since its contact is known now."""
        for entry in [each for each in self.outbox.values() if each.row_id == row_id and each.is_former]:
            del self.outbox[entry.position]

    def may_have(self) -> dict[int, frozenset[str]]:
        """Return by row id the hashes of the identities that the CRM has on its contact, or may have without an answer.

        Rows without any are left out.
        """
        found = {row.row_id: row.in_crm for row in self.rows.values() if row.in_crm}
        for entry in self.outbox.values():
            if entry.is_former:
                found[entry.row_id] = found.get(entry.row_id, frozenset()).union(entry.claimed)
        return found

    def plan_what_was_denied(self, lost: Mapping[str, Collection[str]]) -> None:
        """Let rows count as changed that hold, and did not get, an identity which another contact has lost.

        Args:
            lost: the hashes of the identities that contacts have lost, by contact id.
        """
        for (identity, row_id), kind in self.claims.items():
            row = self.rows[row_id]
            of_others = any(identity in lost[contact_id] for contact_id in lost.keys() - {row.contact_id})
            if kind is ClaimKind.HOLDS and of_others and identity not in row.in_crm:
                row.fingerprint = None

    def plan_what_was_overwritten(self, sent: MemoryEntry) -> None:
        """Let rows count as changed whose contacts may have got another row's values from a call without an answer.

        The account may have matched a contact that has an identity of the other row, beside those of its own row.
        """
        for row in self.rows.values():
            leftover = [
                name for name in row.in_crm if self.claims.get((name, row.row_id), ClaimKind.WAITS) is ClaimKind.WAITS
            ]
            if row.row_id != sent.row_id and set(leftover).intersection(sent.claimed):
                row.fingerprint = None

    def claims_in(self, plan: MemoryPlan) -> dict[ClaimKey, ClaimKind]:
        """Return the claims as a plan leaves them."""
        return {claim: kind for claim, kind in {**self.claims, **plan.claims}.items() if kind is not None}
