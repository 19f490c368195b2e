"""Rows that leave the source: what becomes of their contacts.

A plan that has read the whole source knows which rows it did not meet. It notes them in the outbox, and they come last,
when every other row has been sent: only then is it known whether another row stands on the same contact.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final, Literal

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.exceptions import ConfigurationError, LeadwayError, RefusedError, UnavailableError
from leadway_provider.sync.ports import ContactSink, LeaverStore, Removal, RemovalStore
from leadway_provider.sync.tags import MOST_CONTACTS

_CHOICES: Final = ("ignore", "tag", "untag", "delete")
_FIRST_KEYS: Final = 5
_GONE: Final = re.compile(r"\bcontact\b.*\b(not found|deleted)\b", re.IGNORECASE)
"""`Contact not found` (observed) and, in the answer to a bulk change of tags, `contact is deleted` (documented)."""


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """What becomes of the contacts of rows that are no longer in the query's result.

    Only contacts that this sync created or updated are touched, and none that another row of the result stands on.

    Attributes:
        on_removed: `ignore` leaves the contacts as they are; `tag` adds `removed_tags` to them, and takes these tags
            off again when a row is sent; `untag` takes `removed_tags` off; `delete` deletes those contacts that this
            sync is known to have created. All but `ignore` need a query that reads every row each time.
        removed_tags: the tags, in small letters, as the API keeps them.
        max_removed: the most rows that may leave at once, a whole number or below 1 a share of the sync's rows that
            hold a contact. If more have left, the task fails before anything is sent or removed.

    Raises:
        ConfigurationError: a value is none of these, or tags are given where none are used, or missing where they are.
    """

    on_removed: Literal["ignore", "tag", "untag", "delete"] = "ignore"
    removed_tags: Sequence[str] = ()
    max_removed: float = 0.05

    def __post_init__(self) -> None:
        """Check the values, and write the tags as the API does."""
        if self.on_removed not in _CHOICES:
            raise ConfigurationError(
                f"on_removed is {self.on_removed!r}; it can be {' or '.join(map(repr, _CHOICES))}."
            )
        if isinstance(self.removed_tags, str) or not all(isinstance(tag, str) for tag in self.removed_tags):
            raise ConfigurationError("removed_tags is no list of texts; give a tuple such as ('left',).")
        tags = tuple(dict.fromkeys(tag.strip().lower() for tag in self.removed_tags))
        object.__setattr__(self, "removed_tags", tags)
        if "" in tags:
            raise ConfigurationError("removed_tags holds a blank tag; leave it out.")
        if (self.on_removed in ("tag", "untag")) != bool(tags):
            raise ConfigurationError(
                f"on_removed is {self.on_removed!r} and removed_tags is {tags!r}; "
                "'tag' and 'untag' need removed_tags, and nothing else uses them."
            )
        most = self.max_removed
        if not (isinstance(most, int | float) and math.isfinite(most) and (0 <= most < 1 or most == max(int(most), 1))):
            raise ConfigurationError(
                f"max_removed is {most!r}; give a whole number of rows, or a share between 0 and 1 of those that hold "
                "a contact."
            )

    def limit(self, holding: int) -> int:
        """The most rows that may leave at once, where so many hold a contact."""
        if self.max_removed >= 1:
            return int(self.max_removed)
        return int(Decimal(str(self.max_removed)) * holding)  # as written: 0.29 of 100 is 29, and in binary it is less

    def present(self, contact: Contact) -> Contact:
        """The contact of a row that is there: it ends without the tags that say that its row has left.

        That holds for every row that is sent, whatever is remembered of it: a row can come back under another key, be
        refused at first, or meet a state store that has forgotten it. A contact without the tags costs no call. Tags
        that the row itself asks for stay.
        """
        if self.on_removed != "tag":
            return contact
        replacing = contact.fields.get("tags")
        asked = {*contact.add_tags, *contact.remove_tags, *(replacing if isinstance(replacing, list) else ())}
        known = {str(tag).lower() for tag in asked}
        return replace(
            contact, remove_tags=(*contact.remove_tags, *(tag for tag in self.removed_tags if tag not in known))
        )


@dataclass(frozen=True, slots=True)
class Leavers:
    """What a plan found of rows that left.

    Attributes:
        found: how many were noted, to have their contacts treated as the policy says.
        foreign: how many were left alone, because this sync is not known to have created their contacts.
    """

    found: int = 0
    foreign: int = 0


def find_leavers(policy: RemovalPolicy, store: LeaverStore, *, read: int, is_present: Callable[[int], bool]) -> Leavers:
    """Note the rows that left, after the whole source was read and before the plan is sealed.

    Args:
        policy: what becomes of them, and how many there may be.
        store: the run's side of the state store.
        read: how many rows the query returned; where there were none, nothing has left.
        is_present: whether the plan met the row of this id.

    Raises:
        ConfigurationError: more have left than the policy allows.
    """
    if policy.on_removed == "ignore" or not read:
        return Leavers()
    holding = store.holding()
    limit = policy.limit(holding)
    found = foreign = 0
    first: list[str] = []
    for row_ids in store.holders():
        absent = [row_id for row_id in row_ids if not is_present(row_id)]
        keys = store.leavers(absent, only_made=policy.on_removed == "delete")
        found += len(keys)
        foreign += len(absent) - len(keys)
        first += list(keys.values())[: _FIRST_KEYS - len(first)]
        if found <= limit:
            store.note(keys)
    if found > limit:
        raise ConfigurationError(
            f"{found:,} of {holding:,} rows that hold a contact are no longer in the query's result, and max_removed "
            f"is {policy.max_removed}, which allows {limit:,}. Nothing was sent, and nothing removed. The first keys: "
            f"{', '.join(first)}. Check the query: it must return every row each time, so one that reads only what "
            f"changed can't be used with on_removed={policy.on_removed!r}. If these rows have really left, raise "
            "max_removed."
        )
    return Leavers(found, foreign)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of a contact; `reasons` are the API's where it refused."""

    gone: bool = False
    reasons: tuple[Reason, ...] = ()


async def remove(
    store: RemovalStore,
    sink: ContactSink,
    policy: RemovalPolicy,
    *,
    max_in_flight: int,
    on_acknowledged: Callable[[Sequence[Removal]], None] = lambda _: None,
) -> None:
    """Treat the contacts of the rows that left as the policy says, and acknowledge each row.

    A contact that another row stands on is left as it is, and one that no longer exists is done. Every call may be
    repeated, so a crash at any instant costs nothing but the calls of one round.

    Args:
        store: the run's side of the state store; no other row of the run may be waiting in its outbox.
        sink: the account.
        policy: what becomes of the contacts.
        max_in_flight: the most calls that wait for an answer at a time.
        on_acknowledged: told the rows of each commit.

    Raises:
        UnavailableError: the API could not be reached for some contacts; their rows stay in the outbox. All others were
            treated, unless a whole round failed.
        LeadwayError: whatever else the account or the store raised; calls in flight were finished and acknowledged.
    """
    treat, size = (_deleted, 1) if policy.on_removed == "delete" else (_tagged, MOST_CONTACTS)
    position = 0
    unavailable: LeadwayError | None = None
    while page := await asyncio.to_thread(store.leaving, position, size * max_in_flight):
        position = page[-1].position
        contact_ids = list(dict.fromkeys(leaver.contact_id for leaver in page if not leaver.shared))
        parts = [contact_ids[start : start + size] for start in range(0, len(contact_ids), size)]
        answers, errors = await _round(partial(treat, sink, policy), parts)
        answers |= {leaver.contact_id: _Answer() for leaver in page if leaver.shared}
        removals = [
            Removal(leaver, answer.gone, answer.reasons)
            for leaver in page
            if (answer := answers.get(leaver.contact_id))
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
    """Treat all parts at the same time; tells what became of each contact, and what failed."""
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


async def _deleted(sink: ContactSink, _: RemovalPolicy, contact_ids: Sequence[str]) -> Mapping[str, _Answer]:
    """Delete one contact."""
    [contact_id] = contact_ids
    try:
        await sink.delete_contact(contact_id)
    except RefusedError as error:
        return {contact_id: _refused(error.reasons or (str(error),))}
    return {contact_id: _Answer(gone=True)}


async def _tagged(sink: ContactSink, policy: RemovalPolicy, contact_ids: Sequence[str]) -> Mapping[str, _Answer]:
    """Add the tags to contacts, or take them off."""
    kind: Literal["add", "remove"] = "add" if policy.on_removed == "tag" else "remove"
    try:
        answer = await sink.update_tags(kind, contact_ids, policy.removed_tags)
    except RefusedError as error:
        return dict.fromkeys(contact_ids, _refused(error.reasons or (str(error),)))
    failed = {item.contact_id: (item.message or "no reason given",) for item in answer.responses if not item.ok}
    return {
        contact_id: _refused(failed[contact_id]) if contact_id in failed else _Answer() for contact_id in contact_ids
    }


def _refused(said: Sequence[str]) -> _Answer:
    if any(_GONE.search(sentence) for sentence in said):
        return _Answer(gone=True)
    return _Answer(reasons=tuple(Reason("", "removal_refused", sentence) for sentence in said))
