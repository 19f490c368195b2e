"""The order of the tests' files."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONGEST, place

ROOT = Path(__file__).parents[1]


def test_the_longest_files_exist_and_come_first() -> None:
    """A file of that list that is renamed, and would run last, is found; each has a place before all others."""
    assert [path for path in LONGEST if not (ROOT / path).exists()] == []
    assert [place(f"{path}::test") for path in LONGEST] == list(range(len(LONGEST)))
    assert place("tests/test_order.py::test") == len(LONGEST)
