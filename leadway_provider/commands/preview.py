"""`leadway preview`: print the first contacts of a query as they would be sent, and every problem of its rows."""

from __future__ import annotations

from typing import Annotated

import typer

from leadway_provider.commands.asked import asked_request
from leadway_provider.commands.layout import printed
from leadway_provider.commands.options import (
    AnyLocation,
    AsJson,
    Constants,
    Dags,
    Key,
    SourceConnId,
    Sql,
    SqlLeadwayConnId,
    Targets,
    TaskName,
)
from leadway_provider.commands.screen import screen_of


def preview(
    context: typer.Context,
    *,
    task: TaskName = None,
    dags: Dags = None,
    sql: Sql = None,
    source_conn_id: SourceConnId = None,
    key: Key = None,
    mapping: Targets = None,
    constant: Constants = None,
    leadway_conn_id: SqlLeadwayConnId = None,
    location: AnyLocation = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="Show so many of the first rows.")] = 3,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", min=1, help="Read at most so many rows; without it, all.")
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show the contacts' values, in place of their kind and length.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the first contacts as they would be sent, and every problem.

    The query is read, and its rows are validated, as in a run. Problems are grouped, with the first key of each.
    Nothing is sent, and the state store is not opened. Values are shown only with `--show-values`.
    """
    screen = screen_of(context)
    request = asked_request(
        task,
        dags,
        sql=sql,
        source_conn_id=source_conn_id,
        key=key,
        mapping=mapping,
        constants=constant,
        leadway_conn_id=leadway_conn_id,
        location=location,
    )
    from leadway_provider.commands.previewed import preview_json, preview_lines, previewed  # noqa: PLC0415 - heavy
    from leadway_provider.commands.previewed_accounts import previewed_accounts  # noqa: PLC0415 - the same
    from leadway_provider.commands.reading import open_sync  # noqa: PLC0415 - the same

    with open_sync(request) as sync, screen.counting("Reading rows") as advance:
        if sync.is_of_many:
            of_many = previewed_accounts(sync, shown=limit, most=rows, on_read=advance)
            if as_json:
                screen.show_json(of_many.facts(show_values=show_values))
            else:
                screen.show(printed(of_many.lines(show_values=show_values)))
            return
        found = previewed(sync, shown=limit, most=rows, on_batch=advance)
    if as_json:
        screen.show_json(preview_json(found, show_values=show_values))
    else:
        screen.show(printed(preview_lines(found, show_values=show_values)))
