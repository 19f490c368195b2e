"""The end of a plan in memory: what earlier runs left is carried or dropped, and the plan's claims count."""

from __future__ import annotations

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.outcome import Counts, Remark, RowState
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.testing.residents import MemoryResidents
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryRow, MemoryTables


class MemorySeal:
    """Ends the plan of one run."""

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self._tables = tables
        self._plan = plan
        self._planned = {entry.row_id: entry for entry in tables.entries_of(plan)}

    def preview(self, counts: Counts) -> Counts:
        """Return the counts of the plan with what it would carry, and change nothing."""
        carried = [entry for entry in self._tables.entries_before(self._plan) if self._is_carried(entry)]
        residents = MemoryResidents(self._tables, self._plan)
        return counts.plus(
            carried=len(carried),
            pending=len(carried),
            **{
                Remark.WITHHELD: sum(
                    bool(entry.contact and entry.contact.withheld) for entry in self._planned.values()
                ),
                Remark.COLLISIONS: residents.count_collisions([entry.row_id for entry in carried]),
            },
        )

    def seal(self) -> None:
        """Take over what earlier runs left, and let the plan count."""
        for entry in list(self._tables.entries_before(self._plan)):
            self._carry(entry)
        for entry in self._planned.values():
            self._seal_entry(entry)
        self._seal_claims()

    def _is_carried(self, entry: MemoryEntry) -> bool:
        """Return whether this run delivers what an earlier run left: nothing newer is planned for the row."""
        if entry.contact is None or entry.is_former or entry.row_id in self._planned:
            return False
        if not self._belongs(entry):
            return False
        return entry.state is RowState.PENDING or entry.refusals <= self._plan.retry_refused

    def _belongs(self, entry: MemoryEntry) -> bool:
        """Return whether the source still has the row, as far as is known, and it was planned from this source."""
        same_origin = self._tables.plans[entry.run_id].origin == self._plan.origin
        return same_origin and self._plan.is_present(entry.row_id)

    def _carry(self, entry: MemoryEntry) -> None:
        if entry.is_pending:
            self._tables.plan_what_was_overwritten(entry)
        if self._is_carried(entry):
            row = self._tables.rows[entry.row_id]
            if entry.is_pending and row.contact_id is None and entry.contact and entry.contact.repeatable:
                row.sent = (entry.fingerprint or b"", self._tables.now())
            entry.run_id, entry.state, entry.carried, entry.part = self._plan.run_id, RowState.PENDING, True, None
            row.state = RowState.PENDING
        elif self._may_have_been_sent(entry) or self._may_block(entry):
            entry.is_former = True
        elif not self._waits(entry):
            del self._tables.outbox[entry.position]

    def _may_have_been_sent(self, entry: MemoryEntry) -> bool:
        """Return whether the entry is all that is known of what a call without an answer may have written.

        It may have created a contact. Where what is planned now sends the same identities, the account matches that
        contact by itself.
        """
        row = self._tables.rows[entry.row_id]
        sent, _ = row.sent or (None, None)
        is_unanswered = entry.state is RowState.PENDING or (
            entry.state is RowState.REFUSED and sent == entry.fingerprint
        )
        if not is_unanswered or not self._belongs(entry):
            return False
        planned = self._planned.get(entry.row_id)
        sends = planned.claimed if planned else ()
        return entry.is_former or not set(entry.claimed) <= set(sends)

    def _may_block(self, entry: MemoryEntry) -> bool:
        """Return whether a call without an answer may have given the row's contact what another row sends now."""
        row = self._tables.rows[entry.row_id]
        same_origin = self._tables.plans[entry.run_id].origin == self._plan.origin
        if entry.state is not RowState.PENDING or row.contact_id is None or not same_origin:
            return False
        planned = self._planned.get(entry.row_id)
        left = set(entry.claimed).difference(planned.claimed if planned else ())
        known = {identity for each in self._tables.rows.values() for identity in each.in_crm}
        return any(
            kind is ClaimKind.HOLDS and row_id != entry.row_id and identity in left - known
            for (identity, row_id), kind in self._tables.claims_in(self._plan).items()
        )

    def _waits(self, entry: MemoryEntry) -> bool:
        """Return whether a row that was refused too often stays as it is, until it changes."""
        planned = self._planned.get(entry.row_id)
        is_as_it_was = planned is None or planned.state is RowState.REFUSED
        return entry.state is RowState.REFUSED and is_as_it_was and self._belongs(entry)

    def _seal_entry(self, entry: MemoryEntry) -> None:
        row = self._tables.rows[entry.row_id]
        if entry.in_crm is not None:
            row.in_crm = entry.in_crm
        if entry.acknowledged_values is not None:
            row.acknowledged_values = entry.acknowledged_values
        if entry.state is RowState.UNCHANGED:
            if entry.contact_id is not None:
                self._adopt(row, entry, entry.contact_id)
            row.fingerprint = entry.fingerprint
            del self._tables.outbox[entry.position]
            return
        row.fingerprint, row.created_in, row.changed_at = None, "", self._tables.now()
        if entry.state is RowState.DEPARTED:
            return
        row.state, row.reasons, row.remarks = entry.state, entry.reasons, ()
        if entry.state is not RowState.PENDING:
            del self._tables.outbox[entry.position]

    def _adopt(self, row: MemoryRow, entry: MemoryEntry, contact_id: str) -> None:
        """Let a row live on a contact that was found to have all of it, as if the account had acknowledged it."""
        residents = MemoryResidents(self._tables, self._plan)
        had = residents.may_have(contact_id)
        adopted = OutboxRow(entry.position, row.row_id, row.source_key, entry.fingerprint or b"", Contact({}))
        delivery = Delivery(
            adopted,
            RowState.UPDATED,
            contact_id,
            in_crm=entry.in_crm or frozenset(),
            acknowledged_values=entry.acknowledged_values,
        )
        residents.settle(row, delivery)
        row.state, row.reasons, row.remarks, row.created_in = RowState.UNCHANGED, (), (), ""
        row.changed_at = self._tables.now()
        self._tables.drop_former(row.row_id)
        self._tables.plan_what_was_denied({contact_id: had - residents.may_have(contact_id)})

    def _seal_claims(self) -> None:
        for claim, kind in self._plan.claims.items():
            self._tables.claims.pop(claim, None)
            if kind is not None:
                self._tables.claims[claim] = kind
        for row_id in self._plan.replan:
            self._tables.rows[row_id].fingerprint = None
        self._plan.claims.clear()
        self._plan.replan.clear()
