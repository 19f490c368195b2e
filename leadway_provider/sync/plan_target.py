"""Where a dry run writes its plan: a table of a database, or a CSV file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, TypeAlias
from urllib.parse import quote

from leadway_provider.exceptions import ConfigurationError

_FILE: Final = ".csv"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A CSV file, by its absolute path."""

    path: str

    def of_account(self, location_id: str) -> PlanFile:
        """Return the file of one of many accounts: `plan.csv` becomes `plan.<location id>.csv`."""
        path = PurePosixPath(self.path)
        return replace(self, path=str(path.with_name(f"{path.stem}.{quote(location_id, safe='')}{path.suffix}")))


@dataclass(frozen=True, slots=True)
class PlanTable:
    """A table of the database of an Airflow connection; without a schema, that of the connection."""

    conn_id: str
    schema: str | None
    table: str

    @property
    def name(self) -> str:
        """The table as the user writes it."""
        return f"{self.schema}.{self.table}" if self.schema else self.table


PlanTarget: TypeAlias = PlanFile | PlanTable


def plan_target(name: str, text: object) -> PlanTarget | None:
    """Return what `plan_to` says; None where it is blank.

    Args:
        name: how errors call it.
        text: `connection:schema.table`, `connection:table`, or the absolute path of a CSV file.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(text, str) and not text.strip():
        return None
    written = text.strip() if isinstance(text, str) else ""
    if written.lower().endswith(_FILE) and PurePosixPath(written).is_absolute():
        return PlanFile(written)
    conn_id, colon, table = written.partition(":")
    parts = table.split(".")
    is_file = "/" in written or written.lower().endswith(_FILE)
    if is_file or not (conn_id and colon) or len(parts) > 2 or not all(each.strip() for each in parts):  # noqa: PLR2004 - schema and table
        raise ConfigurationError(
            f"{name} is {text!r}; give a connection and a table of its database, such as 'warehouse:crm.plan', or the "
            "absolute path of a CSV file, such as '/data/plan.csv'."
        )
    return PlanTable(conn_id, parts[0] if len(parts) > 1 else None, parts[-1])
