"""A name means one thing: no two classes of the package share one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "leadway_provider"


def test_no_two_classes_share_a_name() -> None:
    """A reader who has seen a class knows what its name means everywhere."""
    names = Counter(
        each.name
        for file in PACKAGE.rglob("*.py")
        for each in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(each, ast.ClassDef) and not each.name.startswith("_")
    )
    assert len(names) > 100
    assert [name for name, times in names.items() if times > 1] == []
