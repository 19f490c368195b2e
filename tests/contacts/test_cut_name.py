"""A column's name that the database has cut is explained, and never taken for another field's."""

from __future__ import annotations

import pytest

from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.cut_name import refuse_cut_names
from leadway_provider.exceptions import MappingError

LIMIT = 63
LONG = "Preferred delivery window on working days before noon in"
"""With `custom.` before it, 63 bytes."""


def field(name: str, number: int = 1) -> CustomField:
    """A text field of the account."""
    return CustomField(f"id{number}", name, f"contact.key{number}", "TEXT")


def refuse(columns: list[str], *fields: CustomField, left_out: tuple[str, ...] = ()) -> None:
    """Check the columns as PostgreSQL's."""
    refuse_cut_names(columns, left_out=left_out, custom_fields=fields, limit=LIMIT)


def test_a_full_name_that_is_no_target_is_explained() -> None:
    """Nothing in the account begins so, but the user sees why the name is not the one that was written."""
    with pytest.raises(
        MappingError, match=r"has 63 bytes, and the database cuts longer names to 63: it may have been "
    ):
        refuse([f"custom.{LONG}"])


def test_a_target_that_another_one_begins_with_is_refused() -> None:
    """The value might be meant for the other field."""
    with pytest.raises(MappingError, match=f"it may have been 'custom.{LONG} summer'"):
        refuse([f"custom.{LONG}"], field(LONG), field(f"{LONG} summer", 2))


def test_case_does_not_matter() -> None:
    """Fields are found without case, so a cut name is too."""
    with pytest.raises(MappingError, match="it may have been"):
        refuse([f"CUSTOM.{LONG.upper()}"], field(LONG), field(f"{LONG} summer", 2))


def test_a_name_is_cut_at_a_whole_character() -> None:
    """A wide character that had no room leaves the name shorter than the limit."""
    written = f"custom.{LONG[:-1]}🎉 summer"
    cut = written.encode()[:LIMIT].decode(errors="ignore")
    assert len(cut.encode()) < LIMIT

    with pytest.raises(MappingError, match=r"it may have been 'custom\.Preferred"):
        refuse([cut], field(cut.removeprefix("custom.")), field(written.removeprefix("custom."), 2))


def test_a_full_name_of_one_target_is_fine() -> None:
    """Nothing else can have been meant."""
    refuse([f"custom.{LONG}"], field(LONG))


@pytest.mark.parametrize("column", ["email", f"custom.{LONG[:-6]}"])
def test_a_shorter_name_is_not_looked_at(column: str) -> None:
    """What is wrong with it is for the mapping to say."""
    refuse([column], field(f"{LONG} summer"))


def test_key_and_renamed_columns_mean_no_target() -> None:
    """Their names say nothing of the account's fields."""
    refuse([f"custom.{LONG}", "x" * LIMIT], left_out=(f"Custom.{LONG}", "x" * LIMIT))
