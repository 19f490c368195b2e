"""The Python of README and of the pages can be copied."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

from leadway_provider import policies
from tests.airflow_version import VERSION
from tests.docs.page import PAGES, blocks, read

BLOCKS = [(page, block) for page in PAGES for block in blocks(read(page), "python")]
POLICIES = [name for name in vars(policies) if name.endswith(("Rules", "Policy"))]


def test_there_are_blocks() -> None:
    """Without any, the tests below would pass for nothing."""
    assert len(BLOCKS) > 5
    assert "README.md" in {page for page, _ in BLOCKS}
    assert len(POLICIES) == 4


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_a_block_is_valid_python(page: str, block: str) -> None:
    """Every block compiles as a module."""
    compile(block, page, "exec")


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_what_a_block_imports_exists(page: str, block: str) -> None:
    """Every module can be imported, and has the names that are taken from it."""
    if VERSION < (3, 3) and page == "docs/alerts.md":
        pytest.skip("retry policies and deadlines came with Airflow 3.3")
    for node in ast.walk(ast.parse(block, page)):
        if isinstance(node, ast.Import):
            for each in node.names:
                importlib.import_module(each.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_where_a_policy_is_imported_from(page: str) -> None:
    """Every policy that a page makes in its code is in an import that the page shows."""
    text = read(page)
    imports = " ".join(re.findall(r"from leadway_provider\.policies import ([\w, ]+)", text))
    made = {name for name in POLICIES if any(f"{name}(" in block for block in blocks(text, "python"))}
    assert made <= set(re.findall(r"\w+", imports))
