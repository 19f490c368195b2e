"""What a revert would do: planned from what the contacts were before the run, and what they are now."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.store.before import SqlBeforeStore
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.before import KeptContact
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.identities import IDENTITIES, IdentityHasher
from leadway_provider.sync.records import PlannedRow
from leadway_provider.sync.revert import way_back
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.hooks.leadway import LeadwayHook

IN_FLIGHT: Final = 16
"""The most contacts that are looked up or written at a time."""


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
class RunBefore:
    """What the contacts were before a run.

    Attributes:
        store: what is kept of them.
        form: the fields that the run maps.
        hasher: hashes the sync's e-mails and phones.
    """

    store: SqlBeforeStore
    form: ContactForm
    hasher: IdentityHasher

    async def edited_since(self, contact_id: str, current: Mapping[str, JsonValue]) -> Collection[str]:
        """Return the API paths of the fields that somebody has changed since the run.

        Args:
            contact_id: the contact.
            current: its fields now.
        """
        kept = await asyncio.to_thread(self.store.kept, contact_id)
        return way_back(kept, current, self.form).edited if kept and kept.before is not None else ()


def plan_revert(run: SyncRun, before: RunBefore, account: LeadwayHook, *, created: bool) -> RevertPlan:
    """Fill a run's outbox with the way back of another one.

    Each contact is looked up once, to find out what was changed since.

    Args:
        run: the run that takes the other one back.
        before: what the contacts were before that one.
        account: the account.
        created: whether contacts that the run created are deleted.

    Raises:
        LeadwayError: as the account and the state store raise.
    """
    plan = RevertPlan()
    made = before.store.created() if created else {}
    for kept_page in before.store.contacts():
        page = [each for each in kept_page if each.contact_id not in made]
        rows_on = before.store.rows_on([each.contact_id for each in page])
        for start in range(0, len(page), IN_FLIGHT):
            part = page[start : start + IN_FLIGHT]
            current = account.call(lambda client, of=part: _current(client, of))  # type: ignore[misc]
            rows = [
                row
                for kept, fields in zip(part, current, strict=True)
                if (row := _row(plan, kept, fields, before, rows_on))
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
    before: RunBefore,
    rows_on: Mapping[str, Sequence[tuple[int, str]]],
) -> PlannedRow | None:
    """Count what becomes of a contact, and return the row that writes it back; None where nothing is written."""
    plan.contacts += 1
    rows = rows_on.get(kept.contact_id, ())
    plan.unknown += kept.before is None
    plan.gone += current is None
    if kept.before is None or current is None:
        return None
    way = way_back(kept, current, before.form)
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
    names = [name for name in IDENTITIES if way.fields.get(name, current.get(name)) != current.get(name)]
    identities = before.hasher.of(Contact({name: way.fields[name] for name in names}))
    plan.given_up |= {
        (identity, row_id) for identity in before.hasher.shown({name: current.get(name) for name in names})
    }
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
