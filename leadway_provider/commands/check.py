"""`leadway check`: try whether everything that a sync needs is there, and say what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import typer

from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.commands.check_result import CheckResult, CheckState
from leadway_provider.commands.layout import fact_lines, printed
from leadway_provider.commands.options import AsJson, LeadwayConnId, LocationId, StateConnId
from leadway_provider.commands.screen import screen_of

_FAILED: Final = 1
"""The exit status where a sync would not work."""


def check(
    context: typer.Context,
    *,
    leadway_conn_id: LeadwayConnId = "leadway_default",
    location: LocationId = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Check the connection, the account and the state store.

    That is: the connection and its token, the scopes that a sync needs, this machine's clock, the quota, the account's
    duplicate setting, its custom fields, the state store, the section leadway of Airflow's configuration, and the
    versions of the software. No contact is read or changed. The exit status is 1 if a check failed; after warnings only
    it is 0.
    """
    screen = screen_of(context)
    use_airflow()
    with screen.waiting("Checking"), logs_aside():
        from leadway_provider.commands.account_checks import check_account  # noqa: PLC0415 - `--help` needs none of this
        from leadway_provider.commands.state_checks import check_configuration, check_state, check_versions  # noqa: PLC0415 - the same

        found = [
            *check_account(leadway_conn_id, location),
            *check_state(state_conn_id),
            *check_configuration(),
            check_versions(),
        ]
    if as_json:
        screen.show_json([asdict(each) for each in found])
    else:
        screen.show(printed(line for each in found for line in _lines(each)))
        screen.show(f"\n{_in_words(found)}")
    if any(each.state is CheckState.FAILED for each in found):
        raise typer.Exit(_FAILED)


def _lines(result: CheckResult) -> Iterator[str]:
    yield from fact_lines(result.state, [f"{result.name}:", *result.says.split()], indent=0)
    if result.advice:
        yield from fact_lines("", ["→", *result.advice.split()], indent=0)


def _in_words(found: list[CheckResult]) -> str:
    numbers = {state: sum(each.state is state for each in found) for state in CheckState}
    return ", ".join(f"{number} {state}" for state, number in numbers.items() if number)
