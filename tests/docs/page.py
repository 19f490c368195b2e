"""Reading README and the pages of docs: their code, their tables, their links."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))


def read(page: str) -> str:
    """Return the text of a page, by its path in the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the code of a page in that language, block by block."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def table(text: str, *head: str) -> list[tuple[str, ...]]:
    """Return the rows of the one table with that head, cell by cell."""
    line = re.escape(f"| {' | '.join(head)} |")
    [rows] = re.findall(rf"^{line}\n\|[- |]+\|\n((?:\|.*\|\n)+)", text, re.MULTILINE)
    return [
        tuple(cell.strip() for cell in row.removeprefix("|").removesuffix("|").split(" |")) for row in rows.splitlines()
    ]


def quoted(cell: str) -> list[str]:
    """Return what a cell has in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def has_test(named: str) -> bool:
    """Return True if there is a file with tests of that path, and in it the test after `::`."""
    path, _, test = named.partition("::")
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return not test or test in {node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
