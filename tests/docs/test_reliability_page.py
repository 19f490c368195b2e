"""Every test that the page about reliability names exists."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.docs.page import ROOT, has_test, read

NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", read("docs/reliability.md"))))


def test_the_page_names_tests() -> None:
    """Without any, the tests below would pass for nothing."""
    assert len(NAMED) > 20


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    """A file that was moved, or a test that was renamed, is found here."""
    assert has_test(named)


def test_every_file_with_faults_is_named() -> None:
    """Every file with tests of faults is on the page."""
    files = {f"tests/faults/{path.name}" for path in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert files <= set(NAMED)
