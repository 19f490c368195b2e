"""The way back of a run: planned from what its contacts were before, and delivered as a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from leadway_provider.commands.account import open_account
from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.lease import sync_lease
from leadway_provider.commands.revert_plan import IN_FLIGHT, RevertPlan, RunBefore, plan_revert
from leadway_provider.commands.screen import Screen
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import StoppedError
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.hooks.secrecy import decrypt, encrypt
from leadway_provider.policies import RemovalPolicy
from leadway_provider.printable import printable
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.removal import remove
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.sync.restoring import RestoringWriter
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

_HOLDER: Final = "leadway revert"


@dataclass(frozen=True, slots=True)
class Reverted:
    """What a revert did.

    Attributes:
        sync: the sync.
        of_run: the run that was reverted.
        run_id: the run that reverted it.
        plan: what was planned; None where an earlier command had planned it.
        outcomes: the rows by outcome.
    """

    sync: SyncRecord
    of_run: str = field(repr=False)
    run_id: str
    plan: RevertPlan | None
    outcomes: Mapping[str, int] = field(repr=False)

    def as_text(self) -> str:
        """Return it as a line for a person."""
        found = ", ".join(f"{number:,} {name}" for name, number in self.outcomes.items() if number and name != "read")
        return printable(
            f"Run {self.of_run} of sync {self.sync.name} to {self.sync.location_id} was reverted by run {self.run_id}: "
            f"{found or 'nothing to do'}."
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as a document for a program."""
        runs = {"of_run": self.of_run, "run_id": self.run_id}
        planned = self.plan.counts() if self.plan else None
        return {**sync_json(self.sync), **runs, "plan": planned, "outcomes": dict(self.outcomes)}


def revert_run(
    state: StateStore,
    screen: Screen,
    sync: SyncRecord,
    run_id: str,
    leadway_conn_id: str,
    *,
    created: bool,
    confirm: Callable[[RevertPlan], None],
) -> Reverted:
    """Plan the way back of a run, unless an earlier command has, and deliver it with the sync's lease.

    Args:
        state: the state store.
        screen: says which run holds the lease.
        sync: the sync of the run.
        run_id: the run.
        leadway_conn_id: the connection of the account.
        created: whether contacts that the run created are deleted.
        confirm: is called with the plan, and raises where it is not to be delivered.

    Raises:
        CommandError: a run of the sync is at work.
        LeadwayError: as the account and the state store raise; the command goes on when it is given again.
    """
    identity = SyncIdentity(sync.name, sync.host, sync.location_id)
    began_at = monotonic()
    with (
        open_account(leadway_conn_id, sync.location_id) as account,
        sync_lease(state, sync, screen, holder=_HOLDER, force=None) as held,
    ):
        run = state.begin(
            identity,
            task_run=f"leadway revert --run {run_id}",
            digest=blake2b(f"{run_id} {created}".encode(), digest_size=32).digest(),
            origin=f"leadway revert --run {run_id}",
        )
        plan = None
        kept = state.before(sync.id, run_id, encrypt, decrypt)
        paths = [each.api_path for each in kept.columns()]
        form = ContactForm.of_paths(paths, account.call(lambda client: client.get_custom_fields()))
        before = RunBefore(kept, form, identity_hasher(state, identity))
        if not run.sealed:
            run.describe(f"leadway revert --run {run_id}", kept.columns())
            plan = plan_revert(run, before, account, created=created)
            confirm(plan)
            held.raise_if_cancelled()
            run.count_as_changed(plan.row_ids)
            run.seal(
                Counts(read=plan.restored, pending=plan.restored), _bits(plan.row_ids), is_whole=False, only_keys=True
            )
        client = account.client(IN_FLIGHT, cancel_token=held)
        try:
            with screen.interrupts.stopping(lambda: held.cancel(StoppedError("The command was interrupted."))):
                account.call(lambda _: _delivered(run, client, screen, held, before), writes=True)
        finally:
            run.finish(calls=account.call(_calls) + client.calls, seconds=monotonic() - began_at)
        return Reverted(sync, run_id, run.id, plan, {name: number for name, number in run.counts().items() if number})


async def _calls(client: LeadwayClient) -> int:
    return client.calls


async def _delivered(
    run: SyncRun,
    client: LeadwayClient,
    screen: Screen,
    held: CancelToken,
    before: RunBefore,
) -> None:
    """Deliver what the run has in the outbox; it ends where the lease is lost, and after Ctrl-C."""
    done, left = 0, run.counts()[RowState.PENDING] + run.removals.waiting()

    def acknowledged(rows: Sequence[object]) -> None:
        nonlocal done
        done += len(rows)
        screen.interrupts.left = f"{done:,} of {counted(left, 'row')} delivered, and the same command goes on there"

    acknowledged([])
    async with client:
        await OutboxDelivery(
            store=run,
            sink=client,
            max_in_flight=IN_FLIGHT,
            batch_size=1000,
            targets={each.api_path: each.target for each in run.columns()},
            on_acknowledged=acknowledged,
            hasher=before.hasher,
            writer=partial(RestoringWriter, edited_since=before.edited_since),
        ).run()
        held.raise_if_cancelled()
        await remove(
            run.removals,
            client,
            RemovalPolicy("delete"),
            max_in_flight=IN_FLIGHT,
            on_acknowledged=acknowledged,
        )


def _bits(row_ids: Sequence[int]) -> bytes:
    """Return one bit for each of these row ids."""
    seen = bytearray(max(row_ids, default=0) // 8 + 1)
    for row_id in row_ids:
        seen[row_id >> 3] |= 1 << (row_id & 7)
    return bytes(seen)
