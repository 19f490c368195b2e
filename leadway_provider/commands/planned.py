"""What the next run of a sync would do: planned in a copy of what the state store has of it, which is then deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.granted import granted_quota
from leadway_provider.commands.compared import AccountRead, compared_sync
from leadway_provider.commands.layout import fact_lines, listed
from leadway_provider.commands.reading import OpenSync
from leadway_provider.commands.screen import Counting
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.exceptions import ConfigurationError, GuardError, StateMissingError
from leadway_provider.hooks.database import database_name, open_state_for_reading
from leadway_provider.hooks.forgotten import forgotten_keys
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.source.query import OpenRows
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.cost import GrantedQuota
from leadway_provider.sync.dry_run import DryRunFigures
from leadway_provider.sync.effect import PlannedChange
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.guards import PlanFigures, check_guards
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Planner, Rows
from leadway_provider.sync.planner import described_columns, planner_of
from leadway_provider.sync.removal import find_departed
from leadway_provider.sync.seen import is_set
from leadway_provider.words import counted


@dataclass(frozen=True)
class PlannedSync:
    """What the next run would do.

    Attributes:
        counts: its rows by outcome; `pending` would be sent, and `carried` are those that earlier runs have left.
        figures: what it would do with contacts, and the calls that this needs, as a dry run tells them.
        quota: the account's quota, without what the task leaves to others.
        plan: what the plan found.
        account: what was found in the account; None where the sync compares with what the account acknowledged.
        stops: why the run would stop before anything is sent, or fail at its end; blank where it would not.
    """

    counts: Counts
    figures: DryRunFigures
    quota: GrantedQuota
    plan: Plan = field(repr=False)
    account: AccountRead | None
    stops: str = field(repr=False)

    @property
    def calls(self) -> int:
        """All calls, as far as they are known before the first one is made, with those that read the account."""
        return self.figures.calls + (self.account.calls if self.account else 0)


def planned(sync: OpenSync, folder: Path, *, counting: Counting) -> PlannedSync:
    """Plan a sync without a trace: the state store is read only, and the account is only read, too.

    Args:
        sync: the sync.
        folder: is empty, and keeps the copy of the state.
        counting: shows how many rows are planned, and how many contacts are read.

    Raises:
        LeadwayError: as the account, the source and the state store raise.
    """
    with copied_state(sync, folder) as state:
        return planned_in(state, sync, counting)


@contextmanager
def copied_state(sync: OpenSync, folder: Path) -> Iterator[StateStore]:
    """Give a copy of what the state store has of the sync, with all its accounts, in an empty folder.

    Raises:
        LeadwayError: as the state store raises.
    """
    file = folder / "state.db"
    with closing(StateStore.open_file(file)) as state:
        _copy(sync, file)
        yield state


def _copy(sync: OpenSync, file: Path) -> None:
    """Copy what the state store has of the sync; where it has nothing, the run would be the first one."""
    identity = sync.identity
    location_id = None if sync.is_of_many else identity.location_id
    try:
        reader = open_state_for_reading(sync.request.state_conn_id)
    except StateMissingError:
        return
    with closing(reader):
        for each in reader.syncs().known(identity.name, location_id):
            if each.host == identity.host:
                reader.copy_sync(each.id, file)


def planned_in(state: StateStore, sync: OpenSync, counting: Counting) -> PlannedSync:
    """Plan the sync of one account in a copy of the state; raises as `planned` does."""
    request = sync.request
    hasher, forgotten = identity_hasher(state, sync.identity, keeps=False), forgotten_keys(state, sync.identity)
    run = state.begin(
        sync.identity,
        task_run="leadway plan",
        digest=b"",
        origin=f"{request.sql_conn_id} ({database_name(sync.engine)}) by {', '.join(request.key_columns)}",
        retry_refused=request.retry_refused,
    )
    read = sync.reader(sync.interval(state.watermark(sync.identity)))
    with read() as source:
        mapping = sync.mapping(source)
        with compared_sync(sync, run, mapping, hasher, on_page=counting.of("Reading contacts")) as compared:
            planner = planner_of(
                request,
                mapping,
                run,
                seen_by_newer=b"",
                hasher=hasher,
                comparison=compared.comparison if compared else None,
                forgotten=forgotten,
            )
            found = _plan(sync, planner, mapping, source, read=read, counting=counting)
            account = AccountRead(compared.conclude(found), compared.calls) if compared else None
    stops = _stops(sync, run, found)
    run.finish_dry_run(
        found.counts, found.seen, is_whole=found.is_whole, only_keys=request.only_keys is not None, watermark=None
    )
    return PlannedSync(
        counts=run.counts(),
        figures=_figures(sync, run, mapping, found),
        quota=sync.hook.call(_quota).without(request.quota.daily_reserve),
        plan=found,
        account=account,
        stops=stops,
    )


def _plan(
    sync: OpenSync,
    planner: Planner,
    mapping: ContactMapping,
    source: OpenRows,
    *,
    read: Callable[[], AbstractContextManager[OpenRows]],
    counting: Counting,
) -> Plan:
    def read_again() -> Iterator[Rows]:
        with read() as again:
            yield from sync.batches(again, mapping)

    batches = sync.batches(source, mapping)
    return planner.plan(batches, read_again=read_again, on_batch=lambda counts: counting(counts["read"]))


def account_lines(account: AccountRead) -> Iterator[str]:
    """Return the lines on what was found in the account, beside the counts of rows."""
    found = account.found
    beside = [] if found.unmatched is None else [f"{found.unmatched:,} of no row"]
    yield from fact_lines("compared", listed([f"with {counted(found.contacts, 'contact')}", *beside]))
    if drifted := found.drifted_by_field:
        yield from fact_lines("drifted", listed(f"{name} {rows:,}" for name, rows in drifted.items()))


def change_lines(plans: Sequence[PlannedSync]) -> Iterator[str]:
    """Return the lines on what the next run would do with contacts, of all these plans together."""
    found = change_facts(plans)
    departed = f", treat {counted(found['removals'], 'departed row')}" if found["removals"] else ""
    looked_up = f", look up {found['lookups']:,} first" if found["lookups"] else ""
    words = f"create {counted(found['creates'], 'contact')}, update {found['updates']:,}{looked_up}{departed}"
    yield from fact_lines("would", words.split())
    if fields := found["fields"]:
        yield from fact_lines("fields", listed(f"{name} {rows:,}" for name, rows in fields.items()))


def change_facts(plans: Sequence[PlannedSync]) -> dict[str, Any]:
    """Return the same as plain facts, by their names in the report of a dry run."""
    effects: Counter[str] = sum((each.figures.effects for each in plans), Counter())
    fields: Counter[str] = sum((each.figures.fields for each in plans), Counter())
    return {
        "creates": effects[PlannedChange.CREATE],
        "updates": effects[PlannedChange.UPDATE],
        "lookups": effects[PlannedChange.LOOK_UP],
        "removals": effects[PlannedChange.REMOVE],
        "fields": dict(fields.most_common()),
    }


def _stops(sync: OpenSync, run: SyncRun, found: Plan) -> str:
    """Return why the run would stop or fail; departed rows are put into the outbox of the copy here."""
    request = sync.request
    figures = PlanFigures(
        read=found.counts["read"],
        repeated=found.repeated.rows,
        count_with_contact=run.count_with_contact,
        count_planned=run.count_planned,
        reads_all=request.reads_all,
        min_rows_applies=request.only_keys is None,
    )
    try:
        check_guards(request.guards, figures, task_id=request.task_id)
        if request.reads_all and found.counts["read"]:
            find_departed(
                request.removal, run.removals, with_contact=run.count_with_contact(), is_present=found.is_present
            )
    except (GuardError, ConfigurationError) as error:
        return str(error)
    rejected, allowed = found.counts.rejected, request.max_rejected_of(found.counts["read"])
    if rejected > allowed:
        return (
            f"{counted(rejected, 'row')} would be rejected, and max_rejected allows {allowed:,}: the task would fail."
        )
    return ""


def _figures(sync: OpenSync, run: SyncRun, mapping: ContactMapping, found: Plan) -> DryRunFigures:
    """Count what the plan would do, as a dry run does."""
    request = sync.request
    figures = DryRunFigures(described_columns(mapping), request.removal, on_match=request.on_match)
    for effects in run.effects(lambda row_id: is_set(found.missing, row_id)):
        figures.add(effects)
    return figures


async def _quota(client: LeadwayClient) -> GrantedQuota:
    return granted_quota(client.pacer)
