"""The persons that `leadway forget` finds in the syncs of a store, and how they are deleted there and in the CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from leadway_provider.commands.account import open_account
from leadway_provider.commands.error import CommandError
from leadway_provider.commands.interrupt import HALF_DELETED
from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.lease import sync_lease
from leadway_provider.commands.screen import Screen
from leadway_provider.exceptions import ContactNotFoundError
from leadway_provider.hooks.forgotten import key_hasher
from leadway_provider.printable import printable
from leadway_provider.store.person import KnownPerson
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import ALL_ACCOUNTS
from leadway_provider.words import counted

_HOLDER: Final = "leadway forget"
_DELETED: Final = "deleted"
_WAS_GONE: Final = "was not there"


@dataclass(frozen=True, slots=True)
class PersonOfSync:
    """A person in one sync.

    Attributes:
        sync: the sync.
        person: what it has.
    """

    sync: SyncRecord
    person: KnownPerson


@dataclass(frozen=True, slots=True)
class ForgottenPerson:
    """What was done in one sync.

    Attributes:
        of_sync: the person.
        answers: what the CRM answered for each contact that was to be deleted.
    """

    of_sync: PersonOfSync
    answers: Mapping[str, str] = field(repr=False)

    def as_text(self) -> str:
        """Return it as lines for a person."""
        sync, keys = self.of_sync.sync, len(self.of_sync.person.keys)
        left_alone = f"; its next runs skip {counted(keys, 'key')}" if keys else ""
        lines = [f"Contact {contact_id}: {answer} in the CRM." for contact_id, answer in self.answers.items()]
        lines.append(f"Sync {sync.name} to {sync.location_id} has forgotten it{left_alone}.")
        return "\n".join(map(printable, lines))

    def as_json(self) -> dict[str, Any]:
        """Return it as a document for a program, without the key."""
        sync, person = self.of_sync.sync, self.of_sync.person
        found = {**sync_json(sync), "keys": len(person.keys)}
        return {**found, **person.counts, "in_crm": dict(self.answers)}


def with_key(state: StateStore, syncs: Sequence[SyncRecord], key: str, *, anywhere: bool) -> list[PersonOfSync]:
    """Return what these syncs have of a key; the same key in syncs of different names is not the same person.

    Args:
        state: the state store.
        syncs: the chosen syncs.
        key: the source key.
        anywhere: whether the syncs were chosen by name, so that a key that was never there is left alone, too.

    Raises:
        CommandError: no sync has the key, or several have it and none was named.
    """
    persons = [PersonOfSync(each, state.persons().with_key(each.id, key)) for each in syncs]
    known = [each for each in persons if each.person.is_known]
    names = {each.sync.name for each in known}
    if not anywhere and len(names) != 1:
        found = f"of {', '.join(map(repr, sorted(names)))}: name one of them" if names else "of any sync: name the one"
        raise CommandError(f"key {key!r} is in the state {found} with --sync.")
    # The record of all accounts is enough for each of them, also for one that comes later.
    of_all = [
        each
        for each in persons
        if each.sync.location_id == ALL_ACCOUNTS and each.sync.name in (names or {each.sync.name})
    ]
    others = [each for each in persons if each not in known and each not in of_all]
    return [*(each for each in known if each not in of_all), *of_all, *([] if known or of_all else others)]


def on_contact(state: StateStore, syncs: Sequence[SyncRecord], contact_id: str) -> list[PersonOfSync]:
    """Return what these syncs have of a contact.

    Raises:
        CommandError: none has anything.
    """
    persons = [PersonOfSync(each, state.persons().on_contact(each.id, contact_id)) for each in syncs]
    if known := [each for each in persons if each.person.is_known]:
        return known
    raise CommandError(f"contact {contact_id!r} is not in the state of {', '.join(repr(each.name) for each in syncs)}.")


def refuse_shared(persons: Sequence[PersonOfSync], *, in_crm: bool) -> None:
    """Raise CommandError where a contact would be deleted in the CRM on which another key lives."""
    shared = [contact_id for each in persons for contact_id in each.person.shared]
    if in_crm and shared:
        raise CommandError(
            f"another key of the sync lives on contact {shared[0]!r}: with --contact, the keys on it are forgotten "
            "together. Nothing was deleted."
        )


def as_text(persons: Sequence[PersonOfSync]) -> str:
    """Return what would be deleted, as lines for a person."""
    lines = []
    for each in persons:
        counts, lives_on = each.person.counts, each.person.lives_on
        lines.append(
            f"Sync {each.sync.name} to {each.sync.location_id} at {each.sync.host}: {counted(counts['rows'], 'row')}, "
            f"{counted(counts['claims'], 'claim')} on e-mails and phones, {counted(counts['waiting'], 'row')} in the "
            f"outbox, {counts['deliveries']:,} in the ledger."
        )
        lines += [f"  on contact {contact_id}" for contact_id in lives_on]
        lines += [f"  on contact {contact_id}, with another key, which stays" for contact_id in each.person.shared]
    return "\n".join(map(printable, lines))


def erase(
    state: StateStore, persons: Sequence[PersonOfSync], screen: Screen, *, leadway_conn_id: str | None
) -> list[ForgottenPerson]:
    """Delete what these syncs have, with the leases of all of them; the contacts in the CRM first.

    Args:
        state: the state store.
        persons: what they have.
        screen: says which run holds a lease.
        leadway_conn_id: the connection to the CRM; None deletes nothing there.

    Raises:
        CommandError: a run of one of the syncs is at work; nothing was deleted.
        ConfigurationError: Airflow has no usable Fernet key; nothing was deleted.
        LeadwayError: the CRM refused to delete a contact; the state store still has the person.
    """
    hashers = [key_hasher(state, each.sync.name, each.sync.host) for each in persons]
    done = []
    with ExitStack() as leases:
        held = [
            leases.enter_context(sync_lease(state, each.sync, screen, holder=_HOLDER, force=None)) for each in persons
        ]
        checks = [each.raise_if_cancelled for each in held]
        screen.interrupts.left = HALF_DELETED
        for each, hasher, check in zip(persons, hashers, checks, strict=True):
            check()
            answers = _delete_contacts(each, leadway_conn_id) if leadway_conn_id else {}
            state.persons().erase(
                each.person,
                [hasher.hash(key) for key in each.person.keys],
                check,
                contacts_deleted=list(answers.values()).count(_DELETED),
            )
            done.append(ForgottenPerson(each, answers))
    return done


def _delete_contacts(each: PersonOfSync, leadway_conn_id: str) -> dict[str, str]:
    """Delete the contacts on which the person lives, and return what the CRM answered for each."""
    answers = {}
    if each.person.lives_on:
        with open_account(leadway_conn_id, each.sync.location_id) as account:
            for contact_id in each.person.lives_on:
                try:
                    account.call(lambda client, of=contact_id: client.delete_contact(of), writes=True)  # type: ignore[misc]
                    answers[contact_id] = _DELETED
                except ContactNotFoundError:
                    answers[contact_id] = _WAS_GONE
    return answers
