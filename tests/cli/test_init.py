"""`leadway init`: from a table to a DAG file that runs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import load_dags
from tests.cli.screens import assert_screen
from tests.operators.task import TaskInstance, Warehouse

OPTIONS = ["--source-conn-id", "warehouse", "--leadway-conn-id", "leadway_default", "--dag-id", "people", "--yes"]


class Terminal(io.StringIO):
    """A terminal at which that text is typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def people(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A table whose names are those of a warehouse, with one row; the present folder is empty."""
    warehouse.run(
        'CREATE TABLE people (person_id INTEGER, "E-Mail" TEXT, mobile TEXT, "given name" TEXT, surname TEXT,'
        ' zip TEXT, "Lifetime Value" TEXT, shoe_size INTEGER, "select" TEXT)'
    )
    warehouse.run(
        "INSERT INTO people VALUES (7, 'ann@example.com', '+12025550101', 'Ann', 'Muster', '8000', '12.50', 39, 'x')"
    )
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AIRFLOW__CORE__UNIT_TEST_MODE", "False")
    return warehouse


def test_the_file_that_is_written_runs(people: Warehouse, sandbox: SandboxServer) -> None:
    """Airflow loads it, and its task creates the contact with every field that was proposed."""
    assert people
    assert main(["init", *OPTIONS, "--table", "people", "--key", "person_id"]) == 0
    task = cast("Any", load_dags("people.py")["people"].get_task("sync"))
    task.state_conn_id = "state"
    report = task.execute({"ti": TaskInstance("people")})
    assert report["created"] == 1
    [contact] = sandbox.account.contacts
    sent = sandbox.account.holder("email", "ann@example.com")
    assert sent is contact
    text = Path("people.py").read_text(encoding="utf-8")
    assert "# Left out, since no field is called so: shoe_size, select." in text
    for column in (
        '"E-Mail" AS email',
        "mobile AS phone",
        "zip AS postal_code",
        '"Lifetime Value" AS "custom.Lifetime',
    ):
        assert column in text


@pytest.mark.usefixtures("people")
def test_the_screen_of_the_proposal() -> None:
    """Each column is shown with its target, before the file is written."""
    assert_screen("init", "init", *OPTIONS, "--table", "people", "--key", "person_id")


@pytest.mark.usefixtures("people")
def test_a_person_is_asked_for_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty answer takes what is shown in brackets: the likely key, and the usual connections."""
    assert main(["init"], stdin=Terminal("\npeople\n\n\n\ny\n")) == 0
    asked = capsys.readouterr().err
    assert "Column of the key [person_id]: " in asked
    assert "Id of the DAG [people_to_leadway]: " in asked
    assert Path("people_to_leadway.py").exists()


@pytest.mark.usefixtures("people")
def test_a_no_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 1."""
    options = [*OPTIONS[:-1], "--table", "people", "--key", "person_id"]
    assert main(["init", *options], stdin=Terminal("n\n")) == 1
    assert "Nothing was written." in capsys.readouterr().err
    assert not Path("people.py").exists()


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no terminal for a question; give --table"),
        (["--table", "people"], "give --key"),
        (["--table", "people", "--key", "id"], "people has no column 'id'; it has person_id, E-Mail"),
        (["--table", "nowhere", "--key", "id"], "no such table: nowhere"),
        (["--table", "(SELECT 1 AS id)", "--key", "id"], "looks like an e-mail or a phone"),
        (["--table", "people", "--key", "person_id", "--output", "/nowhere/at/all.py"], "can't be written"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and nothing is written."""
    capsys.readouterr()
    assert main(["init", *OPTIONS, *arguments], stdin=io.StringIO()) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert list(Path().iterdir()) == []


@pytest.mark.usefixtures("people")
def test_no_file_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to name another one."""
    Path("people.py").write_text("# mine", encoding="utf-8")
    assert main(["init", *OPTIONS, "--table", "people", "--key", "person_id"]) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert Path("people.py").read_text(encoding="utf-8") == "# mine"
