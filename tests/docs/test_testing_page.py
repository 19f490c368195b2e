"""The page about testing can be followed: its files are written down as they are there, and pytest runs them."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from leadway_provider.testing import sync_rows
from tests.docs.page import ROOT, blocks, quoted, read, table

PAGE: Final = read("docs/testing.md")
FILES: Final = {block.partition("\n")[0].removeprefix("# "): block for block in blocks(PAGE, "python")}
THROUGH_AIRFLOW: Final = ("conftest.py", "dags/customers_to_leadway.py", "test_customers_to_leadway.py")
"""The files of the part about Airflow."""
IN_MEMORY: Final = ("test_in_memory.py", "test_query.py", "test_strangers.py")
"""The files of the part without it."""


def run_pytest(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Write these files of the page into a folder, and run pytest there, as a user would."""
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(FILES[name], encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", folder, folder],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_block_is_a_file() -> None:
    """Each block begins with its file's name, so that the tests below run all of them."""
    assert set(FILES) == {*IN_MEMORY, *THROUGH_AIRFLOW}
    assert len(FILES) == len(blocks(PAGE, "python"))


@pytest.mark.parametrize("name", IN_MEMORY)
def test_the_tests_in_memory_pass(name: str, tmp_path: Path) -> None:
    """They need nothing but the file itself."""
    done = run_pytest(tmp_path, name)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_test_through_airflow_passes(tmp_path: Path) -> None:
    """The fixtures, the DAG and its test, in an Airflow of their own."""
    done = run_pytest(tmp_path, *THROUGH_AIRFLOW)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_argument_is_on_the_page() -> None:
    """The table has each argument of `sync_rows` once."""
    listed = [name for names, _ in table(PAGE, "Argument", "Meaning") for name in quoted(names)]
    assert sorted(listed) == sorted(inspect.signature(sync_rows).parameters)


def test_memory_needs_no_airflow() -> None:
    """The part without Airflow imports neither Airflow nor a database's or an HTTP client's package."""
    code = (
        "import sys, leadway_provider.testing as testing\n"
        "testing.sync_rows([{'id': 1, 'email': 'ann@example.com'}], key='id')\n"
        "print(*sorted({'airflow', 'sqlalchemy', 'httpx', 'aiohttp', 'fastapi'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""
