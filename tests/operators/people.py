"""A warehouse's table of people whose columns are named as their targets, and what became of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from leadway_provider.contacts.targets import CUSTOM_PREFIX
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.dry_run import sum_of
from tests.operators.task import Warehouse, sync

Columns = Mapping[str, object]
ANN = "ann@example.com"


def fill(warehouse: Warehouse, *rows: Columns) -> None:
    """Let these be the rows of a table `people` whose columns are named as their targets, null where a row has none."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with sqlite3.connect(warehouse.file) as database:
        database.execute("DROP TABLE IF EXISTS people")
        database.execute(f"""CREATE TABLE people (id, {", ".join(f'"{column}"' for column in columns)})""")
        values = [(number, *(row.get(column) for column in columns)) for number, row in enumerate(rows, start=1)]
        database.executemany(f"INSERT INTO people VALUES (?{', ?' * len(columns)})", values)  # noqa: S608  # places only


def sync_people(run_id: str = "first", **arguments: Any) -> dict[str, Any]:
    """Sync the table `people`."""
    return sync(run_id, **({"sql": "SELECT * FROM people ORDER BY id"} | arguments))


def held(sandbox: SandboxServer, email: str = ANN) -> dict[str, Any]:
    """What the account holds of a contact, in the API's names; custom fields by name."""
    account = sandbox.account
    contact = account.holder("email", email)
    assert contact is not None
    names = {field.id: f"{CUSTOM_PREFIX}{field.name}" for field in account.custom_fields}
    custom = {names[field_id]: value for field_id, value in contact.custom.items()}
    return {**contact.as_json(account.location_id), **custom}


def stored(warehouse: Warehouse, key: int = 1) -> dict[str, list[tuple[str, str]]]:
    """What the state store says of a row: field and code, by kind of remark; `reasons` are those of its outcome."""
    with sqlite3.connect(warehouse.state) as database:
        reasons, remarks = database.execute(
            "SELECT reasons, remarks FROM leadway_row WHERE source_key = ?", [str(key)]
        ).fetchone()
    kinds = {**json.loads(remarks or "{}"), **({"reasons": json.loads(reasons)} if reasons else {})}
    return {kind: [(reason["field"], reason["code"]) for reason in found] for kind, found in kinds.items()}


def counted(report: Mapping[str, Any]) -> dict[str, int]:
    """The counts of a report that are not zero, without what a dry run tells of calls and fields."""
    apart = ("read", "calls", "seconds", "run_id", *sum_of([report]))
    return {name: number for name, number in report.items() if number and name not in apart}
