"""The plan of a dry run, written where a person can look at it: a table of a database, or a CSV file."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.operators.timing import Timing
from leadway_provider.printable import printable_log, spreadsheet_cell
from leadway_provider.source.engine import Engine
from leadway_provider.source.plan_table import plan_table
from leadway_provider.sync.plan_entry import PLAN_COLUMNS, PlanEntry
from leadway_provider.sync.plan_target import PlanFile, PlanTable, PlanTarget
from leadway_provider.sync.request import SyncIdentity, SyncRequest
from leadway_provider.words import counted

log = printable_log(__name__)

Write = Callable[[Sequence[PlanEntry]], None]
"""Writes rows of a plan."""

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SIGNS: Final = re.compile(r"[=+\-@]")


@dataclass(frozen=True, slots=True)
class PlanOutput:
    """Where the plan of one run is written.

    Attributes:
        target: the table or file; None where the plan is not written.
        engine: the database of a table.
        common: what is the same in every row: sync, account, run and time.
    """

    target: PlanTarget | None
    engine: Engine | None = field(repr=False)
    common: Mapping[str, Any]

    @contextmanager
    def open(self) -> Iterator[Write]:
        """Give what writes rows; all of them are there at the end of the block, and none if it raises.

        Raises:
            ConfigurationError: the table or file can't be written.
            SourceUnavailableError: the database is out of reach.
        """
        rows = 0
        with self._opened() as write:

            def count_and_write(page: Sequence[PlanEntry]) -> None:
                nonlocal rows
                rows += len(page)
                write(page)

            yield count_and_write
        if self.target is not None:
            log.info("The plan is in %s: %s", self._name, counted(rows, "row"))

    @property
    def _name(self) -> str:
        target = self.target
        if target is None or isinstance(target, PlanFile):
            return target.path if target else ""
        return f"table {target.name} of connection {target.conn_id}"

    def _opened(self) -> AbstractContextManager[Write]:
        if isinstance(self.target, PlanTable) and self.engine is not None:
            return _table(self.target, self.engine, self.common)
        return _csv_file(self.target, self.common) if isinstance(self.target, PlanFile) else nullcontext(_nowhere)


def plan_output(
    request: SyncRequest, sync: SyncIdentity, run_id: str, engine: Engine | None, timing: Timing, *, of_many: bool
) -> PlanOutput:
    """Return where a dry run writes its plan; of many accounts, each has a file of its own."""
    target, of = request.plan_to, {"sync_name": sync.name, "location_id": sync.location_id, "run_id": run_id}
    if isinstance(target, PlanFile) and of_many:
        target = target.of_account(sync.location_id)
    return PlanOutput(target, engine, {**of, "created_at": timing.clock.now()})


def _nowhere(_: Sequence[PlanEntry]) -> None:
    """Write nothing."""


@contextmanager
def _table(target: PlanTable, engine: Engine, common: Mapping[str, Any]) -> Iterator[Write]:
    with plan_table(engine, (target.schema, target.table), conn_id=target.conn_id, common=common) as write:
        yield lambda page: write([row._asdict() for row in page])


def plan_engine(request: SyncRequest) -> Engine | None:
    """Return the database that a task's plan is written to, over its connection; None where it is not a table's.

    Raises:
        ConfigurationError: the connection can't be used.
    """
    target = request.plan_to
    if not isinstance(target, PlanTable):
        return None
    return sql_engine(target.conn_id, request.hook_params if target.conn_id == request.sql_conn_id else None)


@contextmanager
def _csv_file(target: PlanFile, common: Mapping[str, Any]) -> Iterator[Write]:
    """Write a file beside its place, for its owner only, and move it there at the end."""
    path = Path(target.path)
    try:
        handle, draft = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow((*common, *PLAN_COLUMNS))
            fixed = [_cell(each) for each in common.values()]
            yield lambda page: rows.writerows(
                [*fixed, *map(_cell, row[:-1]), _json_cell(row.new_values)] for row in page
            )
        Path(draft).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):
            Path(draft).unlink(missing_ok=True)


def _cell(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
    return spreadsheet_cell(text)


def _json_cell(text: str | None) -> str:
    """Return JSON of ASCII that is still JSON, and begins no formula wherever a spreadsheet splits it."""
    return _QUOTED.sub(lambda quoted: _SIGNS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted[0]), text or "")


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The plan can't be written to {str(path)!r}: {error.strerror or type(error).__name__}. Let plan_to be in a "
        "folder that exists and that the task's user may write to."
    )
