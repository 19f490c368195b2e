"""What `make up` promises beyond a running Airflow: connections, examples, and a state that stays."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from demo.connections import main as write_connections
from demo.stage import REPOSITORY, Stage
from demo.up import SETTINGS, described_examples


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A folder of its own, in which nothing has run."""
    return Stage(tmp_path / "up")


@pytest.fixture
def connections(stage: Stage, airflow_db: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The connections that a first start writes into Airflow's database."""
    assert airflow_db.exists()
    delete_connections()
    yield stage.connections("http://127.0.0.1:8808")
    delete_connections()


def delete_connections() -> None:
    """Leave Airflow's database, which tests share, without any."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(Connection))


def start(connections: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Write the connections as a start does, and return what Airflow then has, by id."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    write_connections(io.StringIO(json.dumps(connections)))
    with create_session() as session:
        found = session.scalars(select(Connection)).all()
        return {
            each.conn_id: (each.conn_type, each.host, each.port, each.password, each.extra_dejson) for each in found
        }


def test_the_connections_are_in_airflows_database(connections: dict[str, dict[str, Any]]) -> None:
    """So the form shows them, and its test accepts them: it refuses one that has no port."""
    written = start(connections)
    assert written.keys() == {"warehouse", "leadway_default", "leadway_agency"}
    kind, host, port, _, extra = written["leadway_default"]
    assert (kind, host, port, extra["location_id"]) == ("leadway", "http://127.0.0.1", 8808, "sandbox-location")
    assert None not in {port for _, _, port, *_ in written.values()}


def test_what_a_person_changed_in_a_connection_stays(stage: Stage, connections: dict[str, dict[str, Any]]) -> None:
    """The next start only writes where Leadway is now, whose port may have been taken."""
    connections["leadway_default"]["password"] = "a person's own"
    start(connections)
    _, host, port, password, _ = start(stage.connections("http://127.0.0.1:9909"))["leadway_default"]
    assert (host, port, password) == ("http://127.0.0.1", 9909, "a person's own")


def test_the_warehouse_stays(stage: Stage) -> None:
    """A row that a person deleted is not there at the next start, until `make clean`."""
    rows = stage.keep()
    with closing(sqlite3.connect(stage.warehouse)) as database:
        database.execute("DELETE FROM customers WHERE rowid = 1")
        database.commit()
    assert stage.keep() == rows - 1
    assert stage.clear() == rows


def test_every_example_is_told_of() -> None:
    """Each by its name, and by what it does in a sentence."""
    told = dict(described_examples())
    assert told.keys() == {file.stem for file in (REPOSITORY / "dags").glob("*.py")}
    assert [name for name, says in told.items() if not says.endswith((".", ":"))] == []


def test_new_files_are_looked_for_within_30_seconds() -> None:
    """Airflow looks every five minutes, unless it is told to do so more often."""
    assert int(SETTINGS["AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL"]) <= 30
