"""A lost answer to a call that must not be sent twice: the contact is looked up first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.write_policy import without_paths
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.ports import ContactSink, ContactView, UpsertEcho

LOOKS_AFTER: Final = (0.0, 10.0, 20.0, 30.0)
"""Seconds to wait before each look: search lags behind writes by 10 to 60 s (observed), so the last is after 60 s."""

_CLOCKS_APART: Final = timedelta(seconds=5)


class UnsureError(Exception):
    """It is not known whether the contact was created; the message says what is known."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The contact that the lost call created, in the shape of the answer that was lost."""

    contact_id: str
    kept: Mapping[str, JsonValue] = field(repr=False)
    new: bool = True
    trace_id: str | None = None
    status: int | None = None


Send: TypeAlias = Callable[[Mapping[str, JsonValue]], Awaitable[UpsertEcho]]
"""Sends the fields of a contact, by a call that must not be repeated."""


async def recover(
    sink: ContactSink, contact: Contact, *, send: Send, sent_at: datetime, sleep: Callable[[float], Awaitable[None]]
) -> UpsertEcho:
    """Find the contact that a lost call created; send it once more where it certainly created none.

    Args:
        sink: the account.
        contact: what was sent.
        send: sends it.
        sent_at: when it was first sent; a contact that is older was not created by that call.
        sleep: waits that many seconds.

    Raises:
        UnsureError: it is not known whether the contact was created, or the second answer was lost too.
        RefusedError, UnavailableError: as the look-ups and the second call raise.
    """
    identities = contact.identities
    if not identities:
        raise UnsureError("It has neither e-mail nor phone to look it up by.")
    for seconds in LOOKS_AFTER:
        await sleep(seconds)
        found = await sink.find_duplicate(email=identities.get("email"), phone=identities.get("phone"))
        if found is not None:
            return _ours(found, contact, sent_at)
    try:
        return await send(contact.fields)
    except UnavailableError as error:
        if error.maybe_received:
            raise UnsureError("It was not found, so it was sent once more, and that answer was lost too.") from None
        raise


async def created_contact(sink: ContactSink, contact_id: str) -> UpsertEcho:
    """Return the answer to the lost call that created this contact; raises as `ContactSink.get_contact` does."""
    return _Found(contact_id, (await sink.get_contact(contact_id)).fields)


async def find_created(
    sink: ContactSink, contact: Contact, *, since: datetime | None, until: datetime, clock: Clock
) -> str | None:
    """Return the contact that an earlier run has created without getting the answer, or None.

    Args:
        sink: the account.
        contact: what that run may have sent.
        since: when that was known first; a contact that is older was not created by it.
        until: when that run had certainly ended. Search lags behind, so the last look is a minute after.
        clock: to wait for that.
    """
    if since is None or not (identities := contact.identities):
        return None
    while True:
        now = clock.now()
        found = await sink.find_duplicate(email=identities.get("email"), phone=identities.get("phone"))
        if found is not None:
            return found.id if _is_newer(found, since) and not _differs(contact, found) else None
        if (left := (until - now).total_seconds() + sum(LOOKS_AFTER)) <= 0:
            return None
        await clock.sleep(left)


def _ours(found: ContactView, contact: Contact, sent_at: datetime) -> UpsertEcho:
    if not _is_newer(found, sent_at):
        raise UnsureError(
            f"The account has an older contact {found.id} with this e-mail or phone, which hides a new one."
        )
    if _differs(contact, found):
        raise UnsureError(f"The account has a contact {found.id} with this e-mail or phone, which holds other values.")
    return _Found(found.id, found.fields)


def _is_newer(found: ContactView, sent_at: datetime) -> bool:
    added_at = found.fields.get("dateAdded")
    try:
        return isinstance(added_at, str) and datetime.fromisoformat(added_at) >= sent_at - _CLOCKS_APART
    except (ValueError, TypeError):
        return False


def _differs(contact: Contact, found: ContactView) -> bool:
    """Return whether a contact holds other values than were sent: by a clock that is behind, older ones seem new.

    A search may show less of a contact than there is. Fields that are written only where a contact is made may have had
    other values in the source when that call was sent.
    """
    sent = without_paths(contact, contact.once | contact.if_empty | contact.if_unedited).fields
    return any(reason.code == "changed" for reason in not_kept(sent, found.fields, new=True))
