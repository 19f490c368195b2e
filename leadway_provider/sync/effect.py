"""What a plan would do with a row, as a dry run shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.policies import OnMatch


class PlannedChange(StrEnum):
    """What a plan would do with the contact of a row. A row that is not sent has its outcome instead."""

    CREATE = "create"
    """The account would create a contact, unless it matches one that the plan does not know."""
    UPDATE = "update"
    """The row would be written to a contact that is known."""
    LOOK_UP = "look_up"
    """`on_match` has the contact looked up first: only then it is known whether the row is sent, or skipped."""
    ADOPT = "adopt"
    """The account was found to have all of it already: the row would be acknowledged without a call."""
    REMOVE = "remove"
    """The row has departed: its contact would be treated as the removal policy says."""


@dataclass(frozen=True, slots=True)
class RowEffect:
    """What a plan would do with one row.

    Attributes:
        source_key: the row's.
        contact_id: the contact, as far as it is known.
        effect: a `PlannedChange`, or the outcome of a row that is not sent.
        contact: what would be sent; None where nothing is.
        reasons: why it is not sent, or which values are left out of it and why.
        by_id: whether the row would be written to a contact by its id.
        is_missing: whether the contact that the row lived on exists no more.
    """

    source_key: str
    contact_id: str | None
    effect: str
    contact: Contact | None = field(default=None, repr=False)
    reasons: tuple[Reason, ...] = ()
    by_id: bool = False
    is_missing: bool = False

    @property
    def paths(self) -> frozenset[str]:
        """The API paths of the fields that differ in the account; where that is not known, of all that is sent."""
        contact = self.contact
        if contact is None:
            return frozenset()
        if contact.differing is not None and not self.is_missing:
            return contact.differing
        if self.by_id and not self.is_missing:
            return frozenset(contact.update_paths | contact.upsert_only_fields.keys()) - contact.once
        return frozenset(contact.api_paths)

    def fields(self, columns: Sequence[MappedColumn]) -> list[str]:
        """Return the fields of `paths` as the user writes them, in the order of the mapping."""
        paths = self.paths
        found = [each.target for each in columns if each.api_path in paths]
        # The tags that mark a departed row are taken from a row that is sent, whether tags are mapped or not.
        return found if "tags" not in paths or "tags" in found else [*found, "tags"]


def sent(
    source_key: str, contact: Contact, written_to: str | None, takes_over: str | None = None, *, is_missing: bool
) -> RowEffect:
    """Return what becomes of a row that would be sent.

    Args:
        source_key: the row's.
        contact: what would be sent.
        written_to: the contact that it is written to by its id.
        takes_over: the contact of a departed row that the account will match.
        is_missing: whether the contact that it is written to exists no more.
    """
    contact_id = None if is_missing else written_to or takes_over or contact.matches
    return RowEffect(
        source_key,
        contact_id,
        PlannedChange.CREATE if contact_id is None else PlannedChange.UPDATE,
        contact,
        (*contact.withheld, *contact.notes),
        written_to is not None,
        is_missing,
    )


def adopted(source_key: str, contact_id: str | None) -> RowEffect:
    """Return what becomes of a row of which the account has all already."""
    return RowEffect(source_key, contact_id, PlannedChange.ADOPT)


def removed(source_key: str, contact_id: str | None) -> RowEffect:
    """Return what becomes of a departed row; without a contact where another row lives on it, so that it stays."""
    return RowEffect(source_key, contact_id, PlannedChange.REMOVE)


def allowed_by(on_match: OnMatch, effect: RowEffect) -> RowEffect:
    """Return what becomes of a row where contacts that exist, or contacts that do not, are left alone."""
    never = {"update_only": PlannedChange.CREATE, "create_only": PlannedChange.UPDATE}.get(on_match)
    return replace(effect, effect=PlannedChange.LOOK_UP) if effect.effect == never else effect
