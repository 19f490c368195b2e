"""Which rows live on which contact, and what changes when the CRM's answer shows where a row lives.

Two rows in the source that live on one contact collide. The row that was there first keeps the contact; each other one
names it in `collides_with`, and is matched anew by the account when it is sent the next time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from leadway_provider.sync.edits import merged
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery


class Resident(Protocol):
    """A row, and the contact that it lives on.

    Attributes:
        row_id: the row's, in the state store.
        contact_id: the contact; None where it lives on no known one.
        created_by_sync: whether this sync created the contact.
        in_crm: the hashes of the identities that the CRM has on the contact, as last acknowledged.
        collides_with: another row on the same contact, by id, that was there before.
        acknowledged_values: what the contact held when any of its rows was last written; see `AcknowledgedValues`.
    """

    row_id: int
    contact_id: str | None
    created_by_sync: bool
    in_crm: frozenset[str]
    collides_with: int | None
    acknowledged_values: bytes | None


def move(row: Resident, delivery: Delivery, residents: Iterable[Resident], lives: Callable[[int], bool]) -> None:
    """Let a row live on the contact that an answer shows.

    A departed row on this contact lives there no more. Rows on the contact that the row lived on before collide with
    each other only.

    Args:
        row: the row, which is changed.
        delivery: what the CRM made of it; it was accepted.
        residents: all rows on the contact, and on the one that the row lived on before; they are changed, too.
        lives: returns whether the source has the row of that id, as far as is known.
    """
    left, row.contact_id = row.contact_id, delivery.contact_id
    row.created_by_sync = delivery.outcome is RowState.CREATED or (left == row.contact_id and row.created_by_sync)
    row.in_crm, row.collides_with = delivery.in_crm, None
    others = [other for other in residents if other.row_id != row.row_id and other.contact_id is not None]
    here = [other for other in others if other.contact_id == row.contact_id]
    # What any of its rows has written to a contact is no edit for the others.
    own = row.acknowledged_values if left == row.contact_id else None
    known = (other.acknowledged_values for other in here)
    row.acknowledged_values = merged(own, *known, delivery.acknowledged_values)
    for other in here:
        if lives(other.row_id):
            other.in_crm, other.acknowledged_values = delivery.in_crm, row.acknowledged_values
        else:
            row.created_by_sync = row.created_by_sync or other.created_by_sync
            other.contact_id, other.created_by_sync, other.in_crm, other.collides_with = None, False, frozenset(), None
            other.acknowledged_values = None
    before = [other for other in here if other.contact_id and other.collides_with != row.row_id]
    if before:
        row.collides_with = min(before, key=lambda other: (other.collides_with is not None, other.row_id)).row_id
    if left != row.contact_id:
        _close_up([other for other in others if other.contact_id == left], row)


def _close_up(left_behind: Collection[Resident], gone: Resident) -> None:
    """Let the rows that collided with one that is gone collide with the first of them."""
    followers = sorted(
        (each for each in left_behind if each.collides_with == gone.row_id), key=lambda each: each.row_id
    )
    for follower in followers:
        follower.collides_with = None if follower is followers[0] else followers[0].row_id


def count_collisions(residents: Iterable[Resident]) -> int:
    """Return how many rows too many live on contacts."""
    on_contact: defaultdict[str, int] = defaultdict(int)
    for each in residents:
        if each.contact_id is not None:
            on_contact[each.contact_id] += 1
    return sum(number - 1 for number in on_contact.values())


def freed(denied: Iterable[tuple[int, Mapping[int, bool]]], *, is_present: Callable[[int], bool]) -> frozenset[int]:
    """Return the rows that must be sent because another contact is about to give up an e-mail or phone of theirs.

    Args:
        denied: each row with the rows on whose contacts the CRM has it, by row id: whether a call is planned for them.
        is_present: returns whether the source has the row of that id, as far as is known.
    """
    return frozenset(
        row_id
        for row_id, others in denied
        if is_present(row_id) and all(planned and is_present(other) for other, planned in others.items())
    )


def beside(contacts: Iterable[Mapping[int, bool]], *, is_present: Callable[[int], bool]) -> frozenset[int]:
    """Return the rows that must be sent because a row on the same contact is sent, or has departed.

    The contact may have the other row's values.

    Args:
        contacts: for each contact with several rows, by row id: whether a call is planned for the row.
        is_present: returns whether the source has the row of that id, as far as is known.
    """
    found: set[int] = set()
    for rows in contacts:
        present = {row_id for row_id in rows if is_present(row_id)}
        if any(rows.values()) or len(present) < len(rows):
            found |= {row_id for row_id in present if not rows[row_id]}
    return frozenset(found)
