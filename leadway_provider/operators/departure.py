"""Departed rows, as one task run finds them, treats their contacts, and logs it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from leadway_provider.operators.account import Account
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import RemovalPolicy
from leadway_provider.printable import printable_log
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.records import Removal
from leadway_provider.sync.removal import find_departed, remove
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

log = printable_log(__name__)


def plan_removal(policy: RemovalPolicy, run: SyncRun, planned: Plan) -> int:
    """Put the departed rows into the outbox, before the plan is sealed, and return how many these are.

    Raises:
        ConfigurationError: more rows have departed than the policy allows.
    """
    if not planned.counts["read"]:
        log.warning("The query returned no rows at all, so nothing is removed.")
        return 0
    departures = find_departed(
        policy, run.removals, with_contact=run.count_with_contact(), is_present=planned.is_present
    )
    log.info("Departed: %s with a contact; on_removed is %r", counted(departures.found, "row"), policy.on_removed)
    if departures.foreign:
        log.info(
            "Departed, but not deleted: %s with a contact that this sync is not known to have created",
            counted(departures.foreign, "more row"),
        )
    return departures.found


def remove_contacts(
    policy: RemovalPolicy, run: SyncRun, account: Account, *, max_in_flight: int, timing: Timing
) -> None:
    """Treat the contacts of departed rows; raises as `remove` does.

    Args:
        policy: what becomes of them.
        run: the run, all of whose other rows are delivered.
        account: the account.
        max_in_flight: the most calls that wait for an answer at a time.
        timing: how often progress is logged, and by which clock.
    """
    if not (waiting := run.removals.waiting()):
        return
    logged_at = timing.clock.monotonic()
    done = 0

    def log_progress(removals: Sequence[Removal]) -> None:
        nonlocal logged_at, done
        done += len(removals)
        if done == waiting or timing.clock.monotonic() - logged_at >= timing.log_every:
            logged_at = timing.clock.monotonic()
            log.info("Treated: %s of %s", f"{done:,}", counted(waiting, "departed row"))

    def treat(client: LeadwayClient) -> Awaitable[None]:
        return remove(run.removals, client, policy, max_in_flight=max_in_flight, on_acknowledged=log_progress)

    account.call(treat, max_in_flight)
