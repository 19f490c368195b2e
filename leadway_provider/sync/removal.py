"""Departed rows: what becomes of the contacts of rows that are no longer in the source.

After a plan has read the whole source, the rows that it did not read have departed. They are put into the outbox and
come last, when every other row has been sent: only then is it known whether another row is on the same contact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.exceptions import ConfigurationError, LeadwayError, RefusedError, UnavailableError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.printable import brief
from leadway_provider.sync.ports import ContactSink, DepartedStore, RemovalStore
from leadway_provider.sync.records import Removal
from leadway_provider.sync.tags import MOST_CONTACTS
from leadway_provider.words import counted

_FIRST_KEYS: Final = 5


def without_departed_tags(policy: RemovalPolicy, contact: Contact) -> Contact:
    """Return the contact of a row that is in the source: it ends without the tags that mark a departed row.

    That holds for every row that is sent, whatever the state store knows of it: a row can come back under another key,
    be refused at first, or meet a state store that was reset. A contact without these tags costs no call. Tags that the
    row itself asks for stay.
    """
    if policy.on_removed != "tag":
        return contact
    replacing = contact.fields.get("tags")
    asked = {*contact.add_tags, *contact.remove_tags, *(replacing if isinstance(replacing, list) else ())}
    kept = {str(tag).lower() for tag in asked}
    return replace(
        contact, remove_tags=(*contact.remove_tags, *(tag for tag in policy.removed_tags if tag not in kept))
    )


@dataclass(frozen=True, slots=True)
class Departures:
    """What a plan found of departed rows.

    Attributes:
        found: how many were put into the outbox, to have their contacts treated as the policy says.
        foreign: how many were left as they are, because this sync is not known to have created their contacts.
    """

    found: int = 0
    foreign: int = 0


def find_departed(
    policy: RemovalPolicy, store: DepartedStore, *, with_contact: int, is_present: Callable[[int], bool]
) -> Departures:
    """Put the departed rows into the outbox, after the whole source was read and before the plan is sealed.

    Args:
        policy: what becomes of them, and how many there may be.
        store: the run's side of the state store.
        with_contact: how many rows of the sync have a contact.
        is_present: returns whether the source has the row of that id.

    Raises:
        ConfigurationError: more have departed than the policy allows.
    """
    if policy.on_removed == "ignore":
        return Departures()
    limit = policy.limit(with_contact)
    found = foreign = 0
    first: list[str] = []
    for row_ids in store.with_contact():
        departed = [row_id for row_id in row_ids if not is_present(row_id)]
        keys = store.keys_of(departed, only_created_by_sync=policy.on_removed == "delete")
        found += len(keys)
        foreign += len(departed) - len(keys)
        first += list(keys.values())[: _FIRST_KEYS - len(first)]
        if found <= limit:
            store.plan_departed(keys)
    if found > limit:
        raise ConfigurationError(
            f"No longer in the query's result: {found:,} of {counted(with_contact, 'row')} with a contact, and "
            f"max_removed is {policy.max_removed}, which allows {limit:,}. Nothing was sent, and nothing was removed. "
            f"The first keys: {', '.join(map(brief, first))}. Check the query: it must return every row each time, so "
            f"one that reads only what changed can't be used with on_removed={policy.on_removed!r}. If these rows have "
            "really departed, raise max_removed."
        )
    return Departures(found, foreign)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of a contact: it may be missing, or the API may have refused, with its reasons."""

    missing: bool = False
    reasons: tuple[Reason, ...] = ()


async def remove(
    store: RemovalStore,
    sink: ContactSink,
    policy: RemovalPolicy,
    *,
    max_in_flight: int,
    on_acknowledged: Callable[[Sequence[Removal]], None] = lambda _: None,
) -> None:
    """Treat the contacts of departed rows as the policy says, and acknowledge each row.

    A contact that another row is on is left as it is, and a contact that no longer exists needs nothing. Every call may
    be repeated, so a crash at any instant costs nothing but the calls of one round.

    Args:
        store: the run's side of the state store; no other row of the run may be waiting in its outbox.
        sink: the account.
        policy: what becomes of the contacts.
        max_in_flight: the most calls that wait for an answer at a time.
        on_acknowledged: is called with the rows of each commit.

    Raises:
        UnavailableError: the API could not be reached for some contacts; their rows stay in the outbox. All others were
            treated, unless a whole round failed.
        LeadwayError: whatever else the account or the store raised; calls in flight were finished and acknowledged.
    """
    treat, size = (_delete_one, 1) if policy.on_removed == "delete" else (_change_tags, MOST_CONTACTS)
    position = 0
    unavailable: LeadwayError | None = None
    while page := await asyncio.to_thread(store.departed, position, size * max_in_flight):
        position = page[-1].position
        contact_ids = list(dict.fromkeys(departed.contact_id for departed in page if not departed.shared))
        parts = [contact_ids[start : start + size] for start in range(0, len(contact_ids), size)]
        answers, errors = await _round(partial(treat, sink, policy), parts)
        answers |= {departed.contact_id: _Answer() for departed in page if departed.shared}
        removals = [
            Removal(departed, answer.missing, answer.reasons)
            for departed in page
            if (answer := answers.get(departed.contact_id))
        ]
        await asyncio.to_thread(store.acknowledge, removals)
        on_acknowledged(removals)
        for error in errors:
            if not removals or not isinstance(error, UnavailableError):
                raise error
            unavailable = error
    if unavailable:
        raise unavailable


async def _round(
    treat: Callable[[Sequence[str]], Awaitable[Mapping[str, _Answer]]], parts: Sequence[Sequence[str]]
) -> tuple[dict[str, _Answer], list[LeadwayError]]:
    """Treat all parts at the same time; return what became of each contact, and what failed."""
    answers: dict[str, _Answer] = {}
    errors: list[LeadwayError] = []

    async def call(contact_ids: Sequence[str]) -> None:
        try:
            answers.update(await treat(contact_ids))
        except LeadwayError as error:
            errors.append(error)

    async with asyncio.TaskGroup() as calls:
        for part in parts:
            calls.create_task(call(part))
    return answers, errors


async def _delete_one(sink: ContactSink, _: RemovalPolicy, contact_ids: Sequence[str]) -> Mapping[str, _Answer]:
    """Delete one contact."""
    [contact_id] = contact_ids
    try:
        await sink.delete_contact(contact_id)
    except RefusedError as error:
        return {contact_id: _refusal(error.reasons or (str(error),))}
    return {contact_id: _Answer(missing=True)}


async def _change_tags(sink: ContactSink, policy: RemovalPolicy, contact_ids: Sequence[str]) -> Mapping[str, _Answer]:
    """Add the tags to contacts, or remove them."""
    kind: Literal["add", "remove"] = "add" if policy.on_removed == "tag" else "remove"
    try:
        answer = await sink.update_tags(kind, contact_ids, policy.removed_tags)
    except RefusedError as error:
        return dict.fromkeys(contact_ids, _refusal(error.reasons or (str(error),)))
    failed = {item.contact_id: (item.message or "no reason given",) for item in answer.responses if not item.ok}
    return {
        contact_id: _refusal(failed[contact_id]) if contact_id in failed else _Answer() for contact_id in contact_ids
    }


def _refusal(sentences: Sequence[str]) -> _Answer:
    if any(map(_is_missing, sentences)):
        return _Answer(missing=True)
    return _Answer(reasons=tuple(Reason("", "removal_refused", sentence) for sentence in sentences))


def _is_missing(sentence: str) -> bool:
    """Return True for `Contact not found` (observed) and `contact is deleted` (documented, for a bulk change)."""
    _, named, rest = sentence.casefold().partition("contact")
    return bool(named) and ("not found" in rest or "deleted" in rest or "not exist" in rest)
