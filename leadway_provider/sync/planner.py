"""The planner of one run, made of what a user asks of the sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from leadway_provider.sync.plan import Planner
from leadway_provider.sync.ports import ClaimStore, PlanStore

if TYPE_CHECKING:
    from leadway_provider.contacts.mapping import ContactMapping
    from leadway_provider.sync.comparison import AccountComparison
    from leadway_provider.sync.identities import IdentityHasher
    from leadway_provider.sync.request import SyncRequest


class ClaimingPlanStore(PlanStore, Protocol):
    """A plan's side of the state store, with the claims of the sync."""

    @property
    def claims(self) -> ClaimStore:
        """Who holds which e-mail and phone."""
        ...


def planner_of(
    request: SyncRequest,
    mapping: ContactMapping,
    store: ClaimingPlanStore,
    *,
    seen_by_newer: bytes,
    hasher: IdentityHasher,
    comparison: AccountComparison | None = None,
) -> Planner:
    """Return the planner of a run.

    Args:
        request: what is asked for.
        mapping: how a row becomes a contact.
        store: the run's side of the state store.
        seen_by_newer: one bit for each row id that a newer data interval has seen.
        hasher: hashes the sync's e-mails and phones.
        comparison: compares rows with the account itself; None compares them with what it last acknowledged.
    """
    removes = request.removal.on_removed != "ignore"
    return Planner(
        key=request.key_columns,
        mapping=mapping,
        store=store,
        claims=store.claims,
        removal=request.removal,
        seen_by_newer=b"" if request.allow_older else seen_by_newer,
        full_resync=request.full_resync,
        incremental=not request.reads_all,
        retry_refused=request.retry_refused,
        trust_few=removes,
        hasher=hasher,
        comparison=comparison,
    )
