"""The outbox, as one task run delivers it and logs its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from leadway_provider.hooks.secrecy import decrypt, encrypt
from leadway_provider.operators.account import Account
from leadway_provider.operators.timing import Timing
from leadway_provider.printable import printable_log
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.before import KeepingSink
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.ports import DeliveryStore
from leadway_provider.sync.progress import Progress
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.request import SyncRequest

log = printable_log(__name__)


def deliver_outbox(
    request: SyncRequest,
    run: SyncRun,
    account: Account,
    *,
    hasher: IdentityHasher,
    cancel_token: CancelToken,
    timing: Timing,
) -> None:
    """Send every row of a run that is pending, and store the answers; raises as `OutboxDelivery.run` does.

    Args:
        request: how many rows at a time.
        run: the run, whose plan is sealed.
        account: the account.
        hasher: of the sync's identities.
        cancel_token: ends the delivery early.
        timing: how often progress is logged, and by which clock.
    """
    if not (pending := run.counts()[RowState.PENDING]):
        return
    progress = Progress(pending, clock=timing.clock.monotonic, log=log.info, every=timing.log_every)
    deliver_rows(
        request,
        run,
        account,
        run,
        hasher=hasher,
        cancel_token=cancel_token,
        timing=timing,
        on_acknowledged=progress.acknowledged,
    )


def deliver_rows(
    request: SyncRequest,
    run: SyncRun,
    account: Account,
    store: DeliveryStore,
    *,
    hasher: IdentityHasher,
    cancel_token: CancelToken,
    timing: Timing,
    on_acknowledged: Callable[[Sequence[Delivery]], None],
) -> None:
    """Send the rows of a store, which is a run's outbox or a part of it; see `deliver_outbox`.

    `on_acknowledged` is called with the rows of each commit.
    """
    clock = timing.clock
    targets = {each.api_path: each.target for each in run.columns()}
    custom_fields = account.prove()  # known since the run's first call
    before = run.before(encrypt, decrypt) if request.keep_before else None
    account.call(
        lambda client: OutboxDelivery(
            store=store,
            sink=KeepingSink(client, before, targets) if before else client,
            max_in_flight=request.max_in_flight,
            batch_size=request.batch_size,
            targets=targets,
            on_acknowledged=on_acknowledged,
            clock=replace(clock, sleep=cancel_token.cancellable(clock.sleep)),
            hasher=hasher,
            on_match=request.on_match,
            custom_fields=custom_fields,
        ).run(),
        max_in_flight=request.max_in_flight,
    )
