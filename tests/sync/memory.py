"""An account and a state store in memory, and a mapping, for the tests of plan and deliver."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from leadway_provider.contacts.contact import Contact, JsonValue, Reason, Rejection
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.exceptions import RefusedError
from leadway_provider.sync.claims import Claim, Holder, Waiting
from leadway_provider.sync.outcome import REMOVED, UNREMOVED, Counts, Outcome
from leadway_provider.sync.ports import Delivery, Leaver, OutboxRow, PlannedRow, Removal, SettledRow

INVALID = "not a contact"


@dataclass(frozen=True)
class Columns:
    """A mapping of rows (key, e-mail, phone), the phone if there is one; the e-mail INVALID makes a row invalid."""

    rules: ContactRules = field(default_factory=ContactRules)
    key_positions = (0,)
    digest = b"columns"

    def contact(self, row: Sequence[object]) -> Contact | Rejection:
        if row[1] == INVALID:
            return Rejection((Reason("email", "email_malformed", "It has no @."),))
        fields = zip(("email", "phone"), row[1:], strict=False)
        return Contact({name: str(value) for name, value in fields if value})


SEND_SHARED = Columns(ContactRules(on_shared_identity="send"))
"""The mapping that lets rows share e-mails and phones."""


@dataclass
class _Row:
    row_id: int
    fingerprint: bytes | None = None
    outcome: str = Outcome.PENDING
    contact_id: str | None = None
    made: bool = False
    sent: tuple[bytes, datetime] | None = None


@dataclass
class MemoryStore:
    """State of one sync; `start` begins its next run."""

    rows: dict[str, _Row] = field(default_factory=dict)
    pending: dict[int, OutboxRow] = field(default_factory=dict)
    settled: dict[int, SettledRow] = field(default_factory=dict)
    leaving: dict[int, int] = field(default_factory=dict)
    claimed: list[Claim] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    sealed: bool = False
    commits: list[list[Delivery]] = field(default_factory=list)
    _positions: int = 0

    def start(self) -> None:
        self.pending.clear()
        self.settled.clear()
        self.leaving.clear()
        self.counts, self.sealed = Counts(), False

    def known(self, keys: Sequence[str]) -> Mapping[str, tuple[int, bytes | None]]:
        return {key: (self.rows[key].row_id, self.rows[key].fingerprint) for key in keys if key in self.rows}

    def enroll(self, keys: Sequence[str]) -> Mapping[str, int]:
        return {key: self._row(key).row_id for key in keys}

    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> Mapping[str, int]:
        for row in planned:
            position, row_id = self.next_position(), self._row(row.source_key).row_id
            assert all(waiting.row_id != row_id for waiting in self.pending.values()), "one outbox row a key"
            self.pending[position] = OutboxRow(
                position, row_id, row.source_key, row.fingerprint, row.contact, row.lanes
            )
        for decided in settled:
            self.settled[self._row(decided.source_key).row_id] = decided
        return {row.source_key: self._row(row.source_key).row_id for rows in (planned, settled) for row in rows}

    def retract(self, row_ids: Sequence[int]) -> Mapping[int, Outcome]:
        found = dict.fromkeys(row_ids, Outcome.UNCHANGED)
        for position, waiting in list(self.pending.items()):
            if waiting.row_id in found:
                del self.pending[position]
                found[waiting.row_id] = Outcome.PENDING
        for row_id in found:
            if decided := self.settled.pop(row_id, None):
                found[row_id] = decided.outcome
        return found

    def seal(self, counts: Counts) -> None:
        assert counts.pending == len(self.pending)
        for decided in self.settled.values():
            row = self.rows[decided.source_key]
            row.fingerprint, row.outcome = None, decided.outcome
        for waiting in self.pending.values():
            self.rows[waiting.source_key].fingerprint = None
        for row in self.rows.values():
            if row.row_id in self.leaving.values():
                row.fingerprint = None
        self.counts, self.sealed = counts, True

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        found = [self.pending[position] for position in sorted(self.pending) if position > after][:limit]
        return [self._with_mark(row) for row in found]

    def _with_mark(self, row: OutboxRow) -> OutboxRow:
        fingerprint, sent_at = self.rows[row.source_key].sent or (None, None)
        return replace(row, sent_at=sent_at) if row.fingerprint == fingerprint else row

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        self.rows[row.source_key].sent = None if at is None else (row.fingerprint, at)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.commits.append(list(deliveries))
        for delivery in deliveries:
            del self.pending[delivery.row.position]
            row = self.rows[delivery.row.source_key]
            row.outcome = delivery.outcome
            kept = delivery.outcome in {Outcome.CREATED, Outcome.UPDATED}
            row.fingerprint = delivery.row.fingerprint if kept else None
            if delivery.outcome is not Outcome.UNKNOWN:
                row.sent = None
            if kept:
                same = row.contact_id == delivery.contact_id
                row.made = delivery.outcome is Outcome.CREATED or (same and row.made)
                row.contact_id = delivery.contact_id
            now = getattr(self.counts, delivery.outcome.value)
            self.counts = replace(self.counts, **{delivery.outcome.value: now + 1}, pending=self.counts.pending - 1)

    def claims_of(self, row_ids: Collection[int]) -> Sequence[Claim]:
        return [claim for claim in self.claimed if claim.row_id in row_ids]

    def holders(self, identities: Collection[str]) -> Mapping[str, Holder]:
        keys = {row.row_id: key for key, row in self.rows.items()}
        return {
            claim.identity: Holder(claim.row_id, keys[claim.row_id])
            for claim in self.claimed
            if claim.holds and claim.identity in identities
        }

    def reclaim(self, dropped: Sequence[Claim], made: Sequence[Claim]) -> None:
        gone = {(claim.identity, claim.row_id) for claim in (*dropped, *made)}
        self.claimed = [claim for claim in self.claimed if (claim.identity, claim.row_id) not in gone] + [*made]

    def disinherit(self, ended: Sequence[Claim]) -> None:
        self.reclaim(dropped=ended, made=[])
        for row in self.rows.values():
            if row.row_id in {claim.row_id for claim in ended}:
                row.fingerprint = None

    def waiting(self) -> Iterable[Waiting]:
        holders = {claim.identity: claim.row_id for claim in self.claimed if claim.holds}
        waiting = sorted((claim.identity, claim.row_id) for claim in self.claimed if not claim.holds)
        return [Waiting(identity, row_id, holders.get(identity)) for identity, row_id in waiting]

    def next_position(self) -> int:
        self._positions += 1
        return self._positions

    def _row(self, key: str) -> _Row:
        return self.rows.setdefault(key, _Row(row_id=len(self.rows) + 1))


@dataclass
class MemoryRemovals:
    """The rows of a store's run that left."""

    store: MemoryStore
    page: int = 2

    @property
    def _by_id(self) -> dict[int, tuple[str, _Row]]:
        return {row.row_id: (key, row) for key, row in self.store.rows.items()}

    def holding(self) -> int:
        return sum(len(part) for part in self.holders())

    def holders(self) -> Iterable[Sequence[int]]:
        rows = self.store.rows.values()
        found = [row.row_id for row in rows if row.contact_id is not None and row.outcome != REMOVED]
        return [found[start : start + self.page] for start in range(0, len(found), self.page)]

    def leavers(self, row_ids: Sequence[int], *, only_made: bool) -> Mapping[int, str]:
        made = {row.contact_id for row in self.store.rows.values() if row.made}
        found = {row_id: self._by_id[row_id] for row_id in row_ids}
        return {row_id: key for row_id, (key, row) in found.items() if not only_made or row.contact_id in made}

    def note(self, row_ids: Collection[int]) -> None:
        assert not self.store.sealed
        self.store.leaving |= {self.store.next_position(): row_id for row_id in row_ids}

    def leaving(self, after: int, limit: int) -> Sequence[Leaver]:
        assert self.store.sealed
        assert not self.store.pending, "rows that left come last"
        noted = self.store.leaving
        standing = {
            row.contact_id
            for row in self.store.rows.values()
            if row.outcome not in (REMOVED, UNREMOVED) and row.row_id not in noted.values()
        }
        rows = {position: self._by_id[row_id] for position, row_id in sorted(noted.items()) if position > after}
        return [
            Leaver(position, row.row_id, key, str(row.contact_id), row.contact_id in standing)
            for position, (key, row) in rows.items()
        ][:limit]

    def acknowledge(self, removals: Sequence[Removal]) -> None:
        for removal in removals:
            row = self.store.rows[removal.leaver.source_key]
            del self.store.leaving[removal.leaver.position]
            row.fingerprint, row.outcome = None, UNREMOVED if removal.reasons else REMOVED
            if removal.contact_gone:
                row.contact_id, row.made = None, False
            counts = self.store.counts
            if removal.reasons:
                self.store.counts = replace(counts, unremoved=counts.unremoved + 1)
                continue
            self.store.counts = replace(counts, removed=counts.removed + 1)
            self.store.claimed = [claim for claim in self.store.claimed if claim.row_id != row.row_id]


@dataclass(frozen=True)
class Echo:
    """An answer that kept what was sent."""

    new: bool
    contact_id: str
    kept: Mapping[str, JsonValue]
    trace_id: str | None = "trace"
    status: int | None = 200


@dataclass(frozen=True)
class Found:
    """A contact that a look-up finds."""

    id: str
    wire: Mapping[str, JsonValue]


@dataclass(frozen=True)
class TagsResponse:
    """What became of one contact's tags."""

    contact_id: str
    ok: bool
    message: str | None = "contact is locked"


@dataclass(frozen=True)
class TagsAnswer:
    """An answer to a change of tags."""

    responses: tuple[TagsResponse, ...]


@dataclass
class MemoryAccount:
    """A sink that remembers what it was sent; `failing` maps an e-mail to the error it is answered with.

    `undeletable` maps a contact's id to the error that its deletion is answered with. Look-ups miss `search_misses`
    times before they find what is in `found`.
    """

    failing: dict[str, Exception] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    tag_calls: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    untaggable: set[str] = field(default_factory=set)
    undeletable: dict[str, Exception] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)
    search_misses: int = 0
    looks: int = 0
    in_flight: set[str] = field(default_factory=set)
    most_in_flight: int = 0

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> Echo:
        email = str(fields.get("email") or fields["phone"])
        assert email not in self.in_flight, "two calls for one e-mail at a time"
        self.in_flight.add(email)
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        new = email not in self.received
        self.received.append(email)
        await asyncio.sleep(0)
        self.in_flight.remove(email)
        if error := self.failing.get(email):
            raise error
        return Echo(new=new, contact_id=f"id of {email}", kept={**fields, "tags": [*self.tags.get(email, [])]})

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> Found | None:
        self.looks += 1
        return self.found.get(email or phone or "") if self.looks > self.search_misses else None

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsAnswer:
        self.tag_calls.append((kind, sorted(contact_ids), list(tags)))
        await asyncio.sleep(0)
        for contact_id in contact_ids:
            held = self.tags.setdefault(contact_id.removeprefix("id of "), [])
            for tag in tags:
                if kind == "add":
                    held.append(tag)
                elif tag in held:
                    held.remove(tag)
        return TagsAnswer(
            tuple(TagsResponse(contact_id, contact_id not in self.untaggable) for contact_id in contact_ids)
        )

    async def delete_contact(self, contact_id: str) -> None:
        self.in_flight.add(contact_id)
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        await asyncio.sleep(0)
        self.in_flight.remove(contact_id)
        if error := self.undeletable.get(contact_id):
            raise error
        email = contact_id.removeprefix("id of ")
        if email not in self.received:
            raise RefusedError("no", call="DELETE /contacts/{contactId}", status=400, reasons=("Contact not found",))
        self.received = [each for each in self.received if each != email]
        self.deleted.append(email)
