"""What the next run of a sync would do whose rows name their accounts: a plan for each account, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadway_provider.commands.layout import fact_lines, listed, sync_json
from leadway_provider.commands.parted import PartedSync, parted_sync
from leadway_provider.commands.planned import (
    PlannedSync,
    account_lines,
    change_facts,
    change_lines,
    copied_state,
    planned_in,
)
from leadway_provider.commands.previewed import problem_lines
from leadway_provider.commands.reading import OpenSync
from leadway_provider.commands.screen import Counting
from leadway_provider.sync.outcome import COUNTED, Counts
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.words import counted, duration_text


@dataclass(frozen=True)
class PlannedAccounts:
    """What the next run would do.

    Attributes:
        parted: what was read.
        accounts: the plan of each account that the connection has access to.
        stops: why the run would fail for rows that can't be sent to any account; blank where it would not.
    """

    parted: PartedSync
    accounts: Mapping[str, PlannedSync]
    stops: str = field(repr=False)

    @property
    def counts(self) -> Counts:
        """The rows of all accounts by outcome; those that can't be sent to any account are invalid."""
        every = [each.counts for each in self.accounts.values()]
        total = {name: sum(each[name] for each in every) for name in COUNTED}
        unusable = self.parted.unusable
        return Counts(**total).plus(read=unusable, invalid=unusable)

    @property
    def would_fail(self) -> bool:
        """Whether the run would stop or fail, for an account or as a whole."""
        return bool(self.stops) or any(each.stops for each in self.accounts.values())

    @property
    def seconds(self) -> float:
        """How long the calls take at full speed: accounts have quotas of their own, and are served side by side."""
        return max((each.quota.duration(each.calls) for each in self.accounts.values()), default=0.0)

    @property
    def days(self) -> int | None:
        """On how many days the calls are made; None where that is not known."""
        days = [each.quota.days(each.calls) for each in self.accounts.values()]
        return max((each or 1 for each in days), default=1) if None not in days else None


def planned_accounts(whole: OpenSync, folder: Path, *, counting: Counting) -> PlannedAccounts:
    """Plan a sync of many accounts without a trace; see `planned`.

    Args:
        whole: the sync.
        folder: is empty, and keeps the copy of the state.
        counting: shows how many rows are read, and then planned.
    """
    request = whole.request
    with copied_state(whole, folder) as state:
        waiting = () if request.only_keys else state.accounts(whole.identity).waiting()
        with parted_sync(
            whole, watermark=state.watermark(whole.identity), waiting=waiting, on_read=counting.of("Reading rows")
        ) as parted:
            accounts = {each: planned_in(state, sync, counting) for each, sync in parted.accounts.items()}
            read = parted.unusable + sum(each.counts["read"] for each in accounts.values())
            stops = ""
            if parted.unusable > (allowed := request.max_rejected_of(read)):
                rows = counted(parted.unusable, "row")
                stops = f"{rows} would reach no account, and max_rejected allows {allowed:,}: the task would fail."
            return PlannedAccounts(parted, accounts, stops)


def accounts_lines(sync: str, found: PlannedAccounts) -> Iterator[str]:
    """Return the lines for a person: the sum, and each account."""
    plans = found.accounts.values()
    yield f"Sync {sync} to {counted(len(found.accounts), 'account')}"
    yield from fact_lines("rows", listed(f"{n:,} {name}" for name, n in found.counts.items() if n or name == "read"))
    yield from change_lines([*plans])
    yield from fact_lines("calls", [f"{sum(each.calls for each in plans):,}"])
    within = "it is not known how many days" if found.days is None else counted(found.days, "day")
    yield from fact_lines("time", f"{duration_text(found.seconds)} at full speed, {within} of quota".split())
    yield from found.parted.lines()
    if found.stops:
        yield from fact_lines("stops", found.stops.split())
    for location_id, each in found.accounts.items():
        yield f"Account {location_id}"
        yield from fact_lines("rows", listed(f"{n:,} {name}" for name, n in each.counts.items() if n or name == "read"))
        if each.account:
            yield from account_lines(each.account)
        yield from change_lines([each])
        yield from fact_lines("calls", [f"{each.calls:,}"])
        for problem in each.plan.problems:
            yield from problem_lines(problem)
        if each.stops:
            yield from fact_lines("stops", each.stops.split())
    yield "Nothing was sent, and nothing is left in the state."


def accounts_json(sync: SyncIdentity, found: PlannedAccounts, accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the same as plain facts; `accounts` has those of each account."""
    plans = found.accounts.values()
    return {
        **sync_json(sync),
        "counts": dict(found.counts),
        **change_facts([*plans]),
        "calls": sum(each.calls for each in plans),
        "seconds": found.seconds,
        "days": found.days,
        **found.parted.facts(),
        "stops": found.stops or None,
        "accounts": accounts,
    }
