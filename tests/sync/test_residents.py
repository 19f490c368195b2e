"""Which rows live on which contact, and what changes when one of them moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.sync.residents import beside, count_collisions, freed, move

IN_CRM = frozenset({"aa" * 16})


@dataclass
class Row:
    """A row, and the contact that it lives on."""

    row_id: int
    contact_id: str | None = None
    created_by_sync: bool = False
    in_crm: frozenset[str] = frozenset()
    collides_with: int | None = None
    acknowledged_values: bytes | None = None


def everywhere(_row_id: int) -> bool:
    """Return True, for a source that has every row."""
    return True


def moved(
    rows: Mapping[int, Row], row_id: int, contact_id: str, *, departed: int = 0, outcome: RowState = RowState.UPDATED
) -> dict[int, tuple[str | None, int | None]]:
    """Move a row, and return where each row lives and with which one it collides."""
    row = OutboxRow(1, row_id, str(row_id), b"", Contact({}))
    delivery = Delivery(row, outcome, contact_id, in_crm=IN_CRM)
    move(rows[row_id], delivery, list(rows.values()), lambda each: each != departed)
    return {each.row_id: (each.contact_id, each.collides_with) for each in rows.values()}


def test_a_row_that_comes_to_a_contact_collides_with_the_row_that_was_there_first() -> None:
    """Also where another row came before; the CRM has the same on the contact for all of them."""
    rows = {1: Row(1, "C"), 2: Row(2, "C", collides_with=1), 3: Row(3)}
    assert moved(rows, 3, "C") == {1: ("C", None), 2: ("C", 1), 3: ("C", 1)}
    assert {row.in_crm for row in rows.values()} == {IN_CRM}


def test_the_row_that_was_there_first_stays_the_first() -> None:
    """It is written again, and collides with none."""
    rows = {1: Row(1, "C"), 2: Row(2, "C", collides_with=1)}
    assert moved(rows, 1, "C") == {1: ("C", None), 2: ("C", 1)}


def test_rows_that_are_left_behind_collide_with_the_first_of_them() -> None:
    """The row that was there first has another contact now."""
    rows = {1: Row(1, "C"), 2: Row(2, "C", collides_with=1), 3: Row(3, "C", collides_with=1)}
    assert moved(rows, 1, "D") == {1: ("D", None), 2: ("C", None), 3: ("C", 2)}


@pytest.mark.parametrize("created", [True, False])
def test_a_departed_row_lives_no_more_where_another_row_is_written(*, created: bool) -> None:
    """The other row's contact still counts as created by the sync, if it was."""
    rows = {1: Row(1, "C", created_by_sync=created, in_crm=IN_CRM), 2: Row(2)}
    assert moved(rows, 2, "C", departed=1) == {1: (None, None), 2: ("C", None)}
    assert (rows[2].created_by_sync, rows[1].in_crm) == (created, frozenset())


def test_only_the_same_contact_stays_created_by_the_sync() -> None:
    """A contact that the row moved to was not created for it, unless the answer says so."""
    rows = {1: Row(1, "C", created_by_sync=True)}
    for contact_id, outcome, created in (
        ("C", RowState.UPDATED, True),
        ("D", RowState.UPDATED, False),
        ("E", RowState.CREATED, True),
    ):
        moved(rows, 1, contact_id, outcome=outcome)
        assert rows[1].created_by_sync is created


def test_collisions_are_the_rows_too_many() -> None:
    """Three rows on one contact are two, and a row without a contact collides with none."""
    assert count_collisions([Row(1, "C"), Row(2, "C"), Row(3, "C"), Row(4, "D"), Row(5), Row(6)]) == 2


def test_who_must_be_sent_beside_a_row() -> None:
    """The rows on the contact of a row that is sent or departed, unless they are sent anyway."""
    contacts = [{1: True, 2: False}, {3: False, 4: False}, {5: False, 9: False}, {6: True, 7: True}]
    assert beside(contacts, is_present=lambda row_id: row_id != 9) == {2, 5}


def test_who_must_be_sent_because_others_give_something_up() -> None:
    """All contacts that have it must be written; a departed row is not sent."""
    denied = [(1, {2: True}), (3, {4: False}), (5, {6: True, 7: False}), (8, {9: True})]
    assert freed(denied, is_present=lambda row_id: row_id != 8) == {1}
