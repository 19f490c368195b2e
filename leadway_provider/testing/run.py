"""One run of a sync in memory, with the methods that plan and deliver use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from leadway_provider.exceptions import LeaseLostError
from leadway_provider.sync.fingerprint import was_sent
from leadway_provider.sync.outcome import Counts, Remark, RowState
from leadway_provider.sync.records import Blocker, Delivery, OutboxRow, PlannedRow, Refusal, SettledRow
from leadway_provider.testing.claims import MemoryClaims
from leadway_provider.testing.removals import MemoryRemovals
from leadway_provider.testing.residents import MemoryResidents
from leadway_provider.testing.seal import MemorySeal
from leadway_provider.testing.snapshot import MemorySnapshot
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryRow, MemoryTables


class MemoryRun:
    """One run, made by `MemoryState.begin`: it implements `PlanStore` and `DeliveryStore`.

    Attributes:
        plan: what is kept of the run.
        claims: who holds which e-mail and phone, as the run's plan leaves it.
        removals: the rows that the run found to have departed.
        snapshot: the contacts of the account that the run has read.
    """

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self.plan = plan
        self.claims = MemoryClaims(tables, plan)
        self.removals = MemoryRemovals(tables, plan)
        self.snapshot = MemorySnapshot(tables, plan)
        self._tables = tables
        self._residents = MemoryResidents(tables, plan)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.plan.run_id

    @property
    def sealed(self) -> bool:
        """Whether the plan is complete, so that only delivery is left to do."""
        return self.plan.is_sealed

    @property
    def is_on_server(self) -> bool:
        """See `PlanStore.is_on_server`: tests see what a plan does on a server."""
        return True

    def known(self, keys: Sequence[str]) -> Mapping[str, tuple[int, bytes | None]]:
        """See `PlanStore.known`."""
        found = {key: row for key in keys if (row := self._tables.row_of(key))}
        return {key: (row.row_id, row.fingerprint) for key, row in found.items()}

    def ensure_rows(self, keys: Sequence[str]) -> Mapping[str, int]:
        """See `PlanStore.ensure_rows`."""
        assert not self.known(keys), "only new keys get a row"  # noqa: S101 - the port's promise
        return {key: self._tables.add_row(key, self.id).row_id for key in keys}

    def count_with_contact(self) -> int:
        """See `PlanStore.count_with_contact`."""
        return sum(row.has_contact for row in self._tables.rows.values())

    def shared_contacts(self) -> Sequence[Mapping[int, bool]]:
        """See `PlanStore.shared_contacts`."""
        return self._residents.shared_contacts()

    def denied(self) -> Sequence[tuple[int, Mapping[int, bool]]]:
        """See `PlanStore.denied`."""
        return self._residents.denied()

    def on_contacts(self, row_ids: Collection[int]) -> Collection[int]:
        """See `PlanStore.on_contacts`."""
        return {row_id for row_id in row_ids if self._tables.rows[row_id].has_contact}

    def refusals(self, row_ids: Collection[int]) -> Mapping[int, Refusal]:
        """See `PlanStore.refusals`."""
        return {
            entry.row_id: Refusal(entry.fingerprint or b"", entry.refusals, entry.reasons)
            for entry in self._tables.entries_before(self.plan)
            if entry.state is RowState.REFUSED and entry.row_id in row_ids
        }

    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> None:
        """See `PlanStore.write`."""
        for row in planned:
            entry = self._tables.add_entry(self.id, row.row_id, RowState.PENDING)
            entry.fingerprint, entry.contact, entry.refusals = row.fingerprint, row.contact, row.refusals
            entry.lanes, entry.claimed, entry.in_crm = row.lanes, row.claimed, row.in_crm
        for settled_row in settled:
            entry = self._tables.add_entry(self.id, settled_row.row_id, settled_row.outcome)
            entry.reasons, entry.fingerprint = settled_row.reasons, settled_row.fingerprint
            entry.contact_id, entry.in_crm = settled_row.contact_id, settled_row.in_crm
            entry.acknowledged_values = settled_row.acknowledged_values

    def unplan(self, row_ids: Sequence[int]) -> Mapping[int, RowState]:
        """See `PlanStore.unplan`."""
        found = dict.fromkeys(row_ids, RowState.UNCHANGED)
        for entry in self._tables.entries_of(self.plan):
            if entry.row_id in found:
                found[entry.row_id] = entry.state
                del self._tables.outbox[entry.position]
        return found

    def finish_dry_run(self, counts: Counts, seen: bytes = b"", *, is_whole: bool = True) -> None:
        """End a dry run: nothing else changes, and `MemoryState.resume_reviewed` can continue with it."""
        self.plan.seen, self.plan.is_whole = seen, is_whole
        self.plan.counts, self.plan.status = MemorySeal(self._tables, self.plan).preview(counts), "dry_run"

    def seal(self, counts: Counts | None = None, seen: bytes | None = None, *, is_whole: bool = True) -> None:
        """End the plan: from here on it counts, and its outbox is the sync's.

        Args:
            counts: the plan's counts; None for a dry run that was reviewed, whose counts are known.
            seen: one bit for each row id that the plan read.
            is_whole: whether the plan read the whole source.

        Raises:
            LeaseLostError: another run of the sync has begun.
        """
        if self.plan.status != "planning":
            raise LeaseLostError(f"Another run of the sync has begun since run {self.id}, so this one stops.")
        if seen is not None:
            self.plan.seen, self.plan.is_whole = seen, is_whole
        seal = MemorySeal(self._tables, self.plan)
        found = seal.preview(counts) if counts is not None else self.plan.counts
        seal.seal()
        self.plan.counts = found.plus(pending=-found[RowState.PENDING])
        self.plan.is_sealed, self.plan.status = True, "delivering"

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """See `DeliveryStore.outbox`."""
        waiting = [each for each in self._tables.entries_of(self.plan) if each.is_pending and each.position > after]
        page = [self._outbox_row(entry) for entry in sorted(waiting, key=lambda each: each.position)[:limit]]
        if self.plan.attempt > 1:
            for blocker in (blocker for row in page for blocker in row.blockers if not blocker.is_pending):
                self._tables.rows[blocker.row_id].fingerprint = None
        return page

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """See `DeliveryStore.mark_sent`."""
        self._tables.rows[row.row_id].sent = None if at is None else (row.fingerprint, at)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`."""
        before = {delivery.contact_id: self._residents.may_have(delivery.contact_id) for delivery in deliveries}
        for delivery in deliveries:
            entry = self._tables.outbox[delivery.row.position]
            row = self._tables.rows[delivery.row.row_id]
            row.state, row.reasons, row.changed_at = delivery.outcome, delivery.reasons, self._tables.now()
            row.remarks = (*delivery.remarks, *delivery.not_kept)
            row.fingerprint = delivery.fingerprint
            self._settle_mark(row, delivery)
            if delivery.outcome.is_accepted:
                self._residents.settle(row, delivery)
                self._tables.drop_former(row.row_id)
            if delivery.outcome is RowState.REFUSED:
                entry.state, entry.reasons, entry.refusals = RowState.REFUSED, delivery.reasons, entry.refusals + 1
            else:
                del self._tables.outbox[entry.position]
            remarks = {
                Remark.NOT_KEPT: bool(delivery.not_kept),
                **{
                    remark: any(each.code == remark for each in delivery.remarks)
                    for remark in (Remark.IDENTITY_TAKEN, Remark.EDITED_IN_CRM)
                },
            }
            numbers = {name: int(here) for name, here in remarks.items()}
            self.plan.counts = self.plan.counts.plus(**{delivery.outcome: 1}, **numbers)
        self._tables.plan_what_was_denied(
            {contact_id: had - self._residents.may_have(contact_id) for contact_id, had in before.items() if contact_id}
        )
        for delivery in deliveries:
            if delivery.outcome.is_accepted and not all(self._residents.has(each.identity) for each in delivery.denied):
                self._tables.rows[delivery.row.row_id].fingerprint = None
        collisions = self._residents.count_collisions() - self.plan.counts[Remark.COLLISIONS]
        self.plan.counts = self.plan.counts.plus(collisions=collisions)

    def cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:  # noqa: ARG002 - no ledger here
        """See `DeliveryStore.cleared`."""
        self._residents.clear(blocker)

    def finish(self) -> None:
        """End an attempt; the run is finished when nothing of it waits in the outbox."""
        waits = [each for each in self._tables.entries_of(self.plan) if each.state is not RowState.REFUSED]
        if self.plan.status == "delivering" and not any(not each.is_former for each in waits):
            self.plan.status = "finished"

    def counts(self) -> Counts:
        """Return how the rows ended so far."""
        pending = sum(entry.is_pending for entry in self._tables.entries_of(self.plan))
        return self.plan.counts.plus(pending=pending) if self.plan.is_sealed else self.plan.counts

    def _settle_mark(self, row: MemoryRow, delivery: Delivery) -> None:
        is_refused = delivery.outcome is RowState.REFUSED
        if delivery.outcome.is_accepted or (is_refused and not delivery.row.contact.repeatable):
            row.sent = None
        elif is_refused and (self.plan.attempt > 1 or delivery.maybe_written) and row.contact_id is None:
            row.sent = (delivery.row.fingerprint, self._tables.now())

    def _outbox_row(self, entry: MemoryEntry) -> OutboxRow:
        assert entry.contact is not None  # noqa: S101 - pending rows have one
        row = self._tables.rows[entry.row_id]
        fingerprint, sent_at = row.sent or (None, None)
        contact_id = self._residents.contact_of(entry)
        neighbours = self._residents.neighbours(entry)
        former = [each for each in self._tables.outbox.values() if each.row_id == row.row_id and each.is_former]
        return OutboxRow(
            position=entry.position,
            row_id=row.row_id,
            source_key=row.source_key,
            fingerprint=entry.fingerprint or b"",
            contact=entry.contact,
            lanes=entry.lanes,
            claimed=entry.claimed,
            sent_at=sent_at if was_sent(fingerprint, entry.fingerprint or b"") else None,
            contact_id=contact_id,
            lives_on=row.contact_id,
            blockers=neighbours.blockers,
            former=tuple(each.contact for each in former if each.contact),
            known_since=row.created_at,
            takes_over=neighbours.takes_over,
            left_behind=neighbours.left_behind,
            acknowledged_values=row.acknowledged_values,
        )
