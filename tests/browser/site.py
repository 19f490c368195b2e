"""A whole Airflow with logins, whose DAGs have run or run now, and the page inside it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from demo.processes import ProcessGroups
from demo.standalone import Standalone
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings

USERS: Final = {"ada": "admin", "vic": "viewer", "guest": ""}
"""The people and their roles; a guest may not read any DAG."""
HOSTILE: Final = "<script>alert(1)</script>\x1b]0;title\x07\u202e"
APP_URL: Final = "https://crm.example.com"
MANY: Final = 9_000
"""Rows whose delivery, at a call of 0.2 seconds each, goes on for half an hour: until the end of the tests ends it."""
_PATIENCE: Final = 300.0


@dataclass(frozen=True)
class Site:
    """An Airflow that is up.

    Attributes:
        url: its address.
        state: the state store's file.
    """

    url: str
    state: Path

    @cached_property
    def _api(self) -> httpx.Client:
        body = {"username": "ada", "password": password("ada")}
        token = httpx.post(f"{self.url}/auth/token", json=body, trust_env=False, timeout=60).json()["access_token"]
        return httpx.Client(base_url=f"{self.url}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def trigger(self, dag_id: str) -> str:
        """Begin a run of a DAG as soon as Airflow knows it, and return its id."""
        until(f"Airflow knows the DAG {dag_id}", lambda: self._api.get(f"dags/{dag_id}").is_success)
        begun = self._api.post(f"dags/{dag_id}/dagRuns", json={"logical_date": None})
        assert begun.is_success, begun.text
        dag_run_id: str = begun.json()["dag_run_id"]
        return dag_run_id

    def is_over(self, dag_id: str, dag_run_id: str) -> bool:
        """Return whether a run has ended, however."""
        state = self._api.get(f"dags/{dag_id}/dagRuns/{dag_run_id}").json()["state"]
        return state in {"success", "failed"}

    def is_delivering(self, dag_id: str) -> bool:
        """Return whether a run of a DAG delivers."""
        status = "SELECT 1 FROM leadway_run WHERE task_run LIKE ? || '/%' AND status = 'delivering'"
        return bool(self.ask(status, dag_id))

    def links(self, dag_id: str, dag_run_id: str) -> dict[str, str | None]:
        """Return the extra links of a run's task."""
        found: dict[str, str | None] = self._api.get(
            f"dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/sync/links"
        ).json()["extra_links"]
        return found

    def log(self, dag_id: str, dag_run_id: str) -> str:
        """Return the log of a run's task, of its last try, as Airflow's page gets it."""
        task = f"dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/sync"
        number = self._api.get(task).json()["try_number"]
        return self._api.get(f"{task}/logs/{number}", headers={"Accept": "application/json"}).text

    def audited(self, event: str) -> set[tuple[str, str]]:
        """Return of which DAGs Airflow's audit log has this event, and who did it."""
        found = self._api.get("eventLogs", params={"event": event}).json()["event_logs"]
        return {(each["dag_id"], each["owner"]) for each in found}

    def ask(self, query: str, *values: str) -> list[Any]:
        """Ask the state store."""
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()


def password(user: str) -> str:
    """Return how a user logs in."""
    return f"{user}-logs-in"


def until(what: str, condition: Callable[[], object]) -> None:
    """Return once a condition holds; an Airflow that is too busy to answer is asked again."""
    give_up_at = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up_at:
        with suppress(httpx.TransportError):
            if condition():
                return
        time.sleep(0.2)
    raise AssertionError(f"it never came to this: {what}")


@contextmanager
def airflow_site(home: Path, metadata: sa.URL) -> Iterator[Site]:
    """Run an Airflow with the DAGs of `dag_files`, a warehouse and an account.

    Args:
        home: a folder for everything that is written.
        metadata: Airflow's database.
    """
    _build(home / "warehouse.db")
    (home / "passwords.json").write_text(json.dumps({user: password(user) for user in USERS}), encoding="utf-8")
    state = home / "state.db"
    with SandboxServer(Settings(latency=0.2)) as sandbox, ProcessGroups() as processes:
        account = {
            "conn_type": "leadway",
            "host": sandbox.url,
            "password": "sandbox-token",
            "extra": {"location_id": "sandbox-location", "quota_requests": 1000, "quota_seconds": 1},
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")} | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(home / "warehouse.db")}),
            "AIRFLOW_CONN_STATE": json.dumps({"conn_type": "sqlite", "host": str(state)}),
            "AIRFLOW_CONN_LEADWAY_DEFAULT": json.dumps(account),
            "AIRFLOW__LEADWAY__STATE_CONN_ID": "state",
            "AIRFLOW__LEADWAY__APP_URL": APP_URL,
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "dag_files"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.render_as_string(hide_password=False),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "PYTHONWARNINGS": "ignore",
        }
        standalone = Standalone(processes, environment, home / "log")
        standalone.wait_until_healthy()
        yield Site(standalone.url, state)


def _build(warehouse: Path) -> None:
    with closing(sqlite3.connect(warehouse)) as database:
        database.execute("CREATE TABLE people (id TEXT, email TEXT, first_name TEXT)")
        people = [(f"{number}", f"p{number}@example.com", "Ann") for number in range(1, 40)]
        people += [("wrong", "not an e-mail", "Bob"), (HOSTILE, "nor this", "Eve")]
        database.executemany("INSERT INTO people VALUES (?, ?, ?)", people)
        database.execute("CREATE TABLE many (id INTEGER, email TEXT, name TEXT)")
        many = [(number, f"m{number}@example.com", "Cy") for number in range(MANY)]
        database.executemany("INSERT INTO many VALUES (?, ?, ?)", many)
        database.commit()
