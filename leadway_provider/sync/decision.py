"""What a plan decides of a changed row: it is sent, or settled with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from leadway_provider.contacts.contact import Contact, Reason, Rejection
from leadway_provider.contacts.stamps import RunStamps
from leadway_provider.sync.changed import ChangedRow, only_differing
from leadway_provider.sync.claims import Verdict
from leadway_provider.sync.compared import RowComparison
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import PlannedRow, Refusal, SettledRow


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What is the same for all rows of a plan.

    Attributes:
        shared_is_invalid: whether a row whose identity another row has is invalid.
        retry_refused: after so many runs in which the API refused a row, it waits until it changes.
        users: stands for the account's users.
        hasher: hashes the sync's e-mails and phones.
        stamps: what is written into each contact that is sent, beside the fields of its row.
    """

    shared_is_invalid: bool
    retry_refused: int
    users: bytes = field(repr=False)
    hasher: IdentityHasher
    stamps: RunStamps = field(default_factory=RunStamps)

    def is_invalid(self, verdict: Verdict) -> bool:
        """Return whether a row is invalid for what it shares with another row."""
        return bool(verdict.reasons) and self.shared_is_invalid


class KnownRow(NamedTuple):
    """All that is known of a changed row.

    Attributes:
        row: the row.
        row_id: its id in the state store.
        found: the contact that it becomes, or why it can't be one.
        verdict: what it may send.
        sent: the contact that would be sent; None where none may be.
        fingerprint: the row's.
        comparison: what was found in the account; None where the plan compares with the state.
        refusal: what the API refused of it in earlier runs, if anything.
        skipped: why `on_match` leaves it out; None where it does not.
    """

    row: ChangedRow
    row_id: int
    found: Contact | Rejection
    verdict: Verdict
    sent: Contact | None
    fingerprint: bytes
    comparison: RowComparison | None
    refusal: Refusal | None
    skipped: Reason | None


def decide(known: KnownRow, rules: DecisionRules) -> PlannedRow | SettledRow | None:
    """Return what becomes of a row; None where it is unchanged, and the seal has nothing to store of it."""
    row, row_id, found, verdict, sent, fingerprint, comparison, refusal, skipped = known
    if isinstance(found, Rejection):
        return SettledRow(row_id, row.key, RowState.INVALID, found.reasons)
    if sent is None:
        outcome = RowState.INVALID if rules.is_invalid(verdict) else RowState.SUPERSEDED
        return SettledRow(row_id, row.key, outcome, verdict.reasons)
    if comparison is None and row.is_as_before(verdict, fingerprint, rules.users):
        return SettledRow(row_id, row.key, RowState.UNCHANGED, fingerprint=fingerprint)
    if comparison and comparison.is_equal:
        return row.unchanged(row_id, fingerprint, rules.users, comparison)
    runs = refusal.runs if refusal and refusal.fingerprint == fingerprint else 0
    if skipped is not None or (refusal and runs > rules.retry_refused):
        reasons = (skipped,) if skipped else refusal.reasons if refusal else ()
        return SettledRow(row_id, row.key, RowState.SKIPPED if skipped else RowState.REFUSED, reasons)
    lanes = (*(verdict.claimed or rules.hasher.of(sent)), *verdict.given_up)
    planned = PlannedRow(row_id, row.key, fingerprint, sent, lanes, verdict.claimed, runs)
    planned = only_differing(planned, comparison)
    return planned._replace(contact=rules.stamps.stamped(planned.contact, row.key))
