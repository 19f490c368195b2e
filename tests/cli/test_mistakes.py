"""A user's mistake ends a command, as a process, with one line that says what to do, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.screens import leadway

GOOD = "from airflow.sdk import DAG\nwith DAG('customers', schedule=None):\n    pass\n"


def complaint(*arguments: str, status: int = 2, **environment: str) -> str:
    """Run a command that fails, and return the one line that it says; nothing is on standard output."""
    done = leadway(*arguments, **environment)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ValueError('not today')\n", "can't be imported: ValueError: not today"),
        ("x = (\n", "can't be imported: SyntaxError: '(' was never closed"),
        ("\0\1", "can't be imported: SyntaxError: source code string cannot contain null bytes"),
        (GOOD, "has no DAG 'people'; it has customers."),
    ],
)
def test_a_dag_file_that_has_not_the_task(tmp_path: Path, text: str, says: str) -> None:
    """Airflow's own log, with the traceback of the file, is no part of the answer."""
    file = tmp_path / "people.py"
    file.write_text(text, encoding="utf-8")
    line = complaint("plan", "people.sync", "--dags", str(file))
    assert line.startswith(f"leadway plan: {file} has no DAG 'people'; it has ")
    assert line.endswith(says)


def test_a_folder_of_dags_names_those_that_are_broken(tmp_path: Path) -> None:
    """And lists the first of those that it has."""
    for number in range(25):
        (tmp_path / f"good_{number}.py").write_text(GOOD.replace("customers", f"dag_{number:02}"), encoding="utf-8")
    (tmp_path / "broken.py").write_text(f"{GOOD}    raise KeyError('nothing')\n", encoding="utf-8")
    line = complaint("preview", "people.sync", "--dags", str(tmp_path))
    assert "it has dag_00, dag_01, " in line
    assert "dag_19 and 5 more. broken.py can't be imported: KeyError: 'nothing'" in line
