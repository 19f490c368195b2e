"""The page about rows that leave has every argument, and its examples run."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.store.state import StateStore
from leadway_provider.sync.removal import RemovalPolicy

PAGE = (Path(__file__).parents[2] / "docs" / "removal.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    """The rows of the table whose first column has that head, cell by cell."""
    [rows] = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[- |]+\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in rows.splitlines()]


def block(language: str) -> str:
    """The page's one example in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_every_argument_is_on_the_page() -> None:
    """With its default."""
    listed = {name: default for name, default, _ in table("Argument")}
    assert listed == {field.name: repr(field.default) for field in fields(RemovalPolicy)}


def test_every_choice_is_on_the_page() -> None:
    """With what becomes of the contact."""
    choices = get_args(get_type_hints(RemovalPolicy)["on_removed"])
    assert [row[0] for row in table("`on_removed`")] == list(choices)


def test_the_call_can_be_made() -> None:
    """The operator of the page can be copied into a DAG."""
    names = {each.__name__: each for each in (LeadwayUpsertContactsOperator, RemovalPolicy)}
    task = eval(block("python"), names)  # noqa: S307 - the page's own text
    assert task.removal == RemovalPolicy("tag", ("former customer",))


def test_the_query_of_the_state_runs(tmp_path: Path) -> None:
    """What the page asks the state store can be asked."""
    StateStore.open_file(tmp_path / "state.db").close()
    with sqlite3.connect(tmp_path / "state.db") as database:
        assert database.execute(block("sql")).fetchall() == []
