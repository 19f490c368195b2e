"""`leadway rejected` over what real runs of the operator left behind."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)
NOBODY: Row = (3, None, "Nobody", None, None)
NEITHER: Row = (4, None, "Neither", None, None)
STATE = ["--state-conn-id", "state"]


def run(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run the sync; rejected rows do not fail it."""
    return sync(run_id, **({"max_rejected": 9} | arguments))


def rejected(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command prints."""
    capsys.readouterr()
    assert main(["rejected", *arguments, *STATE]) == 0
    return capsys.readouterr().out


def rejected_csv(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    """Return the lines of the command's CSV."""
    return list(csv.DictReader(io.StringIO(rejected(capsys, "--csv", *arguments))))


@pytest.fixture
def account(sandbox: SandboxServer) -> SandboxServer:
    """An account that refuses Bob."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    return sandbox


@pytest.fixture
def found(warehouse: Warehouse, account: SandboxServer) -> dict[str, Any]:
    """The report of a run with one created, one refused and two invalid rows."""
    assert account
    warehouse.fill(ANN, BOB, NOBODY, NEITHER)
    return run("first")


def test_rows_are_counted_by_reason_and_shown(
    found: dict[str, Any], account: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sync and account, the rows by outcome and by reason, then each key with its reasons."""
    said = rejected(capsys)
    lines = said.splitlines()
    assert lines[:5] == [
        "Sync customers.sync",
        f"  account  sandbox-location at {account.url}",
        "  rejected 2 invalid, 1 refused",
        "    invalid  2 no_identity",
        "    refused  1 refused_by_api",
    ]
    shown = re.findall(r"^  (\d)  (\w+) since [-\d]+ [:\d]+ UTC$", said, re.MULTILINE)
    assert shown == [("3", "invalid"), ("4", "invalid"), ("2", "refused")]
    assert "    because  Unprocessable Entity (refused_by_api)" in lines
    assert "    next     5 more runs try it again" in lines
    [of_run] = set(rejected(capsys, "--run", found["run_id"]).splitlines()) - set(lines)
    assert of_run.startswith(f"  run      {found['run_id']}, began ")


@pytest.mark.usefixtures("found")
def test_a_row_that_no_run_tries_again_is_still_listed(
    warehouse: Warehouse, account: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run uses one try up; then the row waits until it changes, also where later runs do not read it."""
    assert account
    warehouse.fill(BOB)
    tries = []
    for number in range(3):
        run(f"again {number}", retry_refused=2)
        [bob] = [row for row in rejected_csv(capsys) if row["source_key"] == "2"]
        tries.append(bob["tries_left"])
    assert tries == ["1", "0", "0"]
    warehouse.fill(ANN, (3, "nobody@example.com", "Nobody", None, None))
    run("without Bob", incremental=True, retry_refused=2)
    assert [row["source_key"] for row in rejected_csv(capsys)] == ["4", "2"]
    assert "  rejected no row" in rejected(capsys, "--run", "last")


@pytest.mark.usefixtures("found")
def test_a_row_without_a_try_says_what_ends_that(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """The text names the change that it waits for; with one try left, it is one run."""
    warehouse.fill(BOB)
    run("again", retry_refused=2)
    assert "    next     1 more run tries it again" in rejected(capsys)
    run("and again", retry_refused=2)
    assert "    next     it is not sent again until it changes" in rejected(capsys)


@pytest.mark.usefixtures("found")
def test_a_reason_a_limit_and_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """`--reason` chooses rows by code; what `--limit` leaves out is counted."""
    said = rejected(capsys, "--reason", "no_identity", "--limit", "1")
    assert "  rejected 2 invalid" in said.splitlines()
    assert re.findall(r"^  (\d)  ", said, re.MULTILINE) == ["3"]
    assert "1 more row is not shown: --limit shows more, and --csv shows all." in said
    assert "  rejected no row" in rejected(capsys, "--reason", "email_malformed").splitlines()
    assert [row["source_key"] for row in rejected_csv(capsys, "--limit", "2")] == ["3", "4"]


@pytest.mark.usefixtures("account")
def test_a_dry_run_shows_what_it_found(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Its invalid rows are those of a plan: nothing was sent, so nothing was refused."""
    warehouse.fill(ANN, BOB, NOBODY)
    report = run("dry", dry_run=True)
    for chosen in (report["run_id"], "last"):
        said = rejected(capsys, "--run", chosen)
        assert "  rejected 1 invalid" in said.splitlines()
        assert "  3  invalid" in said.splitlines()
    assert "  rejected no row" in rejected(capsys)


@pytest.mark.usefixtures("account")
def test_hostile_keys_stay_data(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal gets escapes in place of control characters, and a spreadsheet no formula."""
    warehouse.run("DROP TABLE customers")
    warehouse.run("CREATE TABLE customers (id TEXT, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    keys = ["=HYPERLINK(1)", "\x1b[31mred", "two\nlines", "@sum", "\u202eright"]
    warehouse.fill(*((key, None, "Nobody", None, None) for key in keys))
    run("first")
    said = rejected(capsys)
    assert {each for each in said if not each.isprintable()} == {"\n"}
    for shown in ("\\x1b[31mred  invalid", "two\\nlines  invalid", "\\u202eright  invalid"):
        assert shown in said
    cells = {row["source_key"] for row in rejected_csv(capsys)}
    assert cells == {"'=HYPERLINK(1)", "\\x1b[31mred", "two\\nlines", "'@sum", "\\u202eright"}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--sync", "orders"], 1, "no sync 'orders'; it has 'customers.sync' to 'sandbox-location'"),
        (["--location", "x"], 1, "no sync to location 'x'"),
        (["--run", "0" * 32], 1, f"no run '{'0' * 32}' of the chosen syncs"),
    ],
)
def test_what_is_not_there_is_an_error(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence on standard error, and nothing on standard output."""
    capsys.readouterr()
    assert main(["rejected", *arguments, *STATE]) == status
    shown = capsys.readouterr()
    assert shown.err.startswith("leadway rejected: ")
    assert said in shown.err
    assert not shown.out


@pytest.mark.usefixtures("found")
def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts: rows by outcome, counts by reason, and each row with its reasons."""
    [of_sync] = json.loads(rejected(capsys, "--json"))
    assert of_sync["rejected"] == {"invalid": 2, "refused": 1}
    assert {(each["code"], each["rows"]) for each in of_sync["reasons"]} == {("no_identity", 2), ("refused_by_api", 1)}
    assert [(row["source_key"], row["outcome"]) for row in of_sync["rows"]] == [
        ("3", "invalid"),
        ("4", "invalid"),
        ("2", "refused"),
    ]


def test_a_limit_of_no_rows_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and the message names the option and what it takes."""
    assert main(["rejected", "--limit", "0"]) == 2
    said = capsys.readouterr().err
    assert "--limit" in said
    assert "x>=1" in said or "greater than or equal to 1" in said  # depends on the version of click


@pytest.mark.usefixtures("found")
def test_as_a_process_it_changes_nothing(warehouse: Warehouse) -> None:
    """The state store is the same byte for byte."""
    before = warehouse.state.read_bytes()
    command = [sys.executable, "-m", "leadway_provider.cli", "rejected", *STATE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sync customers.sync\n")
    assert warehouse.state.read_bytes() == before


@pytest.mark.usefixtures("warehouse")
def test_no_value_of_a_contact_is_printed(
    warehouse: Warehouse, account: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys, codes and sentences only, also of a refused row."""
    account.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="zora.quillfeather@example.com"))
    warehouse.fill((9, "zora.quillfeather@example.com", "Quillfeather", "00", "Atlantis"), NOBODY)
    run("first")
    said = rejected(capsys) + rejected(capsys, "--csv")
    assert "9  refused" in said
    assert not re.search("quillfeather|atlantis", said, re.IGNORECASE)
