"""A lost answer to a call that must not be sent twice: look the contact up before anything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.echo import not_kept
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.ports import ContactSink, ContactView, UpsertEcho

LOOKS_AFTER: Final = (0.0, 10.0, 20.0, 30.0)
"""Seconds to wait before each look: search lags behind writes by 10 to 60 s (observed), so the last is after 60 s."""

_CLOCKS_APART: Final = timedelta(seconds=5)


class UnsureError(Exception):
    """Whether the contact was made can't be told; the message says what is known."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The contact that the lost call made, in the shape of the answer that was lost."""

    contact_id: str
    kept: Mapping[str, JsonValue]
    new: bool = True
    trace_id: str | None = None
    status: int | None = None


async def recover(
    sink: ContactSink, contact: Contact, *, sent_at: datetime, sleep: Callable[[float], Awaitable[None]]
) -> UpsertEcho:
    """Find the contact that a lost call made; send it once more where it certainly made none.

    Args:
        sink: the account.
        contact: what was sent.
        sent_at: when it was first sent; a contact that is older was not made by that call.
        sleep: waits that many seconds.

    Raises:
        UnsureError: it can't be told, or the second answer was lost too.
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
        return await sink.upsert_contact(contact.fields)
    except UnavailableError as error:
        if error.maybe_received:
            raise UnsureError(
                "It was not to be found, so it was sent once more, and that answer was lost too."
            ) from None
        raise


def _ours(found: ContactView, contact: Contact, sent_at: datetime) -> UpsertEcho:
    added_at = found.wire.get("dateAdded")
    try:
        is_new = isinstance(added_at, str) and datetime.fromisoformat(added_at) >= sent_at - _CLOCKS_APART
    except (ValueError, TypeError):
        is_new = False
    if not is_new:
        raise UnsureError(
            f"The account has an older contact {found.id} with this e-mail or phone, which hides a new one."
        )
    # By a clock that is behind, older contacts seem new; a search may show less of a contact than there is.
    if any(reason.code == "changed" for reason in not_kept(contact.fields, found.wire, new=True)):
        raise UnsureError(f"The account has a contact {found.id} with this e-mail or phone, which holds other values.")
    return _Found(found.id, found.wire)
