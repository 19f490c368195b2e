"""What the next run of a sync would do: planned in a copy of what the state store has of it, which is then deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.granted import granted_quota
from leadway_provider.commands.error import CommandError
from leadway_provider.commands.reading import OpenSync
from leadway_provider.exceptions import ConfigurationError, GuardError, StateMissingError
from leadway_provider.hooks.database import database_name, open_state_for_reading
from leadway_provider.hooks.forgotten import forgotten_keys
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.cost import CallCounter, GrantedQuota, removal_calls
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.guards import PlanFigures, PlannedCounts, check_guards
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.planner import planner_of
from leadway_provider.sync.removal import find_departed
from leadway_provider.sync.selection import KeySelection
from leadway_provider.words import counted

_PAGE: Final = 1000


@dataclass(frozen=True)
class PlannedSync:
    """What the next run would do.

    Attributes:
        counts: its rows by outcome; `pending` would be sent, and `carried` are those that earlier runs have left.
        rows: those that would be sent, without a contact and with one.
        departed: departed rows whose contacts would be changed.
        contact_calls: calls that write a contact.
        other_calls: calls for tags and departed rows.
        quota: the account's quota, without what the task leaves to others.
        plan: what the plan found.
        stops: why the run would stop before anything is sent, or fail at its end; blank where it would not.
    """

    counts: Counts
    rows: PlannedCounts
    departed: int
    contact_calls: int
    other_calls: int
    quota: GrantedQuota
    plan: Plan = field(repr=False)
    stops: str = field(repr=False)

    @property
    def calls(self) -> int:
        """All calls, as far as they are known before the first one is made."""
        return self.contact_calls + self.other_calls


def planned(sync: OpenSync, *, on_batch: Callable[[Counts], None]) -> PlannedSync:
    """Plan a sync without a trace: the state store is read only, and the account is asked for its settings only.

    Args:
        sync: the sync.
        on_batch: is called with the counts after each batch of rows.

    Raises:
        CommandError: the sync compares rows with the account itself.
        LeadwayError: as the account, the source and the state store raise.
    """
    with copied_state(sync) as state:
        return planned_in(state, sync, on_batch)


@contextmanager
def copied_state(sync: OpenSync) -> Iterator[StateStore]:
    """Give a copy of what the state store has of the sync, with all its accounts, and delete it at the end.

    Raises:
        CommandError: the sync compares rows with the account itself.
        LeadwayError: as the state store raises.
    """
    if sync.request.compare != "state":
        raise CommandError(
            f"task {sync.request.task_id} compares rows with the account itself (compare='account'), which is read for "
            "that: use a dry run.",
            2,
        )
    with TemporaryDirectory(prefix="leadway-plan-") as folder:
        file = Path(folder) / "state.db"
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


def planned_in(state: StateStore, sync: OpenSync, on_batch: Callable[[Counts], None]) -> PlannedSync:
    """Plan the sync of one account in a copy of the state; raises as `planned` does."""
    request = sync.request
    hasher, forgotten = identity_hasher(state, sync.identity), forgotten_keys(state, sync.identity)
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
        planner = planner_of(request, mapping, run, seen_by_newer=b"", hasher=hasher, forgotten=forgotten)
        selection = None
        if request.only_keys is not None:
            selection = KeySelection(request.only_keys, mapping.key_positions, lambda: None)

        def read_again() -> Iterator[Rows]:
            with read() as again:
                yield from again.batches() if selection is None else selection.rows(again.batches())

        batches = source.batches() if selection is None else selection.rows(source.batches())
        found = planner.plan(batches, read_again=read_again, on_batch=on_batch)
    stops = _stops(sync, run, found)
    run.finish_dry_run(
        found.counts, found.seen, is_whole=found.is_whole, only_keys=request.only_keys is not None, watermark=None
    )
    return _priced(sync, run, found, stops)


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


def _priced(sync: OpenSync, run: SyncRun, found: Plan, stops: str) -> PlannedSync:
    calls, after = CallCounter(looks_up=sync.request.on_match != "upsert"), 0
    while rows := run.outbox(after, _PAGE):
        after = rows[-1].position
        for row in rows:
            calls.add(row.contact, by_id=row.contact_id is not None)
    counts = run.counts()
    departed = run.removals.waiting()
    return PlannedSync(
        counts=counts,
        rows=run.count_planned(),
        departed=departed,
        contact_calls=calls.contact_calls + counts["carried"],
        other_calls=calls.tag_calls + removal_calls(sync.request.removal, departed),
        quota=sync.hook.call(_quota).without(sync.request.quota.daily_reserve),
        plan=found,
        stops=stops,
    )


async def _quota(client: LeadwayClient) -> GrantedQuota:
    return granted_quota(client.pacer)
