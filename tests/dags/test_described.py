"""Airflow shows of each example what it does: a sentence in the list of DAGs, and the whole text on the DAG's page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_described(example: Path) -> None:
    """Its DAG has a description, and the file's own docstring as its documentation."""
    module = ast.parse(example.read_text(encoding="utf-8"))
    assert ast.get_docstring(module)
    dags = [
        each for each in ast.walk(module) if isinstance(each, ast.Call) and ast.unparse(each.func) in {"DAG", "dag"}
    ]
    assert len(dags) == 1
    given = {each.arg: each.value for each in dags[0].keywords}
    assert ast.unparse(given["doc_md"]) == "__doc__"
    assert ast.literal_eval(given["description"])
