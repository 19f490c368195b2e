"""A row of the source that a plan has to look at more closely than at its values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from leadway_provider.contacts.contact import Contact, Reason, Rejection
from leadway_provider.sync.claims import Verdict
from leadway_provider.sync.compared import ComparedRow, RowComparison
from leadway_provider.sync.fingerprint import is_same_contact, is_same_row
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import PlannedRow, SettledRow


class ChangedRow(NamedTuple):
    """A row that is not as the CRM last acknowledged it, or whose contact is to be compared.

    Attributes:
        place: where it is in the batch, from 0.
        key: its source key.
        row_hash: the first half of its fingerprint.
        row_id: its id in the state store; 0 where the key is new.
        acknowledged: the fingerprint that the CRM acknowledged; None where it counts as changed, whatever it becomes.
        is_repeated: whether the plan has read its key before. What it claimed then has to be decided anew.
    """

    place: int
    key: str
    row_hash: bytes
    row_id: int
    acknowledged: bytes | None = None
    is_repeated: bool = False

    def is_acknowledged(self, fingerprint: bytes, users: bytes) -> bool:
        """Return whether the CRM acknowledged the row, or the contact that it becomes, as it is now.

        Args:
            fingerprint: the row's.
            users: stands for the account's users.
        """
        return is_same_row(self.acknowledged, self.row_hash, users) or is_same_contact(self.acknowledged, fingerprint)

    def is_as_before(self, verdict: Verdict, fingerprint: bytes, users: bytes) -> bool:
        """Return whether a repeated row became what the CRM acknowledged again, and may keep all of it.

        Args:
            verdict: what the row may send.
            fingerprint: as for `is_acknowledged`.
            users: the same.
        """
        return self.is_repeated and not verdict.reasons and self.is_acknowledged(fingerprint, users)

    def unchanged(self, row_id: int, fingerprint: bytes, users: bytes, finding: RowComparison) -> SettledRow | None:
        """Return what the seal has to store of a row whose contact the account has already; None for most rows.

        Args:
            row_id: the row's id.
            fingerprint: as for `is_acknowledged`.
            users: the same.
            finding: the contact that was found.
        """
        if self.acknowledged == fingerprint and finding.in_crm is None and finding.acknowledged_values is None:
            return None
        adopted = None if self.is_acknowledged(fingerprint, users) else finding.contact_id
        found = (finding.in_crm, finding.acknowledged_values)
        return SettledRow(row_id, self.key, RowState.UNCHANGED, (), fingerprint, adopted, *found)


def compared_rows(
    contacts: Mapping[int, Contact],
    rows: Mapping[int, ChangedRow],
    fingerprints: Mapping[str, bytes],
    users: bytes,
    added: Collection[int],
) -> list[ComparedRow]:
    """Return the rows as they are compared with the account.

    Args:
        contacts: what would be sent, by row id.
        rows: the rows, by row id.
        fingerprints: the rows' fingerprints, by key.
        users: stands for the account's users.
        added: the ids of the rows that this plan added.
    """
    return [
        ComparedRow(row_id, contact, row.is_acknowledged(fingerprints[row.key], users), row_id in added)
        for row_id, contact in contacts.items()
        if (row := rows[row_id])
    ]


def only_differing(row: PlannedRow, finding: RowComparison | None) -> PlannedRow:
    """Return a row that sends, to a contact that was found otherwise, what differs there only.

    A contact that the account would match is noted; it gets all fields.
    """
    if finding is None or not finding.differing:
        return row
    if not finding.is_home:
        return row._replace(contact=replace(row.contact, differing=finding.differing, matches=finding.contact_id))
    return row._replace(contact=replace(row.contact, differing=finding.differing), in_crm=finding.in_crm)


def remarks(found: Contact | Rejection, verdict: Verdict) -> tuple[Reason, ...]:
    """Return what there is to say about a row: why it was rejected, or what was left out of it and why."""
    if isinstance(found, Rejection):
        return found.reasons
    return (*found.withheld, *found.notes, *verdict.reasons)
