"""What one test's syncs read and write."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from leadway_provider.sandbox.server import SandboxServer
from tests.deployment.deployment import Deployment, Run, until
from tests.operators.task import Warehouse


@dataclass(frozen=True)
class Scene:
    """An account, a warehouse and a state, behind connections that begin with the scene's name."""

    name: str
    deployment: Deployment
    sandbox: SandboxServer
    warehouse: Warehouse

    def connect(self, **parts: Any) -> None:
        """Let the account's connection say this; `extra` is added to what it needs."""
        extra = {"location_id": "sandbox-location", "quota_requests": 10_000, "quota_seconds": 1}
        extra |= {"state_conn_id": f"{self.name}_state", **parts.pop("extra", {})}
        self.deployment.connect(f"{self.name}_account", "leadway", host=self.sandbox.url, **parts, extra=extra)

    def fill(self, rows: int, first_name: str = "Ann") -> None:
        """Let there be so many customers of that name."""
        self.warehouse.fill(*((n, f"p{n}@example.com", first_name, None, None) for n in range(1, rows + 1)))

    def trigger(self, dag_id: str = "customers", day: str | None = None) -> Run:
        """Begin a run of a DAG over this scene."""
        return self.deployment.trigger(dag_id, self.name, day)

    def arrived(self, calls: int) -> None:
        """Return when so many upserts have arrived."""
        until(lambda: len(self.sandbox.journal.writes) >= calls)

    @property
    def sent(self) -> int:
        """Calls that write a contact and have arrived."""
        return len(self.sandbox.journal.writes)

    @property
    def waiting(self) -> int:
        """Rows in the outbox."""
        with sqlite3.connect(self.warehouse.state) as database:
            rows: int = database.execute("SELECT count(*) FROM leadway_outbox").fetchone()[0]
            return rows
