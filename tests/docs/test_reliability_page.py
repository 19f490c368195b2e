"""Every test that the page about reliability points at is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))


def test_the_page_names_tests() -> None:
    """A page without them would pass what follows."""
    assert len(NAMED) > 20


@pytest.mark.parametrize("named", NAMED)
def test_what_the_page_names_exists(named: str) -> None:
    """A file that was moved, or a test that was renamed, is found here."""
    path, _, test = named.partition("::")
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not test or test in {node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_every_file_of_faults_is_named() -> None:
    """A fault that is tested is told."""
    files = {f"tests/faults/{path.name}" for path in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert files <= set(NAMED)
