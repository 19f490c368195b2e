"""`leadway verify-mapping` over files of tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leadway_provider.cli import main
from tests.cli.screens import assert_screen

PASSING = """
key: id
mapping: {mobile: phone}
constants: {tags: [customer]}
rules: {phone_region: US, day_first: true}
custom_fields:
  - {name: Lifetime Value, data_type: MONETORY}
  - {name: Plan, data_type: SINGLE_OPTIONS, options: [Free, Pro]}
tests:
  - name: a plain customer
    row: {id: 1, email: " Ann@Example.com ", mobile: (202) 555-0101, custom.Lifetime Value: "12.50", custom.Plan: pro}
    contact:
      email: ann@example.com
      phone: "+12025550101"
      custom.Lifetime Value: 12.5
      custom.Plan: Pro
      tags: [customer]
  - name: a phone that can't be one is left out
    row: {id: 2, email: bob@example.com, mobile: "00"}
    contact: {email: bob@example.com, tags: [customer]}
    withheld: {phone: phone_impossible}
  - name: nobody
    row: {id: 3, email: " "}
    invalid: [no_identity]
  - name: no key
    row: {id: null, email: ann@example.com}
    invalid: [key_missing]
"""
FAILING = """
key: id
tests:
  - name: a date of birth in words
    row: {id: 1, email: ann@example.com, date_of_birth: 3 May 1990, first_name: Ann}
    contact: {email: anne@example.com, date_of_birth: "1990-05-03", city: Bern}
  - name: this one is right
    row: {id: 2, email: bob@example.com}
    contact: {email: bob@example.com}
  - name: this one is valid
    row: {id: 3, email: bob@example.com}
    invalid: [no_identity]
  - name: this one is invalid
    row: {id: 4}
    contact: {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both files, which is the present one."""
    (tmp_path / "passing.yaml").write_text(PASSING, encoding="utf-8")
    (tmp_path / "failing.yaml").write_text(FAILING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_screen_of_tests() -> None:
    """Each test is named; one that failed shows what was expected and what the mapping makes."""
    assert_screen("verify-mapping", "verify-mapping", "passing.yaml", "failing.yaml", status=1)


@pytest.mark.usefixtures("folder")
def test_tests_that_pass_are_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs there is JSON."""
    assert main(["verify-mapping", "passing.yaml", "--json"]) == 0
    assert [each["passed"] for each in json.loads(capsys.readouterr().out)] == [True, True, True, True]


@pytest.mark.usefixtures("folder")
def test_differences_name_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing, what is other, and what was not expected."""
    assert main(["verify-mapping", "failing.yaml", "--json"]) == 1
    first, right, valid, invalid = (each["differences"] for each in json.loads(capsys.readouterr().out))
    assert '- email: "anne@example.com"' in first
    assert '+ email: "ann@example.com"' in first
    assert '- city: "Bern"' in first
    assert '+ first_name: "Ann"' in first
    assert right == []
    assert valid == ['- invalid: ["no_identity"]']
    assert invalid == ['+ invalid: ["no_identity"]']


def test_custom_fields_may_be_what_the_account_printed(folder: Path) -> None:
    """The file that `leadway fields --json` wrote is named by its path beside the tests."""
    fields = [
        {
            "target": "custom.Orders",
            "id": "f1",
            "name": "Orders",
            "field_key": "contact.orders",
            "data_type": "NUMERICAL",
            "options": [],
            "allows_custom_option": False,
            "unusable": None,
        }
    ]
    (folder / "fields.json").write_text(json.dumps(fields), encoding="utf-8")
    (folder / "orders.yaml").write_text(
        "key: id\ncustom_fields: fields.json\ntests:\n"
        "  - {name: a, row: {id: 1, email: a@example.com, custom.Orders: '3'},"
        " contact: {email: a@example.com, custom.Orders: 3}}\n",
        encoding="utf-8",
    )
    assert main(["verify-mapping", str(folder / "orders.yaml")]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key: [", "is not YAML"),
        ("key: id\ntests: []", "tests: List should have at least 1 item"),
        ("key: id\ntets: []", "tets: Extra inputs are not permitted"),
        ("key: id\ntests: [{name: a, row: {id: 1, email: a@example.com}}]", "give either `contact` or `invalid`"),
        ("key: id\ntests: [{name: a, row: {id: 1, emial: x}, contact: {}}]", "the nearest is 'email'"),
        ("key: id\nrules: {stric: true}\ntests: [{name: a, row: {id: 1, email: x}, contact: {}}]", "stric"),
        ("[]", "is not a file of tests: it has no `key` and no `tests`."),
    ],
)
def test_a_wrong_file_is_status_2(tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence names the file and what is wrong in it."""
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["verify-mapping", str(file)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"leadway verify-mapping: {file}")
    assert said in line


def test_a_missing_file_is_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names it."""
    assert main(["verify-mapping", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml can't be read" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_no_airflow_no_database_and_no_network_are_loaded() -> None:
    """A user's CI needs none of them for these tests."""
    script = (
        "import sys; from leadway_provider.cli import main; main(['verify-mapping', 'passing.yaml']);"
        "print(sorted({'airflow', 'sqlalchemy', 'httpx', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
