"""What a plan costs: how many calls it needs, and how long they take with the quota of the account."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.write_policy import has_policies, needs_look
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.tags import MOST_CONTACTS

_MOST_SETS: Final = 10_000
"""Different sets of tags that are counted together; with more, each further one is counted as a call of its own."""


@dataclass(frozen=True, slots=True)
class GrantedQuota:
    """The account's quota, as its answer says.

    Attributes:
        calls: calls granted in a window.
        seconds: the length of the window.
        left: calls that are left today; None where the answer does not say.
        daily: calls of a day; None where the answer does not say.
    """

    calls: int
    seconds: float
    left: int | None
    daily: int | None

    def duration(self, calls: int) -> float:
        """Return the seconds that so many calls take at full speed."""
        return calls * self.seconds / self.calls

    def days(self, calls: int) -> int | None:
        """Return on how many days so many calls are made; None where that is not known."""
        if self.left is None or calls <= self.left:
            return 1
        return 1 + math.ceil((calls - self.left) / self.daily) if self.daily else None

    def without(self, reserve: int) -> GrantedQuota:
        """Return the quota without the calls of each day that are left to others."""
        left, daily = (None if each is None else max(0, each - reserve) for each in (self.left, self.daily))
        return GrantedQuota(self.calls, self.seconds, left, daily)


@dataclass
class CallCounter:
    """Counts the calls that a plan needs, as far as they are known before the first one is made.

    Attributes:
        looks_up: whether a contact that is not known is looked up first, as `on_match` may ask.
        contact_calls: calls that write a contact, or look one up.
    """

    looks_up: bool = False
    contact_calls: int = 0
    _tagged: Counter[tuple[str, ...]] = field(default_factory=Counter, repr=False)
    _alone: int = 0

    def add(self, contact: Contact, *, by_id: bool, is_missing: bool = False) -> None:
        """Count the calls for a contact.

        Args:
            contact: what is sent.
            by_id: whether it is written to a contact by its id; otherwise the account matches one.
            is_missing: whether that contact exists no more, so that the call by its id is followed by an upsert.
        """
        differing = contact.differing
        # On a contact that exists, only a second call changes the company's name.
        company = contact.upsert_only_fields.keys() - contact.once
        is_renamed = bool(company) and (differing is None or "companyName" in differing)
        self.contact_calls += 2 if by_id and (is_missing or is_renamed) else 1
        if self.looks_up and (is_missing or not by_id):
            self.contact_calls += 1
        self.contact_calls += self._looks(contact, is_matched=is_missing or not by_id)
        if differing is not None and "tags" not in differing:
            return
        for kind, tags in (("add", contact.add_tags), ("remove", contact.remove_tags)):
            if tags:
                self._add_tags((kind, *sorted(tags)))

    def _looks(self, contact: Contact, *, is_matched: bool) -> int:
        """Return how many look-ups the write policies of a contact's fields need at most."""
        if is_matched and not self.looks_up and contact.repeatable and has_policies(contact):
            return 2  # by e-mail and phone, and by the id of what is found
        return int(needs_look(contact))

    def _add_tags(self, change: tuple[str, ...]) -> None:
        if change in self._tagged or len(self._tagged) < _MOST_SETS:
            self._tagged[change] += 1
        else:
            self._alone += 1

    @property
    def tag_calls(self) -> int:
        """Calls that change tags: one for all contacts, up to a number of them, that need the same tags."""
        return self._alone + sum(math.ceil(number / MOST_CONTACTS) for number in self._tagged.values())


def removal_calls(policy: RemovalPolicy, departed: int) -> int:
    """Return how many calls treat the contacts of so many departed rows."""
    return math.ceil(departed / (1 if policy.on_removed == "delete" else MOST_CONTACTS))
