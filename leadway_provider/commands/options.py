"""The options that several commands have, each with one name and one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

SyncName: TypeAlias = Annotated[str | None, typer.Option("--sync", metavar="NAME", help="Only this sync.")]
Location: TypeAlias = Annotated[
    str | None, typer.Option("--location", metavar="ID", help="Only syncs to this account.")
]
StateConnId: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--state-conn-id",
        metavar="ID",
        help="The Airflow connection whose database keeps the state. Without it, state_conn_id in the section leadway "
        "of Airflow's configuration, or else the file in the Airflow home.",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsJsonLines: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do it without a question.")]
Force: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Take the lease from a run that is at work or waits for quota. That run loses its outbox and fails.",
    ),
]
OneSync: TypeAlias = Annotated[
    str, typer.Option("--sync", metavar="NAME", help="The sync: <dag_id>.<task_id>, or its sync_name.")
]
RunId: TypeAlias = Annotated[
    str | None, typer.Option("--run", metavar="ID", help="Only this run; 'last' is the last run of each sync.")
]
LeadwayConnId: TypeAlias = Annotated[
    str, typer.Option("--leadway-conn-id", metavar="ID", help="The Airflow connection of the account, of type leadway.")
]
LocationId: TypeAlias = Annotated[
    str | None,
    typer.Option("--location", metavar="ID", help="The account, where the connection names none or another one."),
]
TaskName: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="[TASK]", help="A sync's task in a DAG: <dag_id>.<task_id>.")
]
Dags: TypeAlias = Annotated[
    Path | None,
    typer.Option("--dags", metavar="PATH", help="The DAG's file or folder; without it, Airflow's folder of DAGs."),
]
Sql: TypeAlias = Annotated[
    str | None, typer.Option("--sql", metavar="SQL", help="A query, or the path of a .sql file, in place of a task.")
]
SourceConnId: TypeAlias = Annotated[
    str | None, typer.Option("--source-conn-id", metavar="ID", help="With --sql: the connection of the source.")
]
Key: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="COLUMN", help="With --sql: a column of the key. May be given several times."),
]
Targets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--mapping", metavar="COLUMN=TARGET", help="With --sql: a column and its target. May be given several times."
    ),
]
Constants: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--constant", metavar="TARGET=VALUE", help="With --sql: a field's value for all. May be given several times."
    ),
]
SqlLeadwayConnId: TypeAlias = Annotated[
    str | None,
    typer.Option("--leadway-conn-id", metavar="ID", help="With --sql: the account's connection; leadway_default."),
]
AnyLocation: TypeAlias = Annotated[
    str | None,
    typer.Option("--location", metavar="ID", help="With --sql: the account, if the connection names none."),
]
LAST = "last"
"""The value of --run for the last run of each sync."""
