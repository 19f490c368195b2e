"""`leadway init`: ask for a table and its key, propose a mapping, and write a DAG file that runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadway_provider.commands.account import open_account
from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.commands.error import CommandError
from leadway_provider.commands.layout import columns as table_lines
from leadway_provider.commands.layout import printed
from leadway_provider.commands.options import AsJson, LocationId, Yes
from leadway_provider.commands.screen import screen_of
from leadway_provider.contacts.proposal import likely_key, propose_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNUSABLE: Final = 2
"""The exit status where the table or the file can't be used."""
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class _Table:
    """A table of the source.

    Attributes:
        name: as the user writes it.
        columns: its columns.
        engine: the source, for its way to quote names.
    """

    name: str
    columns: Sequence[str]
    engine: Any = field(repr=False)

    def quoted(self, name: str) -> str:
        """Return a name as the database takes it in SQL."""
        text: str = self.engine.dialect.identifier_preparer.quote(name)
        return text


def init(
    context: typer.Context,
    *,
    source_conn_id: Annotated[
        str | None, typer.Option("--source-conn-id", metavar="ID", help="The connection of the source.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The table or view, as SQL names it.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="COLUMN", help="A column of the key. May be given several times."),
    ] = None,
    leadway_conn_id: Annotated[
        str | None, typer.Option("--leadway-conn-id", metavar="ID", help="The account's connection, of type leadway.")
    ] = None,
    location: LocationId = None,
    dag_id: Annotated[str | None, typer.Option("--dag-id", metavar="ID", help="The DAG's id.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="PATH", help="The file to write; <dag_id>.py unless given.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write a DAG file for a table: asks for what is not given, and proposes a mapping.

    The columns of the table and the account's custom fields are read. No file is overwritten. On no terminal, every
    question must be answered by its option.
    """
    screen = screen_of(context)
    source_conn_id = source_conn_id or screen.answer("Connection of the source", "--source-conn-id", "warehouse")
    table = table or screen.answer("Table or view", "--table")
    found = _read_table(source_conn_id, table)
    keys = key or [screen.answer("Column of the key", "--key", likely_key(found.columns, table))]
    leadway_conn_id = leadway_conn_id or screen.answer(
        "Connection of the account", "--leadway-conn-id", "leadway_default"
    )
    dag_id = dag_id or screen.answer(
        "Id of the DAG", "--dag-id", f"{re.sub(r'[^a-z0-9]+', '_', table.lower())}_to_leadway"
    )
    output = output or Path(f"{dag_id}.py")
    if output.exists():
        raise CommandError(f"{output} exists, and is not overwritten: name another file with --output.", _UNUSABLE)
    targets = _targets(found, keys, leadway_conn_id, location)
    rows = [(column, targets.get(column, "the key" if column in keys else "-")) for column in found.columns]
    if not as_json:
        screen.show(printed(table_lines(("column", "target"), rows)))
    if not yes:
        screen.require_yes(f"Write {output}?", otherwise="Nothing was written.")
    from leadway_provider.commands.dag_file import DagFile  # noqa: PLC0415 - `leadway --help` needs none of this

    text = DagFile(
        dag_id=dag_id,
        source_conn_id=source_conn_id,
        leadway_conn_id=leadway_conn_id,
        location_id=location,
        key=keys,
        query=_query(found, keys, targets),
        left_out=[column for column in found.columns if column not in targets and column not in keys],
    ).text
    _write(output, text)
    task = f"{dag_id}.sync"
    if as_json:
        proposed = {column: targets.get(column) for column in found.columns}
        screen.show_json({"file": str(output), "task": task, "key": keys, "targets": proposed})
    else:
        screen.show(printed([f"{output} is written. Look at it: leadway preview {task} --dags {output}"]))


def _read_table(conn_id: str, table: str) -> _Table:
    """Return the table with its columns, of which no row is read."""
    use_airflow()
    with logs_aside():
        from leadway_provider.hooks.engine import sql_engine  # noqa: PLC0415 - `leadway --help` needs none of this
        from leadway_provider.source.query import read_source  # noqa: PLC0415 - the same

        engine = sql_engine(conn_id)
        query = f"SELECT * FROM {table} WHERE 1 = 0"  # noqa: S608 - it is the user's own, on the user's own connection
        try:
            with read_source(engine, query, None, batch_size=1, name=conn_id) as rows:
                return _Table(table, rows.columns, engine)
        finally:
            engine.dispose()


def _targets(table: _Table, key: Sequence[str], conn_id: str, location_id: str | None) -> dict[str, str]:
    """Return a mapping that the account takes.

    Raises:
        CommandError: a column of the key is not in the table, or no column looks like an e-mail or a phone.
        LeadwayError: the account can't be asked, or the mapping does not fit it.
    """
    if missing := [each for each in key if each not in table.columns]:
        names = ", ".join(table.columns)
        raise CommandError(f"{table.name} has no column {missing[0]!r}; it has {names}.", _UNUSABLE)
    with open_account(conn_id, location_id) as hook:
        custom_fields = hook.get_custom_fields() if hook.settings.location_id else []
    targets = propose_targets(table.columns, key=key, custom_fields=custom_fields)
    if not {"email", "phone"} & set(targets.values()):
        raise CommandError(
            f"no column of {table.name} looks like an e-mail or a phone, by which a contact is known. Name a view that "
            "has a column email or phone.",
            _UNUSABLE,
        )
    return targets


def _query(table: _Table, key: Sequence[str], targets: dict[str, str]) -> str:
    columns = [table.quoted(each) for each in key if each not in targets]
    for column, target in targets.items():
        alias = target if _PLAIN.fullmatch(target) else table.quoted(target)
        columns.append(table.quoted(column) if column == target else f"{table.quoted(column)} AS {alias}")
    return "SELECT\n        {}\n    FROM {}".format(",\n        ".join(columns), table.name)


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{output} can't be written: {error.strerror}.", _UNUSABLE) from None
