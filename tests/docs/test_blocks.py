"""Every code block of README, CONTRIBUTING and the pages is run or read, here or by a test that is named here."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml  # type: ignore[import-untyped]  # comes with Airflow, its types don't
from markdown_it import MarkdownIt

from leadway_provider.api.credentials import EXTRAS
from leadway_provider.api.settings import ALLOWED
from leadway_provider.store.state import StateStore
from tests.airflow_version import VERSION
from tests.docs.page import PAGES, has_test, read

DRAWN: Final = "indented"
"""In place of a language, for a block without a fence."""

QUICK_START: Final = "tests/docs/test_quick_start.py::test_every_block_of_the_page_is_a_step_or_is_said_not_to_be_run"

ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("docs/configuration.md", "ini"): "tests/docs/test_configuration_page.py::test_the_section_can_be_copied",
    ("docs/quick-start.md", "dockerfile"): QUICK_START,
    ("docs/quick-start.md", "python"): QUICK_START,
    ("docs/quick-start.md", "shell"): QUICK_START,
    ("docs/quick-start.md", "text"): QUICK_START,
    ("docs/scaling.md", "python"): "tests/docs/test_scaling_page.py::test_the_tasks_can_be_copied",
    ("docs/testing.md", "python"): "tests/docs/test_testing_page.py::test_every_block_is_a_file",
    ("docs/commands.md", ""): "tests/cli/test_screens.py",
    ("docs/architecture.md", DRAWN): "tests/docs/test_architecture_page.py::test_the_layers_are_those_that_are_checked",
}
"""Blocks by page and language, and the test that runs them, or looks at them."""

NOT_RUN: Final[Mapping[str, str]] = {
    "git clone https://github.com/leadway-crm/leadway-provider\ncd leadway-provider\nmake demo\n": (
        ".ci/run, which starts in a clone, has `make demo` as a part of its own"
    ),
    "make\n": "it prints the help, which tests/docs/test_contributing.py compares with the targets",
    ".venv/bin/python -m tests.upgrade.make\n": "it writes what tests/upgrade/test_upgrade.py reads",
    (
        'export AIRFLOW_HOME="$PWD/.up/airflow"\n.venv/bin/leadway syncs\n'
        ".venv/bin/leadway plan warehouse_to_leadway.sync_customers --dags dags\n"
    ): "it needs the state that `make up` has made",
    "curl https://services.leadconnectorhq.com/oauth/token \\\n  -d grant_type=authorization_code -d client_id=… "
    "-d client_secret=… -d code=… -d user_type=Location\n": "it needs an app of the vendor's marketplace",
    "airflow backfill create --dag-id customers_to_leadway --from-date 2026-01-01 --to-date 2026-01-31\n": (
        "it needs a scheduler; tests/deployment/test_runs.py::test_backfilled asks for a backfill there"
    ),
}
"""Commands that no test runs, and why."""


class Block(NamedTuple):
    """A code block, with the page and the number of its line."""

    page: str
    line: int
    language: str
    text: str


def blocks_of(page: str) -> Iterator[Block]:
    """Yield the code blocks of a page as Markdown has them, also those that are indented instead of fenced."""
    for token in MarkdownIt().parse(read(page)):
        if token.type in ("fence", "code_block") and token.map and not token.info.startswith("{"):
            yield Block(page, token.map[0] + 1, token.info if token.type == "fence" else DRAWN, token.content)


BLOCKS: Final = [block for page in ("CONTRIBUTING.md", *PAGES) for block in blocks_of(page)]
SHELL: Final = [block for block in BLOCKS if block.language in ("shell", DRAWN)]


def named(block: Block) -> str:
    """Return what a test of a block is called."""
    return f"{block.page}:{block.line}"


def of(language: str) -> list[Block]:
    """Return the blocks of a language that no other test runs."""
    return [each for each in BLOCKS if each.language == language and (each.page, language) not in ELSEWHERE]


def test_every_block_has_a_language_that_is_run_or_read() -> None:
    """A block of another kind is run elsewhere, or its command is listed with a reason."""
    known = {"python", "sql", "json", "yaml", "shell"}
    left = [
        named(block)
        for block in BLOCKS
        if block.language not in known and (block.page, block.language) not in ELSEWHERE and block.text not in NOT_RUN
    ]
    assert left == []
    assert len(BLOCKS) > 50


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_test_that_runs_a_block_exists(test: str) -> None:
    """A test that was renamed is found here."""
    assert has_test(test)


def test_what_is_excepted_is_on_a_page() -> None:
    """An exception whose block is gone is found here."""
    assert {(block.page, block.language) for block in BLOCKS} >= set(ELSEWHERE)
    assert {block.text for block in BLOCKS} >= set(NOT_RUN)


@pytest.mark.parametrize("page", sorted({block.page for block in of("python")}))
def test_the_python_of_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block after block, in one namespace that has nothing at first: each page brings its own imports."""
    if VERSION < (3, 3) and page == "docs/alerts.md":
        pytest.skip("retry policies and deadlines came with Airflow 3.3")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in of("python"):
        if block.page == page:
            lines = "\n" * block.line + block.text  # so that an error has the page's line
            exec(compile(lines, page, "exec"), names)  # noqa: S102 - the page's own text


@pytest.mark.parametrize("page", sorted({block.page for block in of("sql")}))
def test_the_sql_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """Block after block, in a SQLite database that has the tables of a state store."""
    StateStore.open_file(tmp_path / "state.db").close()
    database = sqlite3.connect(tmp_path / "state.db")
    for block in of("sql"):
        if block.page == page:
            database.executescript(block.text)
    database.close()


@pytest.mark.parametrize("block", [*of("json"), *of("yaml")], ids=named)
def test_what_is_data_can_be_read(block: Block) -> None:
    """JSON and YAML are whole documents."""
    readers: dict[str, Callable[[str], Any]] = {"json": json.loads, "yaml": yaml.safe_load}
    assert readers[block.language](block.text)


@pytest.mark.parametrize("block", [block for block in of("shell") if block.text not in NOT_RUN], ids=named)
def test_the_commands_of_a_page_run(block: Block, tmp_path: Path) -> None:
    """What they export is JSON; a connection has only parts and extras that exist."""
    lines = f"set -euo pipefail\n{block.text}\nenv --null"
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["/bin/bash", "-c", lines], cwd=tmp_path, env=path, capture_output=True, text=True, check=True
    )
    exported = dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line.startswith("AIRFLOW_"))
    assert exported
    for name, value in exported.items():
        parts = json.loads(value)
        if name.startswith("AIRFLOW_CONN_"):
            assert set(parts) <= {"conn_type", "host", "password", "extra"}
            assert set(parts["extra"]) <= {*ALLOWED, *EXTRAS}
