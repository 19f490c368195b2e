"""The contacts of an account as a search finds them: without the most recent writes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from leadway_provider.sandbox.contact import SandboxContact


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A contact as it was before a write; None if it did not exist."""

    written_at: float
    contact_id: str
    contact: SandboxContact | None


class SearchIndex:
    """The contacts by age, as they were some time ago.

    Args:
        lag: the seconds until a write is visible. With 0 every write is visible at once.
    """

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self._ordered: list[SandboxContact] = []
        self._earlier: deque[_Earlier] = deque()

    def add(self, contact: SandboxContact, now: float) -> None:
        """Add a contact that was created at `now`, in seconds since 1970."""
        insort(self._ordered, contact, key=_age)
        self._keep(_Earlier(now, contact.id, None))

    def keep(self, contact: SandboxContact, now: float) -> None:
        """Keep a copy of a contact for the lag of a write at `now`. Call it before the write."""
        if self._lag:
            self._keep(_Earlier(now, contact.id, contact.copy()))

    def remove(self, contact: SandboxContact, now: float) -> None:
        """Remove a contact that is deleted at `now`. It must not be changed afterwards."""
        del self._ordered[bisect_left(self._ordered, _age(contact), key=_age)]
        self._keep(_Earlier(now, contact.id, contact))

    def contacts(self, now: float) -> Sequence[SandboxContact]:
        """Return the contacts as a search at `now` finds them, ordered by `dateAdded` and id."""
        self._drop_visible(now)
        if not self._earlier:
            return self._ordered
        shown = {earlier.contact_id: earlier.contact for earlier in reversed(self._earlier)}
        found = [contact for contact in self._ordered if contact.id not in shown]
        return sorted([*found, *(contact for contact in shown.values() if contact)], key=_age)

    def _keep(self, earlier: _Earlier) -> None:
        if self._lag:
            self._earlier.append(earlier)
            self._drop_visible(earlier.written_at)

    def _drop_visible(self, now: float) -> None:
        while self._earlier and self._earlier[0].written_at <= now - self._lag:
            self._earlier.popleft()


def _age(contact: SandboxContact) -> tuple[int, str]:
    return contact.added_at_milliseconds, contact.id
