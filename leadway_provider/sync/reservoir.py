"""A sample of what passes by, chosen at random in one go, from which what passed may be taken back.

Random pairing (Gemulla, Lehner and Haas: A Dip in the Reservoir, 2006): whatever was added and taken back, each choice
of so many of what is left is as likely as any other. Memory is that of the sample, and one bit for each key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from leadway_provider.sync.seen import is_set, set_bit

T = TypeVar("T")


class Reservoir(Generic[T]):
    """Keeps some of all items that are added, each with the same chance.

    Args:
        size: the most items that are kept, 1 or more.
        random: returns a number from 0 up to 1.

    Attributes:
        population: how many items were added, without those that were taken back.
    """

    def __init__(self, size: int, random: Callable[[], float]) -> None:
        self.population = 0
        self._size = size
        self._random = random
        self._members = bytearray()
        self._kept: list[tuple[int, T]] = []
        self._places: dict[int, int] = {}
        # How many items were taken back, of those kept and of the others, that no item has come for since.
        self._vacant_kept = 0
        self._vacant_others = 0

    def __len__(self) -> int:
        return len(self._kept)

    def items(self) -> list[T]:
        """Return what is kept."""
        return [item for _, item in self._kept]

    def add(self, key: int, item: T) -> None:
        """Let an item take part; its key, 0 or more, must not be that of another one that does."""
        self.population += 1
        set_bit(self._members, key)
        if vacant := self._vacant_kept + self._vacant_others:
            if self._random() * vacant < self._vacant_kept:
                self._vacant_kept -= 1
                self._keep(key, item)
            else:
                self._vacant_others -= 1
        elif len(self._kept) < self._size:
            self._keep(key, item)
        elif self._random() * self.population < self._size:
            place = int(self._random() * self._size)
            del self._places[self._kept[place][0]]
            self._kept[place], self._places[key] = (key, item), place

    def take_back(self, key: int) -> None:
        """Let an item take part no more; a key that does not is left alone."""
        if not is_set(self._members, key):
            return
        self._members[key >> 3] &= ~(1 << (key & 7))
        self.population -= 1
        if (place := self._places.pop(key, None)) is None:
            self._vacant_others += 1
            return
        self._vacant_kept += 1
        last = self._kept.pop()
        if place < len(self._kept):
            self._kept[place], self._places[last[0]] = last, place

    def _keep(self, key: int, item: T) -> None:
        self._places[key] = len(self._kept)
        self._kept.append((key, item))
