"""The way back of a run: planned from what its contacts were before, and delivered as a run of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from leadway_provider.commands.account import open_account
from leadway_provider.commands.lease import sync_lease
from leadway_provider.commands.screen import Screen
from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import ContactNotFoundError, StoppedError
from leadway_provider.hooks.identities import identity_hasher
from leadway_provider.hooks.secrecy import decrypt, encrypt
from leadway_provider.policies import RemovalPolicy
from leadway_provider.printable import printable
from leadway_provider.store.before import SqlBeforeStore
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.before import KeptContact
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.identities import IDENTITIES, IdentityHasher
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import PlannedRow
from leadway_provider.sync.removal import remove
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.sync.revert import way_back
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.hooks.leadway import LeadwayHook

_HOLDER: Final = "leadway revert"
_IN_FLIGHT: Final = 16


@dataclass(slots=True)
class RevertPlan:
    """What a revert would do, in contacts.

    Attributes:
        contacts: those that the run wrote, or was about to write.
        restored: those to which something is written.
        deleted: those that the run created, and that are deleted.
        edited: those with a field that somebody has changed since the run; the field is left alone.
        not_restorable: those with a field that the API can't write as it was.
        unknown: those of which it is not known what they were before.
        gone: those that the account does not have any more.
        without_row: those on which no row of the sync lives now.
        row_ids: the rows that the sync's next run must send again.
        given_up: the hashes of e-mails and phones that rows had since the run, each with its row.
        taken_back: those that they had before.
    """

    contacts: int = 0
    restored: int = 0
    deleted: int = 0
    edited: int = 0
    not_restorable: int = 0
    unknown: int = 0
    gone: int = 0
    without_row: int = 0
    row_ids: list[int] = field(default_factory=list)
    given_up: set[tuple[str, int]] = field(default_factory=set, repr=False)
    taken_back: set[tuple[str, int]] = field(default_factory=set, repr=False)

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        names = ("contacts", "restored", "deleted", "edited", "not_restorable", "unknown", "gone", "without_row")
        return {name: getattr(self, name) for name in names}

    def as_text(self) -> str:
        """Return it as lines for a person."""
        told = {
            "to delete": self.deleted,
            "with fields that were edited since": self.edited,
            "with fields that the API can't restore": self.not_restorable,
            "not known as they were before": self.unknown,
            "gone": self.gone,
            "on no row of the sync": self.without_row,
        }
        lines = [f"  {number:,} {what}" for what, number in told.items() if number]
        return "\n".join([f"{counted(self.contacts, 'contact')} kept, {self.restored:,} to write back", *lines])


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
        names = {"sync": self.sync.name, "location_id": self.sync.location_id, "of_run": self.of_run}
        planned = self.plan.counts() if self.plan else None
        return {**names, "run_id": self.run_id, "plan": planned, "outcomes": dict(self.outcomes)}


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
        hasher = identity_hasher(state, identity)
        run = state.begin(
            identity,
            task_run=f"leadway revert --run {run_id}",
            digest=blake2b(f"{run_id} {created}".encode(), digest_size=32).digest(),
            origin=f"leadway revert --run {run_id}",
        )
        plan = None
        if not run.sealed:
            before = state.before(sync.id, run_id, encrypt, decrypt)
            run.describe(f"leadway revert --run {run_id}", before.columns())
            plan = _planned(run, before, account, hasher, created=created)
            confirm(plan)
            held.raise_if_cancelled()
            run.count_as_changed(plan.row_ids)
            run.seal(
                Counts(read=plan.restored, pending=plan.restored), _bits(plan.row_ids), is_whole=False, only_keys=True
            )
        client = account.client(_IN_FLIGHT, cancel_token=held)
        try:
            with screen.interrupts.stopping(lambda: held.cancel(StoppedError("The command was interrupted."))):
                account.call(lambda _: _delivered(run, client, hasher, screen, held), writes=True)
        finally:
            run.finish(calls=account.call(_calls) + client.calls, seconds=monotonic() - began_at)
        return Reverted(sync, run_id, run.id, plan, {name: number for name, number in run.counts().items() if number})


async def _calls(client: LeadwayClient) -> int:
    return client.calls


async def _delivered(
    run: SyncRun, client: LeadwayClient, hasher: IdentityHasher, screen: Screen, held: CancelToken
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
            max_in_flight=_IN_FLIGHT,
            batch_size=1000,
            targets={each.api_path: each.target for each in run.columns()},
            on_acknowledged=acknowledged,
            hasher=hasher,
        ).run()
        held.raise_if_cancelled()
        await remove(
            run.removals,
            client,
            RemovalPolicy("delete"),
            max_in_flight=_IN_FLIGHT,
            on_acknowledged=acknowledged,
        )


def _planned(
    run: SyncRun, before: SqlBeforeStore, account: LeadwayHook, hasher: IdentityHasher, *, created: bool
) -> RevertPlan:
    """Fill the run's outbox; each contact is looked up once, to find out what was changed since."""
    plan = RevertPlan()
    paths = [each.api_path for each in before.columns()]
    form = ContactForm.of_paths(paths, account.call(lambda client: client.get_custom_fields()))
    made = before.created() if created else {}
    for kept_page in before.contacts():
        page = [each for each in kept_page if each.contact_id not in made]
        rows_on = before.rows_on([each.contact_id for each in page])
        for start in range(0, len(page), _IN_FLIGHT):
            part = page[start : start + _IN_FLIGHT]
            current = account.call(lambda client, of=part: _current(client, of))  # type: ignore[misc]
            rows = [
                row
                for kept, fields in zip(part, current, strict=True)
                if (row := _row(plan, kept, fields, form, rows_on, tags="tags" in paths, hasher=hasher))
            ]
            run.write(rows, [])
    _move_claims(run, plan)
    plan.deleted = len(made)
    departed = [row_id for row_ids in made.values() for row_id in row_ids]
    plan.row_ids += departed
    run.removals.plan_departed(departed)
    return plan


def _row(
    plan: RevertPlan,
    kept: KeptContact,
    current: Mapping[str, JsonValue] | None,
    form: ContactForm,
    rows_on: Mapping[str, Sequence[tuple[int, str]]],
    *,
    tags: bool,
    hasher: IdentityHasher,
) -> PlannedRow | None:
    """Count what becomes of a contact, and return the row that writes it back; None where nothing is written."""
    plan.contacts += 1
    rows = rows_on.get(kept.contact_id, ())
    plan.unknown += kept.before is None
    plan.gone += current is None
    if kept.before is None or current is None:
        return None
    way = way_back(kept, current, form, tags=tags)
    plan.edited += bool(way.edited)
    plan.not_restorable += bool(way.not_restorable)
    if not way.fields:
        return None
    if not rows:
        plan.without_row += 1
        return None
    plan.restored += 1
    plan.row_ids += [row_id for row_id, _ in rows]
    contact = Contact(way.fields, contact_id=kept.contact_id)
    [(row_id, source_key), *_] = rows
    identities = hasher.of(contact)
    names = [name for name in IDENTITIES if name in way.fields]
    plan.given_up |= {(identity, row_id) for identity in hasher.shown({name: current.get(name) for name in names})}
    plan.taken_back |= {(identity, row_id) for identity in identities}
    # No row becomes this fingerprint, so the sync's next run finds each of them changed.
    return PlannedRow(row_id, source_key, secrets.token_bytes(16), contact, lanes=identities, claimed=identities)


def _move_claims(run: SyncRun, plan: RevertPlan) -> None:
    """Let rows hold the e-mails and phones that they had before; one that another row holds since stays there.

    The delivery moves an identity from contact to contact where the row of the one gives it up to that of the other.
    """
    holders = run.claims.holders({identity for identity, _ in plan.taken_back})
    free = [
        (identity, row_id)
        for identity, row_id in sorted(plan.taken_back)
        if (holder := holders.get(identity)) is None
        or holder.row_id == row_id
        or (identity, holder.row_id) in plan.given_up
    ]
    dropped = [Claim(*each, ClaimKind.HOLDS) for each in sorted(plan.given_up - plan.taken_back)]
    run.claims.update_claims(dropped, [Claim(*each, ClaimKind.HOLDS) for each in free])


async def _current(client: LeadwayClient, part: Sequence[KeptContact]) -> list[Mapping[str, JsonValue] | None]:
    async def one(contact_id: str) -> Mapping[str, JsonValue] | None:
        try:
            return (await client.get_contact(contact_id)).fields
        except ContactNotFoundError:
            return None

    return await asyncio.gather(*(one(each.contact_id) for each in part))


def _bits(row_ids: Sequence[int]) -> bytes:
    """Return one bit for each of these row ids."""
    seen = bytearray(max(row_ids, default=0) // 8 + 1)
    for row_id in row_ids:
        seen[row_id >> 3] |= 1 << (row_id & 7)
    return bytes(seen)
