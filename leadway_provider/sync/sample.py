"""A sample of the rows that did not change: which take part, and what the contacts that were read say of all."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple, Self

from leadway_provider.sync.reservoir import Reservoir
from leadway_provider.sync.snapshot import KnownHome, SnapshotStore
from leadway_provider.words import counted, share_text

_Z: Final = 1.959963984540054
"""95% of a normal distribution are within so many standard deviations."""


class ShareBounds(NamedTuple):
    """Bounds of a share, from 0 to 1."""

    low: float
    high: float


def share_bounds(equal: int, sampled: int, population: int) -> ShareBounds:
    """Return where the share of all is with 95% confidence: Wilson's score interval.

    It is cut to what is possible, because those that were read count as they were found. So the bounds are one number
    where all were read.

    Args:
        equal: how many of those that were read are equal.
        sampled: how many were read, 1 or more.
        population: how many there are of which these were chosen.
    """
    share = equal / sampled
    spread = 1 + _Z**2 / sampled
    centre = (share + _Z**2 / (2 * sampled)) / spread
    reach = _Z / spread * math.sqrt(share * (1 - share) / sampled + _Z**2 / (4 * sampled**2))
    possible = ShareBounds(equal / population, (population - (sampled - equal)) / population)
    return ShareBounds(
        max(possible.low, min(share, centre - reach) if equal else 0.0),
        min(possible.high, max(share, centre + reach) if equal < sampled else 1.0),
    )


@dataclass(frozen=True, slots=True)
class SampledRow:
    """A row of the sample.

    Attributes:
        row_id: its id.
        source_key: its key.
        values: its columns' values, as the source has them.
        contact_id: the contact that it lives on.
        home: what was known of it when it was chosen.
    """

    row_id: int
    source_key: str
    values: Sequence[object] = field(repr=False)
    contact_id: str
    home: KnownHome


class RowSample:
    """The rows of a plan that are chosen at random to be compared with their contacts.

    A row takes part if it is unchanged and a contact is known that no other row lives on, to which no call without an
    answer may have written.

    Args:
        size: the most rows that are chosen, 1 or more.
        random: returns a number from 0 up to 1.
        store: knows where rows live.
    """

    def __init__(self, size: int, random: Callable[[], float], store: SnapshotStore) -> None:
        self._reservoir: Reservoir[SampledRow] = Reservoir(size, random)
        self._store = store

    @property
    def population(self) -> int:
        """How many rows take part."""
        return self._reservoir.population

    def rows(self) -> list[SampledRow]:
        """Return the rows that are chosen."""
        return self._reservoir.items()

    def add(self, unchanged: Mapping[int, tuple[str, Sequence[object]]]) -> None:
        """Let rows take part that a plan found unchanged.

        Args:
            unchanged: key and values of each, by row id.
        """
        homes = self._store.homes(list(unchanged))
        residents = self._store.residents({home.contact_id for home in homes.values() if home.contact_id})
        for row_id, (source_key, values) in unchanged.items():
            home = homes.get(row_id)
            if home is None or home.contact_id is None or home.is_unanswered:
                continue
            if not set(residents.get(home.contact_id, ())) - {row_id}:
                self._reservoir.add(row_id, SampledRow(row_id, source_key, values, home.contact_id, home))

    def take_back(self, row_ids: Collection[int]) -> None:
        """Let these rows take part no more: they are planned again, or another row stands for them."""
        for row_id in row_ids:
            self._reservoir.take_back(row_id)


@dataclass(frozen=True, slots=True)
class SampleFindings:
    """What the contacts of a sample say.

    Attributes:
        population: of how many rows the sample was chosen.
        sampled: how many contacts were read and count.
        equal: how many of them are as acknowledged.
        drifted: how many have some fields otherwise.
        missing: how many do not exist any more.
        drifted_by_field: how many drifted in which field, as the user writes it.
    """

    population: int
    sampled: int = 0
    equal: int = 0
    drifted: int = 0
    missing: int = 0
    drifted_by_field: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def bounds(self) -> ShareBounds:
        """Where the share of all is with 95% confidence; only where a contact counts."""
        return share_bounds(self.equal, self.sampled, self.population)

    def sentences(self) -> str:
        """Return what was found, in words."""
        if not self.sampled:
            return "No contact was read: no row is unchanged, with a contact of its own."
        share = share_text(self.equal / self.sampled)
        equal = f"{self.equal:,} ({share}) {'is' if self.equal == 1 else 'are'} as acknowledged"
        if self.sampled == self.population:
            read = "The one contact was" if self.sampled == 1 else f"All {self.sampled:,} contacts were"
            return f"{read} read, so the share is exact: {equal}."
        low, high = map(share_text, self.bounds)
        return (
            f"Of {counted(self.sampled, 'contact')} chosen at random, {equal}. With 95% confidence, the share of all "
            f"{self.population:,} is {low} to {high}."
        )

    def report(self) -> dict[str, int | float]:
        """Return the figures by their names in the run's report; the share only where a contact counts."""
        found: dict[str, int | float] = {"sampled": self.sampled, "sampled_of": self.population}
        found["sampled_equal"] = self.equal
        if self.sampled:
            shares = (self.equal / self.sampled, *self.bounds)
            names = ("sampled_share", "sampled_share_low", "sampled_share_high")
            found |= {name: round(share, 6) for name, share in zip(names, shares, strict=True)}
        return found

    def document(self) -> dict[str, object]:
        """Return it as plain values that the state store can keep as JSON, as what a comparison found."""
        figures = asdict(self)
        return {"drifted_by_field": figures.pop("drifted_by_field"), "sample": figures}

    @classmethod
    def of_run(cls, comparison: Mapping[str, Any]) -> Self | None:
        """Return what the sample of a run says; None where it has none.

        Args:
            comparison: what the run's comparison found, as the state store keeps it.
        """
        found = comparison.get("sample")
        return None if found is None else cls(**found, drifted_by_field=comparison["drifted_by_field"])
