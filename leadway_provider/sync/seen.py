"""Which rows a plan met, kept as one bit for each row id: what a newer data interval has seen, an older one leaves."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

_LEVEL: Final = 1
"""zlib's: runs of ones and zeros are short however little time is spent."""


def pack(bits: bytes | bytearray) -> bytes:
    """Bits in a form to store."""
    return zlib.compress(bits, _LEVEL)


def united(packed: Iterable[bytes]) -> bytes:
    """The rows that any of these saw."""
    union = 0
    for each in packed:
        union |= int.from_bytes(zlib.decompress(each), "little")
    return union.to_bytes((union.bit_length() + 7) // 8, "little")


def covers(packed: bytes, other: bytes) -> bool:
    """Whether the first saw all that the other saw."""
    mine, theirs = (int.from_bytes(zlib.decompress(each), "little") for each in (packed, other))
    return not theirs & ~mine


def is_set(bits: bytes | bytearray, number: int) -> bool:
    """Whether that bit is set; those beyond the end are not."""
    byte = number >> 3
    return byte < len(bits) and bits[byte] & 1 << (number & 7) != 0
