"""`leadway trace` over what real runs of the operator left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.cli import main
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, Row, Warehouse, sync

ANN: Row = (700001, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "Liechtenstein")
BOB: Row = (700002, "bob.zabriskie@example.com", "Zabriskie", "00", "Atlantis")
CONSTANTS = {"tags": ["newsletter-xk"], "source": "warehouse-xk"}
STATE = ["--state-conn-id", "state"]


def trace(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command prints."""
    capsys.readouterr()
    assert main(["trace", *arguments]) == 0
    return capsys.readouterr().out


def trace_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Return what the command prints as JSON."""
    found: list[dict[str, Any]] = json.loads(trace(capsys, *arguments, "--json"))
    return found


@pytest.fixture
def delivered(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """Ann: created, refused, updated. Bob: created without the values that can't be sent."""
    warehouse.fill(ANN, BOB)
    sync("first", constants=CONSTANTS)
    warehouse.run("UPDATE customers SET first_name = 'Quillfeather-Moss' WHERE id = 700001")
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="ann.quillfeather@example.com"))
    with suppress(AirflowFailException):
        sync("second", constants=CONSTANTS)
    sync("third", constants=CONSTANTS)
    return warehouse


@pytest.mark.usefixtures("delivered")
def test_a_history_is_printed_as_text(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Sync, account, contact and present state come first, then each delivery with its run, status and columns."""
    said = trace(capsys, "--key", "700001", *STATE)

    ann = sandbox.account.holder("email", "ann.quillfeather@example.com")
    assert ann
    lines = said.splitlines()
    assert lines[0] == "Key 700001 of sync customers.sync"
    assert f"  account  sandbox-location at {sandbox.url}" in lines
    assert f"  contact  {ann.id}" in lines
    assert re.search(
        r"^  now +updated, acknowledged at [-\d]+ [:\d]+ UTC; no run has found it changed since$", said, re.MULTILINE
    )
    heads = re.findall(r"^  [-\d]+ [:\d]+ UTC  (\w+) +(HTTP \d+)", said, re.MULTILINE)
    assert heads == [("created", "HTTP 201"), ("refused", "HTTP 422"), ("updated", "HTTP 200")]
    assert re.findall(r"^    task +(.*)$", said, re.MULTILINE) == [
        f"customers.sync in DAG run {run}" for run in ("first", "second", "third")
    ]
    assert len(re.findall(r"^    run +[0-9a-f]{12}, attempt 1, began [-\d]+ [:\d]+ UTC$", said, re.MULTILINE)) == 3
    assert "    sent     email ← email, first_name ← first_name, phone ← phone, country ← country," in lines
    assert "             source ← a constant, tags ← a constant" in lines
    assert "    because  Unprocessable Entity (refused_by_api)" in lines
    assert max(map(len, lines)) <= 100


@pytest.mark.usefixtures("delivered")
def test_a_value_that_was_left_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The field and the reason are in its delivery, and in the present state of the row."""
    said = trace(capsys, "--key", "700002", *STATE)

    assert "    sent     email ← email, first_name ← first_name, source ← a constant, tags ← a constant" in said
    for sign in ("phone_", "country_unknown"):
        assert re.search(rf"^    left out [\s\S]*?{sign}", said, re.MULTILINE)
        assert re.search(rf"^  withheld [\s\S]*?{sign}", said, re.MULTILINE)


@pytest.mark.usefixtures("delivered")
def test_a_history_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the same facts with the CRM's own ids, and nothing else is on standard output."""
    [history] = trace_json(capsys, "--key", "700001", *STATE)

    assert [each["outcome"] for each in history["deliveries"]] == ["created", "refused", "updated"]
    # The API's answer to an update by id has no trace id.
    assert [each["trace_id"] is not None for each in history["deliveries"]] == [True, False, False]
    first = history["deliveries"][0]
    assert {"field": "phone", "column": "phone"} in first["sent"]
    assert {"field": "tags", "column": None} in first["sent"]
    assert first["run"]["task_run"] == "customers/first/sync/-1"
    assert set(first["run"]["versions"]) == {"leadway-provider", "apache-airflow", "sqlalchemy", "python"}
    assert history["contact_id"] == first["contact_id"]
    assert history["now"]["acknowledged"] is True
    assert trace_json(capsys, "--contact", first["contact_id"], *STATE) == [history]


def test_a_delivery_has_the_number_of_its_attempt(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run has several attempts, and each delivery belongs to one of them."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob.zabriskie@example.com"))
    with pytest.raises(AirflowFailException):
        sync("first", max_in_flight=1)
    waiting = trace(capsys, "--key", "700002", *STATE)
    report = sync("first", max_in_flight=1)

    found = [trace_json(capsys, "--key", key, *STATE)[0]["deliveries"] for key in ("700001", "700002")]

    assert [(each["run"]["id"], each["attempt"]) for [each] in found] == [(report["run_id"], 1), (report["run_id"], 2)]
    assert f"waits in the outbox of run {report['run_id']}" in waiting


def test_a_key_of_several_syncs(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """The history of each sync is printed, or only that of the sync that is named."""
    warehouse.fill(ANN)
    sync("first")
    sync("first", sync_name="vip customers")
    both = trace(capsys, "--key", "700001", *STATE)
    one = trace_json(capsys, "--key", "700001", "--sync", "vip customers", "--location", "sandbox-location", *STATE)

    assert re.findall(r"^Key 700001 of sync (.*)$", both, re.MULTILINE) == ["customers.sync", "vip customers"]
    assert [each["sync"] for each in one] == ["vip customers"]


@pytest.mark.usefixtures("delivered")
def test_several_keys_are_traced_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which they are given; one that is not known is named, and the status is 1."""
    found = trace_json(capsys, "--key", "700002", "--key", "700001", "--key", "700002", *STATE)
    assert [each["source_key"] for each in found] == ["700002", "700001"]
    assert main(["trace", "--key", "700001", "--key", "17", "--json", *STATE]) == 1
    said = capsys.readouterr()
    assert [each["source_key"] for each in json.loads(said.out)] == ["700001"]
    assert "key '17' is not in the state" in said.err


@pytest.mark.usefixtures("delivered")
def test_a_run_alone_is_all_that_it_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, or the last one; a person sees some keys, and is told that there may be more."""
    [ann] = trace_json(capsys, "--run", "last", *STATE)
    assert (ann["source_key"], [each["outcome"] for each in ann["deliveries"]]) == ("700001", ["updated"])
    first = trace_json(capsys, "--key", "700002", *STATE)[0]["deliveries"][0]["run"]["id"]
    both = trace_json(capsys, "--run", first, *STATE)
    assert sorted(each["source_key"] for each in both) == ["700001", "700002"]
    assert {each["outcome"] for history in both for each in history["deliveries"]} == {"created"}
    assert len(trace_json(capsys, "--run", first, "--limit", "1", *STATE)) == 1
    assert main(["trace", "--run", first, "--limit", "1", *STATE]) == 0
    assert "--limit shows more" in capsys.readouterr().err


@pytest.mark.usefixtures("delivered")
def test_a_trace_of_nothing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says what can be given, or what is not there."""
    assert main(["trace", *STATE]) == 2
    assert "give --key, --contact or --run" in capsys.readouterr().err
    assert main(["trace", "--key", "1", "--contact", "c", *STATE]) == 2
    assert main(["trace", "--run", "0123456789ab", *STATE]) == 1
    assert "has no run '0123456789ab'" in capsys.readouterr().err


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key", "17"], "key '17' is not in the state of 'customers.sync'"),
        (["--contact", "nobody"], "contact 'nobody' is not in the state of 'customers.sync'"),
        (["--key", "700001", "--sync", "orders"], "no sync 'orders'; it has 'customers.sync' to 'sandbox-location'"),
        (["--key", "700001", "--location", "x"], "no sync to location 'x'; it has 'customers.sync'"),
    ],
)
def test_an_unknown_key_contact_or_sync_is_an_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 1, a sentence on standard error, and nothing on standard output."""
    capsys.readouterr()
    assert main(["trace", *arguments, *STATE]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("leadway trace: ")
    assert said in shown.err
    assert not shown.out


def test_runs_of_an_older_version(delivered: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a run has no columns stored, or was deleted, the rest of the history is printed."""
    with sqlite3.connect(delivered.state) as database:
        runs = [run for (run,) in database.execute("SELECT id FROM leadway_run ORDER BY started_at")]
        database.execute("UPDATE leadway_run SET query = NULL, columns = NULL, versions = NULL WHERE id = ?", runs[:1])
        database.execute("DELETE FROM leadway_run WHERE id = ?", runs[2:])
    said = trace(capsys, "--key", "700001", *STATE)

    assert said.count("    sent     fields that are no longer known") == 2
    assert f"    run      {runs[2]:012x}, attempt 1, of which nothing else is kept" in said
    assert len(trace_json(capsys, "--key", "700001", *STATE)[0]["deliveries"]) == 3


def test_a_wide_contact_is_broken_between_fields(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """No line is longer than 100 characters, and no field is cut."""
    warehouse.fill(ANN)
    names = ["last_name", "address1", "city", "state", "postal_code", "company_name", "website", "gender"]
    columns = ", ".join(f"'Vaduz' AS {name}" for name in names)
    sync(sql=f"SELECT id, email, first_name, {columns} FROM customers")  # noqa: S608 - names only
    said = trace(capsys, "--key", "700001", *STATE)

    assert max(map(len, said.splitlines())) <= 100
    for name in ("last_name", "address1", "city", "state", "postal_code", "company_name"):
        assert f"{name} ← {name}" in re.sub(r"\n +", " ", said)


@pytest.mark.usefixtures("warehouse")
def test_without_a_state_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the default file does not exist, the command ends with status 2, says what to do, and makes no file."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "elsewhere"))
    assert main(["trace", "--key", "1"]) == 2
    assert "--state-conn-id" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("warehouse")
def test_a_database_without_a_state_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection to any other database: status 2, the connection's id, and the database stays as it is."""
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE orders (id INTEGER)")
    before = other.read_bytes()
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", f"sqlite:///{other}")

    assert main(["trace", "--key", "1", "--state-conn-id", "other"]) == 2

    assert "State store 'other' has no tables of leadway-provider" in capsys.readouterr().err
    assert other.read_bytes() == before


def test_the_default_file_needs_no_connection(delivered: Warehouse, tmp_path: Path) -> None:
    """In a process of its own, the command reads the file in the Airflow home."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(delivered.state, home / "leadway_state.db")
    done = subprocess.run(
        [sys.executable, "-m", "leadway_provider.cli", "trace", "--key", "700001"],
        env=os.environ | {"AIRFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Key 700001 of sync customers.sync\n")


@pytest.mark.usefixtures("airflow_db")
def test_a_connection_in_airflows_own_database(delivered: Warehouse) -> None:
    """Airflow lets only certain processes read its connections; the command is one, and prints only the history."""
    from airflow.models import Connection
    from airflow.utils.session import create_session

    kept = Connection(conn_id="kept_state", conn_type="sqlite", host=str(delivered.state))  # noqa: AIR311 - the SDK's is no row of a table
    with create_session() as session:
        session.add(kept)
    environment = {name: value for name, value in os.environ.items() if name != "_AIRFLOW_PROCESS_CONTEXT"}
    command = [sys.executable, "-m", "leadway_provider.cli", "trace", "--key", "700001", "--json"]
    done = subprocess.run(
        [*command, "--state-conn-id", "kept_state"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)[0]["deliveries"]) == 3


def test_no_value_is_in_the_ledger_or_in_what_is_printed(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger and the output have the keys of the source and the names of fields, also after a refusal."""
    rows: list[Row] = [
        (700001 + n, f"person{n}.ravenswood@example.com", f"Ravenswood{n}", f"+1202555010{n}", "Liechtenstein")
        for n in range(5)
    ]
    warehouse.fill(*rows)
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="person0.ravenswood@example.com"))
    with suppress(AirflowFailException):
        sync(constants=CONSTANTS)
    sync("second", constants=CONSTANTS)
    engine = sa.create_engine(f"sqlite:///{warehouse.state}")
    with engine.connect() as connection:
        ledger = repr(connection.execute(sa.text("SELECT * FROM leadway_delivery")).all())
        kept = repr(connection.execute(sa.text("SELECT * FROM leadway_run")).all())
    engine.dispose()
    assert ledger.count("refused") >= 1
    shown = [trace(capsys, "--key", str(row[0]), *extra, *STATE) for row in rows for extra in ((), ("--json",))]
    values = [str(value) for row in rows for value in row[1:]] + ["newsletter-xk", "warehouse-xk", "2025550"]

    assert SQL[:10] in kept
    for value in values:
        for text in (ledger, kept, *shown):
            assert value not in text
