"""Rows that left the source, as one task run finds them, treats their contacts, and tells of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from leadway_provider.store.state import SyncRun
from leadway_provider.sync.plan import Plan
from leadway_provider.sync.ports import ContactSink, Removal
from leadway_provider.sync.removal import RemovalPolicy, find_leavers, remove

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

log = logging.getLogger(__name__)

_TELL_EVERY: Final = 5.0
"""Seconds between two lines of progress."""


def plan_removal(policy: RemovalPolicy, run: SyncRun, planned: Plan) -> None:
    """Note the rows that left, before the plan is sealed; raises ConfigurationError where they are too many."""
    if policy.on_removed == "ignore":
        return
    if not planned.counts.read:
        log.warning("The query returned no rows at all, so nothing is removed.")
        return
    left = find_leavers(policy, run.removals, read=planned.counts.read, is_present=planned.is_present)
    log.info("%s rows with a contact left the source; on_removed is %r", f"{left.found:,}", policy.on_removed)
    if left.foreign:
        log.info(
            "%s more rows left, but this sync is not known to have created their contacts: these are not deleted",
            f"{left.foreign:,}",
        )


def remove_contacts(
    policy: RemovalPolicy,
    run: SyncRun,
    ask: Callable[[Callable[[LeadwayClient], Awaitable[None]], int], None],
    max_in_flight: int,
) -> None:
    """Treat the contacts of the rows that left; raises as `remove` does.

    Args:
        policy: what becomes of them.
        run: the run, all of whose other rows are delivered.
        ask: connects to the account for so many calls at a time.
        max_in_flight: the most calls that wait for an answer at a time.
    """
    if not (waiting := run.removals.waiting()):
        return
    told_at = time.monotonic()
    done = 0

    def tell(removals: Sequence[Removal]) -> None:
        nonlocal told_at, done
        done += len(removals)
        if done == waiting or time.monotonic() - told_at >= _TELL_EVERY:
            told_at = time.monotonic()
            log.info("%s of %s rows that left are treated", f"{done:,}", f"{waiting:,}")

    def treat(client: ContactSink) -> Awaitable[None]:
        return remove(run.removals, client, policy, max_in_flight=max_in_flight, on_acknowledged=tell)

    ask(treat, max_in_flight)
