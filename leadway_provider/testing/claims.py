"""Who holds which identity in memory, as one run's plan leaves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leadway_provider.sync.claims import Claim, ClaimKind, Holder, Waiting
from leadway_provider.sync.outcome import RowState
from leadway_provider.testing.tables import MemoryPlan, MemoryTables


class MemoryClaims:
    """The claims of one run: it implements `ClaimStore`, which says what each method promises."""

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self._tables = tables
        self._plan = plan

    def claims_of(self, row_ids: Collection[int]) -> Sequence[Claim]:
        """See `ClaimStore.claims_of`."""
        claims = self._tables.claims_in(self._plan)
        return [Claim(identity, row_id, kind) for (identity, row_id), kind in claims.items() if row_id in row_ids]

    def holders(self, identities: Collection[str]) -> Mapping[str, Holder]:
        """See `ClaimStore.holders`."""
        return {
            identity: Holder(row_id, self._tables.rows[row_id].source_key, kind is ClaimKind.RETAINS)
            for (identity, row_id), kind in self._tables.claims_in(self._plan).items()
            if kind is not ClaimKind.WAITS and identity in identities
        }

    def in_crm(self, row_ids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """See `ClaimStore.in_crm`."""
        found = {row_id: set(self._tables.rows[row_id].in_crm) for row_id in row_ids}
        for entry in self._tables.entries_before(self._plan):
            if entry.state is RowState.PENDING and entry.row_id in found:
                found[entry.row_id].update(entry.claimed)
        return {row_id: frozenset(identities) for row_id, identities in found.items()}

    def update_claims(self, dropped: Sequence[Claim], changed: Sequence[Claim]) -> None:
        """See `ClaimStore.update_claims`."""
        for claim in dropped:
            self._plan.claims[claim.identity, claim.row_id] = None
        for claim in changed:
            self._plan.claims[claim.identity, claim.row_id] = claim.kind

    def plan_when_read(self, row_ids: Collection[int]) -> None:
        """See `ClaimStore.plan_when_read`."""
        self._plan.replan.update(row_ids)

    def waiting(self) -> Sequence[Waiting]:
        """See `ClaimStore.waiting`."""
        claims = self._tables.claims_in(self._plan)
        holders = self.holders({identity for identity, _ in claims})
        sent = {row_id for (_, row_id), kind in claims.items() if kind is ClaimKind.HOLDS}
        waiting = sorted(claim for claim, kind in claims.items() if kind is ClaimKind.WAITS)
        return [Waiting(identity, row_id, holders.get(identity), row_id in sent) for identity, row_id in waiting]
