"""`leadway runs`, `waiting`, `rejected --retry` and `state upgrade | export | forget-sync` over what real runs left."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.cli import main
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store import tables
from tests.faults.instant import at
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync
from tests.services import airflow_connection
from tests.store.statements import killed

STATE = ["--state-conn-id", "state"]
ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, None) for n in range(1, 4))


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return what a command prints as JSON."""
    capsys.readouterr()
    assert main([*arguments, *STATE, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def refused(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """Two runs; the account refuses one of three rows in both."""
    warehouse.fill(*ROWS)
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="p2@example.com"))
    for run_id in ("first", "second"):
        with suppress(AirflowFailException):
            sync(run_id, retry_refused=1)
    return warehouse


@pytest.mark.usefixtures("refused")
def test_runs_are_listed_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    """`--limit` leaves older ones out."""
    runs = found(capsys, "runs")
    assert [(run["task_run"].split("/")[1], run["counts"]["created"]) for run in runs] == [("second", 0), ("first", 2)]
    assert [run["id"] for run in found(capsys, "runs", "--limit", "1")] == [runs[0]["id"]]


@pytest.mark.usefixtures("refused")
def test_refused_rows_are_tried_again_when_somebody_asks(
    sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """After its tries a row waits; `--retry` gives it new ones, which the next run uses."""
    assert sync("third", retry_refused=1, max_rejected=9)["refused"] == 1
    sandbox.faults.clear()
    assert sync("fourth", retry_refused=1, max_rejected=9)["refused"] == 1
    capsys.readouterr()
    assert main(["rejected", "--retry", *STATE]) == 0
    assert "the next runs try 1 refused row again" in capsys.readouterr().out
    assert sync("fifth", retry_refused=1)["created"] == 1
    assert main(["rejected", "--retry", "--csv", *STATE]) == 2


def test_what_waits_is_shown_with_its_keys(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that a run could not deliver are pending; `--limit` bounds the keys and not the count."""
    warehouse.fill(*ROWS)
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, path="/contacts/*"))
    with pytest.raises(UnavailableError):
        sync("first", timing=NEVER_AGAIN)
    [waits] = found(capsys, "waiting")
    [pending] = waits["waiting"]
    assert (pending["state"], pending["rows"], pending["keys"]) == ("pending", 3, ["1", "2", "3"])
    assert found(capsys, "waiting", "--limit", "1")[0]["waiting"][0]["keys"] == ["1"]
    sandbox.faults.clear()
    sync("second")
    assert found(capsys, "waiting")[0]["waiting"] == []
    assert main(["waiting", *STATE]) == 0
    assert "  waiting  no row" in capsys.readouterr().out


@pytest.mark.usefixtures("refused")
def test_every_row_is_exported(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Key and contact id of each row, as CSV and as JSON lines; and no value of a contact."""
    capsys.readouterr()
    assert main(["state", "export", *STATE]) == 0
    text = capsys.readouterr().out
    assert "example.com" not in text
    rows = {row["source_key"]: row for row in csv.DictReader(io.StringIO(text))}
    ids = {contact.id for contact in sandbox.account.contacts}
    assert {rows["1"]["contact_id"], rows["3"]["contact_id"]} == ids
    assert (rows["2"]["outcome"], rows["2"]["contact_id"]) == ("refused", "")
    assert main(["state", "export", "--json", *STATE]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["source_key"]: line["acknowledged"] for line in lines} == {"1": True, "2": False, "3": True}


def test_a_forgotten_sync_leaves_nothing(refused: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """No table has anything of it; another sync keeps all, and the sync can begin anew."""
    sync("other", sync_name="another", max_rejected=9)
    assert main(["state", "forget-sync", "--sync", "customers.sync", "--yes", *STATE]) == 0
    with closing(sqlite3.connect(refused.state)) as database:
        left = database.execute("SELECT name FROM leadway_sync").fetchall()
        assert left == [("another",)]
        for name, table in tables.metadata.tables.items():
            if "sync_id" in table.c:
                owners = database.execute(f"SELECT DISTINCT sync_id FROM {name}").fetchall()  # noqa: S608 - our own names
                assert len(owners) <= 1, name
    capsys.readouterr()
    assert main(["syncs", "--sync", "customers.sync", *STATE]) == 1
    assert sync("anew", max_rejected=9)["read"] == 3


@pytest.mark.usefixtures("refused")
def test_forgetting_needs_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal the option is needed, and nothing is deleted."""
    assert main(["state", "forget-sync", "--sync", "customers.sync", *STATE], stdin=io.StringIO("y\n")) == 2
    assert "--yes" in capsys.readouterr().err
    assert len(found(capsys, "runs")) == 2


@pytest.mark.usefixtures("no_state")
def test_the_tables_are_upgraded_or_said_to_be_current(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty file gets the tables; a second time nothing is done; a newer version is left alone."""
    warehouse.state.touch()
    for said in ("was upgraded", "is up to date"):
        capsys.readouterr()
        assert main(["state", "upgrade", *STATE]) == 0
        assert said in capsys.readouterr().out
    with closing(sqlite3.connect(warehouse.state)) as database:
        database.execute("UPDATE leadway_alembic_version SET version_num = '9999'")
        database.commit()
    assert main(["state", "upgrade", *STATE]) == 2
    assert "A newer version wrote it" in capsys.readouterr().err


def test_an_interrupted_upgrade_says_what_it_left(
    empty_url: sa.URL, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one transaction, except on MariaDB; the same command then completes it."""
    monkeypatch.setenv("AIRFLOW_CONN_STATE", airflow_connection(empty_url))
    with at("ALTER TABLE leadway_run ADD", killed):
        assert main(["state", "upgrade", *STATE]) == 130
    whole = "the tables were upgraded all together or not at all, and the same command can be given again."
    parts = "a part of the tables may be upgraded, and the same command does the rest."
    in_parts = empty_url.get_backend_name() == "mysql"
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"leadway state upgrade: interrupted: {parts if in_parts else whole}\n")
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    assert sa.inspect(engine).has_table("leadway_run") == in_parts
    assert main(["state", "upgrade", *STATE]) == 0
    assert sa.inspect(engine).has_table("leadway_run")
