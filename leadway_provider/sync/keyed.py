"""The rows of a plan by their source keys: which row stands for a key, and which rows stand for none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from leadway_provider.sync.forgotten import ForgottenKeys
from leadway_provider.sync.outcome import OUTCOMES, RowState
from leadway_provider.sync.problems import Problems
from leadway_provider.sync.repeated import RepeatedKeys

_NAMES: Final = ("read", *OUTCOMES)


@dataclass
class KeyedRows:
    """Finds the row of each key in batches of a plan, and counts all other rows.

    Attributes:
        problems: what is wrong with rows; one without a key is.
        forgotten: the keys that the sync leaves alone.
        repeated: the keys that several rows of a batch have.
        counts: rows by outcome, as far as their keys decide it, and those that were read; the plan counts on.
    """

    problems: Problems
    forgotten: ForgottenKeys
    repeated: RepeatedKeys = field(default_factory=RepeatedKeys)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_NAMES, 0))
    forgotten_rows: int = 0

    def places(self, keys: Sequence[str | None]) -> Mapping[str, int]:
        """Return the place of the last row of each key, of a batch with these; what is not among them is counted."""
        latest = dict(zip(keys, range(len(keys)), strict=True))
        uncounted = len(keys)
        if latest.pop(None, None) is not None:
            unkeyed = self.problems.add_unkeyed(keys, self.counts["read"] + 1)
            self.counts[RowState.INVALID] += unkeyed
            uncounted -= unkeyed
        places: Mapping[str, int] = latest  # type: ignore[assignment]  # None was popped
        if forgotten := self.forgotten.among(places):
            skipped = sum(key in forgotten for key in keys)
            self.counts[RowState.SKIPPED] += skipped
            self.forgotten_rows += skipped
            uncounted -= skipped
            places = {key: place for key, place in places.items() if key not in forgotten}
        if superseded := uncounted - len(places):
            self.counts[RowState.SUPERSEDED] += superseded
            self.repeated.add_batch([key for key in keys if key in places])
        self.counts["read"] += len(keys)
        return places
