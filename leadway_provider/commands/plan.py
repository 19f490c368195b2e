"""`leadway plan`: print what the next run of a sync would do, how many calls it needs, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadway_provider.commands.asked import asked_request
from leadway_provider.commands.layout import fact_lines, listed, printed, sync_json
from leadway_provider.commands.options import (
    AnyLocation,
    AsJson,
    Constants,
    Dags,
    Key,
    SourceConnId,
    Sql,
    SqlLeadwayConnId,
    StateConnId,
    Targets,
    TaskName,
)
from leadway_provider.commands.screen import screen_of
from leadway_provider.words import counted, duration_text

if TYPE_CHECKING:
    from leadway_provider.commands.planned import PlannedSync
    from leadway_provider.commands.planned_accounts import PlannedAccounts
    from leadway_provider.commands.screen import Screen
    from leadway_provider.sync.request import SyncIdentity

_STOPS: Final = 1
"""The exit status where the run would stop or fail."""


def plan(
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
    sync: Annotated[
        str | None, typer.Option("--sync", metavar="NAME", help="With --sql: the sync whose rows it is compared with.")
    ] = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show what the next run would send, how many calls that takes, and how long.

    The query is compared with what the account has acknowledged, in a copy of the sync's state that is deleted at the
    end; a task with compare="account" is compared with the account, of which all contacts are read. Nothing is sent,
    and nothing is left in the state. The exit status is 1 if a guard or `max_rejected` would let the run fail.
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
        sync=sync,
    )
    from leadway_provider.commands.planned import planned  # noqa: PLC0415 - heavy
    from leadway_provider.commands.planned_accounts import planned_accounts  # noqa: PLC0415 - the same
    from leadway_provider.commands.reading import open_sync  # noqa: PLC0415 - the same

    request = replace(request, state_conn_id=state_conn_id or request.state_conn_id)
    # A plan over the state needs a few calls only, and is wanted most when the day's quota is used up.
    reserve = request.quota.daily_reserve if request.reads_account else 0
    screen.interrupts.left = "nothing was sent, and nothing is left in the state"
    with (
        open_sync(request, daily_reserve=reserve) as opened,
        screen.interrupts.temporary_folder("leadway-plan-") as folder,
        screen.counting("Comparing rows") as counting,
    ):
        if opened.is_of_many:
            would_fail = _show_accounts(
                screen, planned_accounts(opened, folder, counting=counting), opened.identity, as_json
            )
        else:
            found = planned(opened, folder, counting=counting)
            would_fail = bool(found.stops)
            if as_json:
                screen.show_json(_json(opened.identity, found))
            else:
                screen.show(printed(_lines(opened.identity, found)))
    if would_fail:
        raise typer.Exit(_STOPS)


def _show_accounts(screen: Screen, found: PlannedAccounts, sync: SyncIdentity, as_json: bool) -> bool:  # noqa: FBT001 - as the command has it
    """Show the plan of many accounts, and return whether the run would stop or fail."""
    from leadway_provider.commands.planned_accounts import accounts_json, accounts_lines  # noqa: PLC0415 - heavy

    if as_json:
        accounts = [_json(replace(sync, location_id=each), plan) for each, plan in found.accounts.items()]
        screen.show_json(accounts_json(sync, found, accounts))
    else:
        screen.show(printed(accounts_lines(sync.name, found)))
    return found.would_fail


def _lines(sync: SyncIdentity, found: PlannedSync) -> Iterator[str]:
    from leadway_provider.commands.planned import account_lines, change_lines  # noqa: PLC0415 - heavy
    from leadway_provider.commands.previewed import problem_lines  # noqa: PLC0415 - the same

    quota = found.quota
    yield f"Sync {sync.name}"
    yield from fact_lines("account", [f"{sync.location_id} at {sync.host}"])
    yield from fact_lines("rows", listed(f"{n:,} {name}" for name, n in found.counts.items() if n or name == "read"))
    if found.account:
        yield from account_lines(found.account)
    yield from change_lines([found])
    yield from fact_lines("calls", _call_words(found).split())
    yield from fact_lines("quota", _quota_words(found).split())
    days = quota.days(found.calls)
    within = "it is not known how many days of quota" if days is None else f"{counted(days, 'day')} of quota"
    yield from fact_lines("time", f"{duration_text(quota.duration(found.calls))} at full speed, {within}".split())
    for problem in found.plan.problems:
        yield from problem_lines(problem)
    if found.stops:
        yield from fact_lines("stops", found.stops.split())
    yield "Nothing was sent, and nothing is left in the state."


def _call_words(found: PlannedSync) -> str:
    figures, reads = found.figures, f"{found.account.calls:,} to read the account, " if found.account else ""
    others = f"{figures.contact_calls:,} for contacts, {figures.other_calls:,} for tags and departed rows"
    return f"{found.calls:,}: {reads}{others}"


def _quota_words(found: PlannedSync) -> str:
    quota = found.quota
    words = f"{quota.calls:,} calls in {quota.seconds:g} s"
    if quota.left is None:
        return words
    return f"{words}; {quota.left:,}{f' of {quota.daily:,}' if quota.daily else ''} are left today"


def _json(sync: SyncIdentity, found: PlannedSync) -> dict[str, Any]:
    from leadway_provider.commands.planned import change_facts  # noqa: PLC0415 - heavy
    from leadway_provider.commands.previewed import problem_json  # noqa: PLC0415 - the same

    quota = found.quota
    return {
        **sync_json(sync),
        "counts": dict(found.counts),
        **change_facts([found]),
        "account": found.account.facts() if found.account else None,
        "calls": found.calls,
        "seconds": quota.duration(found.calls),
        "days": quota.days(found.calls),
        "calls_left_today": quota.left,
        "problems": [problem_json(each) for each in found.plan.problems],
        "stops": found.stops or None,
    }
