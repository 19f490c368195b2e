"""Rows counted by what was found of them, in constant memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from leadway_provider.sync.seen import is_set, make_room, set_bit


@dataclass
class Tally:
    """Counts rows by what was found, with one bit for each row and kind, so that a row can be taken back."""

    _bits: dict[str, bytearray] = field(default_factory=dict, repr=False)

    def add(self, row_id: int, kinds: Collection[str]) -> None:
        """Count a row for each of these kinds."""
        for kind in kinds:
            bits = self._bits.setdefault(kind, bytearray())
            make_room(bits, row_id)
            set_bit(bits, row_id)

    def take_back(self, row_ids: Collection[int]) -> None:
        """Count these rows no more."""
        for bits in self._bits.values():
            for row_id in row_ids:
                if row_id >> 3 < len(bits):
                    bits[row_id >> 3] &= ~(1 << (row_id & 7))

    def has(self, row_id: int, kind: str) -> bool:
        """Return whether a row is counted for that kind."""
        return is_set(self._bits.get(kind, b""), row_id)

    def bits(self, kind: str) -> bytes:
        """Return one bit for each row id, set where the row is counted for that kind."""
        return bytes(self._bits.get(kind, b""))

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind that has any."""
        found = {kind: int.from_bytes(bits, "little").bit_count() for kind, bits in self._bits.items()}
        return {kind: rows for kind, rows in found.items() if rows}
