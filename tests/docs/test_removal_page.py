"""The page about departed rows has every argument, and its examples run."""

from __future__ import annotations

import ast
import re
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import RemovalPolicy
from leadway_provider.store.columns import OUTCOME_CODES
from leadway_provider.store.state import StateStore
from leadway_provider.sync.outcome import RowState
from tests.docs.page import blocks, quoted, read, table

PAGE: Final = read("docs/removal.md")


def test_every_argument_is_on_the_page() -> None:
    """The table has each argument of the policy with its default."""
    listed = {quoted(name)[0]: quoted(default)[0] for name, default, _ in table(PAGE, "Argument", "Default", "Meaning")}
    assert listed == {field.name: repr(field.default) for field in fields(RemovalPolicy)}


def test_every_choice_is_on_the_page() -> None:
    """The table has each value of `on_removed` with what becomes of the contact."""
    choices = get_args(get_type_hints(RemovalPolicy)["on_removed"])
    listed = [quoted(name)[0] for name, *_ in table(PAGE, "`on_removed`", "The contact", "If the row comes back")]
    assert listed == list(choices)


def test_the_call_can_be_made() -> None:
    """The operator of the page can be copied into a DAG."""
    [block] = blocks(PAGE, "python")
    module = ast.parse(block)
    call = module.body.pop()
    assert isinstance(call, ast.Expr)
    names: dict[str, Any] = {"LeadwayUpsertContactsOperator": LeadwayUpsertContactsOperator}
    exec(compile(module, "removal.md", "exec"), names)  # noqa: S102 - the page's own imports
    task = eval(compile(ast.Expression(call.value), "removal.md", "eval"), names)  # noqa: S307 - the page's own text
    assert task.request.removal == RemovalPolicy("tag", ("former customer",))


def test_the_query_of_the_state_runs(tmp_path: Path) -> None:
    """The page's query fits the tables of the state store, and names the two states of a departed row."""
    [block] = blocks(PAGE, "sql")
    [numbers] = re.findall(r"outcome IN \(([\d, ]+)\)", block)
    assert [OUTCOME_CODES[int(each)] for each in numbers.split(", ")] == [RowState.REMOVED, RowState.UNREMOVED]
    StateStore.open_file(tmp_path / "state.db").close()
    with sqlite3.connect(tmp_path / "state.db") as database:
        assert database.execute(block).fetchall() == []
