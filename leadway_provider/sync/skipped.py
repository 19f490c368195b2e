"""Rows that `on_match` skips: what a plan knows of them without a call, and how a delivery ends one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.policies import OnMatch
from leadway_provider.sync.compared import ComparisonResult, RowComparison
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.ports import PlanStore


class SkippedError(Exception):
    """A row is not written, because its contact exists, or because it does not; the reason says which."""

    outcome: Final = RowState.SKIPPED

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__("the row is skipped")
        self.reasons = reasons


def contact_exists(contact_id: str | None = None) -> Reason:
    """Return the reason of a row that has this contact already."""
    return reason("", "contact_exists", f"It is contact {contact_id}." if contact_id else "")


def contact_not_found(beside: str | None = None) -> Reason:
    """Return the reason of a row that has no contact; `beside` is one that it matches, and that another row has."""
    return reason("", "contact_not_found", f"It matches contact {beside}, which is another row's." if beside else "")


def skipped_rows(
    on_match: OnMatch, store: PlanStore, contacts: Mapping[int, Contact], compared: Mapping[int, RowComparison]
) -> dict[int, Reason]:
    """Return why rows are skipped, by row id, as far as that is known before any call.

    Args:
        on_match: which rows are written.
        store: knows which rows live on a contact.
        contacts: what would be sent, by row id.
        compared: what was found in the account, by row id; nothing where the plan compares with the state.
    """
    results = {row_id: finding.result for row_id, finding in compared.items()}
    match on_match:
        case "upsert":
            return {}
        case "update_only":
            absent = [row_id for row_id in contacts if results.get(row_id) is ComparisonResult.ABSENT]
            return dict.fromkeys(absent, contact_not_found())
        case "create_only":
            named = {row_id for row_id, contact in contacts.items() if contact.contact_id}
            found = {row_id for row_id, result in results.items() if result is ComparisonResult.DIFFERENT}
            missing = {row_id for row_id, result in results.items() if result is ComparisonResult.MISSING}
            existing = (named | found).union(store.on_contacts(list(contacts))) - missing
            return dict.fromkeys(existing, contact_exists())
