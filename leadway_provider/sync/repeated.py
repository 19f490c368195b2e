"""Rows that repeat the key of another row, as a join that multiplies rows makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

_KEYS: Final = 1000
"""So many keys are counted one by one, the first that repeat; all others only as a sum, so that memory is constant."""


class RepeatedKeys:
    """Counts the rows of one plan that repeat a key.

    Attributes:
        rows: how many rows have a key that a row before them had.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._again: Counter[str] = Counter()

    def add_batch(self, keys: Sequence[str | None]) -> None:
        """Count the keys that come more than once in a batch; None is not a key."""
        for key, number in Counter(keys).items():
            if key is not None and number > 1:
                self._add(key, number - 1)

    def add(self, keys: Iterable[str]) -> None:
        """Count keys that an earlier batch had, each once."""
        for key in keys:
            self._add(key, 1)

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """Return the keys with the most rows, and how many rows each has."""
        return [(key, again + 1) for key, again in self._again.most_common(number)]

    def _add(self, key: str, again: int) -> None:
        self.rows += again
        if key in self._again or len(self._again) < _KEYS:
            self._again[key] += again
