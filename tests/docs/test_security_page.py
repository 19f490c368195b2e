"""The page about security names every place that can hold something personal or secret, and tests that exist."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import pytest
import sqlalchemy as sa

from leadway_provider.store.tables import metadata
from tests.docs.page import has_test, quoted, read, table

PAGE: Final = read("docs/security.md")
NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
KEPT: Final = table(PAGE, "What", "Where", "How", "For how long", "Who can read it")
HARMLESS: Final = {
    *("leadway_sync.lease", "leadway_token.lease", "leadway_run.status", "leadway_worker.token", "leadway_part.worker"),
}
"""Columns of random ids and of states: words of this package."""


def can_hold_text(column: sa.Column[object]) -> bool:
    """Return False for numbers, also where they stand for words of this package, and for times."""
    kind = getattr(column.type, "impl_instance", column.type)
    return kind.python_type not in (int, float, datetime)


def test_every_column_that_can_hold_a_value_or_a_secret_is_on_the_page_once() -> None:
    """A new column of text or bytes is in the table with how it is kept, or it is harmless."""
    kept = [column for _, where, *_ in KEPT for column in quoted(where)]
    columns = {
        f"{one.name}.{each.name}" for one in metadata.tables.values() for each in one.columns if can_hold_text(each)
    }
    assert len(kept) == len(set(kept))
    assert {*kept, *HARMLESS} == columns
    assert not HARMLESS.intersection(kept)


def test_every_row_says_how_for_how_long_and_who() -> None:
    """No cell of the table is empty."""
    assert all(all(row) for row in KEPT)


def test_every_threat_has_a_test() -> None:
    """The threats that were considered each name at least one."""
    threats = table(PAGE, "Threat", "Test")
    assert len(threats) > 10
    assert all(set(quoted(tests)) & set(NAMED) for _, tests in threats)


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    """A file that was moved, or a test that was renamed, is found here."""
    assert has_test(named)
