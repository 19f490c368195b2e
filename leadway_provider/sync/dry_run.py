"""What a dry run tells: how many contacts it would create and update, by field, and the quota and time it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.policies import OnMatch, RemovalPolicy
from leadway_provider.sync.cost import CallCounter, GrantedQuota, removal_calls
from leadway_provider.sync.effect import PlannedChange, RowEffect, allowed_by

FIELDS: Final = "fields."
"""What the report puts before a field's name."""
_LONGEST: Final = ("seconds_needed", "days_needed")
"""What accounts that are served side by side need together is what the slowest one needs."""


@dataclass
class DryRunFigures:
    """Counts what a plan would do, in constant memory.

    Attributes:
        columns: which fields are fed.
        removal: what becomes of departed rows.
        on_match: which rows are written; with all but `upsert`, contacts that are not known are looked up first.
        effects: how many rows there are of each effect.
        fields: how many rows would be sent that change a field, as the user writes it.
    """

    columns: Sequence[MappedColumn]
    removal: RemovalPolicy
    on_match: OnMatch = "upsert"
    effects: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    _calls: CallCounter = field(init=False)

    def __post_init__(self) -> None:
        self._calls = CallCounter(self.on_match != "upsert")

    def add(self, effects: Iterable[RowEffect]) -> list[RowEffect]:
        """Count rows, and return them as they are counted."""
        found = [allowed_by(self.on_match, each) for each in effects]
        for each in found:
            self.effects[each.effect] += 1
            if each.contact is not None:
                self._calls.add(each.contact, by_id=each.by_id, is_missing=each.is_missing)
                self.fields.update(each.fields(self.columns))
        return found

    @property
    def contact_calls(self) -> int:
        """How many calls write contacts, or look them up first."""
        return self._calls.contact_calls

    @property
    def other_calls(self) -> int:
        """How many calls change tags, or treat the contacts of departed rows."""
        return self._calls.tag_calls + removal_calls(self.removal, self.effects[PlannedChange.REMOVE])

    @property
    def calls(self) -> int:
        """How many calls the plan needs at most, as far as they are known before the first one is made."""
        return self.contact_calls + self.other_calls

    def report(self, quota: GrantedQuota) -> dict[str, int | float]:
        """Return the figures by their names in the run's report.

        `lookups` is there only where `on_match` asks for them, and `days_needed` only where it is known.
        """
        found: dict[str, int | float] = {
            "creates": self.effects[PlannedChange.CREATE],
            "updates": self.effects[PlannedChange.UPDATE],
            "removals": self.effects[PlannedChange.REMOVE],
            "calls_needed": self.calls,
            "seconds_needed": round(quota.duration(self.calls), 3),
        }
        if self.on_match != "upsert":
            found["lookups"] = self.effects[PlannedChange.LOOK_UP]
        if (days := quota.days(self.calls)) is not None:
            found["days_needed"] = days
        return found | {f"{FIELDS}{name}": self.fields[name] for name in sorted(self.fields)}


def sum_of(reports: Sequence[Mapping[str, object]]) -> dict[str, int | float]:
    """Return the figures of the dry runs of several accounts, which are served side by side, together.

    Args:
        reports: the accounts' reports, or parts of them; other values than the figures are left out.
    """
    names = (
        "creates",
        "updates",
        "lookups",
        "removals",
        "calls_needed",
        "sampled",
        "sampled_of",
        "sampled_equal",
        *_LONGEST,
    )
    found: dict[str, int | float] = {}
    for report in reports:
        for name, value in report.items():
            if isinstance(value, int | float) and (name in names or name.startswith(FIELDS)):
                found[name] = max(found.get(name, 0), value) if name in _LONGEST else found.get(name, 0) + value
    if not all("days_needed" in report for report in reports):
        found.pop("days_needed", None)
    return found
