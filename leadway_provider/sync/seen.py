"""Which rows a plan read, as one bit for each row id: an older data interval leaves what a newer one has read."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

_LEVEL: Final = 1
"""zlib's: the fastest is good enough for long runs of ones and zeros."""

_MANY: Final = 20
"""Rows with a contact from which on a whole read that returns less than half of them counts as partial."""


def pack(bits: bytes | bytearray) -> bytes:
    """Return the bits in a compressed form, to be stored."""
    return zlib.compress(bits, _LEVEL)


def unpack(packed: bytes) -> bytes:
    """Return the bits that `pack` was given."""
    return zlib.decompress(packed)


def united(packed: Iterable[bytes]) -> bytes:
    """Return the bits that are set in any of these."""
    union = 0
    for each in packed:
        union |= int.from_bytes(unpack(each), "little")
    return union.to_bytes((union.bit_length() + 7) // 8, "little")


def covers(packed: bytes, other: bytes) -> bool:
    """Return whether the first has all bits of the other."""
    mine, theirs = (int.from_bytes(unpack(each), "little") for each in (packed, other))
    return not theirs & ~mine


def make_room(bits: bytearray, number: int) -> None:
    """Make sure that there is a bit of that number, and some more; new bits are not set."""
    missing = (number >> 3) + 1 - len(bits)
    if missing > 0:
        bits.extend(bytes(missing + len(bits) // 8))


def set_bit(bits: bytearray, number: int) -> None:
    """Set that bit, and make room for it if there is none."""
    make_room(bits, number)
    bits[number >> 3] |= 1 << (number & 7)


def is_set(bits: bytes | bytearray, number: int) -> bool:
    """Return whether that bit is set; bits beyond the end are not."""
    byte = number >> 3
    return byte < len(bits) and bits[byte] & 1 << (number & 7) != 0


def suspiciously_few(seen: bytes | bytearray, with_contact: int) -> tuple[int, int] | None:
    """Return how many known rows were read and how many have a contact, where that is less than half of many."""
    read = int.from_bytes(seen, "little").bit_count()
    return (read, with_contact) if with_contact >= _MANY and 2 * read < with_contact else None
