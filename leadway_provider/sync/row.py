"""What identifies a source row, and what tells whether it changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import cast

import msgspec

KEY_LENGTH = 255
"""The most characters a source key may have: what every supported database can index."""

_WHOLE_BELOW = 10**40

_encoder = msgspec.msgpack.Encoder(enc_hook=str, order="deterministic")


def source_keys(rows: Sequence[Sequence[object]], positions: Sequence[int]) -> list[str | None]:
    """The source key of each row as text; None where the row has none.

    The same value gives the same key whatever type a driver hands it over in: `1`, `Decimal("1.00")` and `"1"` are one
    key. A key of several columns is a JSON list of their texts. A row has no key where one of its key columns is null
    or blank, or holds what can't be stored as text (a NUL character or half of a surrogate pair), or where the key is
    longer than `KEY_LENGTH` characters.
    """
    keys: list[str | None]
    if len(positions) == 1:
        position = positions[0]
        values = [row[position] for row in rows]
        # Most keys are whole numbers, and a batch of them needs no look at each.
        keys = list(map(str, values)) if set(map(type, values)) == {int} else [_text(value) for value in values]
    else:
        keys = [_compound([_text(row[position]) for position in positions]) for row in rows]
    if _plainly_storable(keys):
        return keys
    return [key if key is not None and _storable(key) else None for key in keys]


def fingerprinter(digest: bytes) -> Callable[[Sequence[object]], bytes]:
    """A function from a row's values to their fingerprint, 16 bytes that change when the row does.

    Args:
        digest: stands for everything else that decides what is sent, such as the mapping; part of every fingerprint.
    """
    seed = hashlib.blake2b(digest, digest_size=16)
    encode = _encoder.encode
    copy = seed.copy

    def fingerprint(row: Sequence[object]) -> bytes:
        values = tuple(row)
        try:
            data = encode(values)
        except (UnicodeEncodeError, OverflowError, TypeError, ValueError, RecursionError):
            data = encode([_encodable(value) for value in values])
        state = copy()
        state.update(data)
        return state.digest()

    return fingerprint


def _text(value: object) -> str | None:
    """A key column's value as text; None for null and blank."""
    kind = type(value)
    if kind is str:
        return value if value and not value.isspace() else None  # type: ignore[attr-defined, return-value]  # it is a str
    if kind is int:
        return str(value)
    return _unusual_text(value)


def _unusual_text(value: object) -> str | None:
    text: str
    if value is None:
        return None
    if isinstance(value, bool):
        text = str(int(value))
    elif isinstance(value, Decimal | float):
        text = _number_text(value)
    elif isinstance(value, bytes | bytearray | memoryview):
        text = bytes(value).hex()
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        text = str(value)
    return text if text and not text.isspace() else None


def _number_text(value: Decimal | float) -> str:
    """A whole number without its decimals, since a driver may add or drop them."""
    try:
        whole = -_WHOLE_BELOW < value < _WHOLE_BELOW and int(value) == value
    except ArithmeticError:
        whole = False
    return str(int(value)) if whole else str(value)


def _compound(parts: Sequence[str | None]) -> str | None:
    if None in parts:
        return None
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _plainly_storable(keys: Sequence[str | None]) -> bool:
    """Whether a whole batch can be stored as it is, found out without looking at its keys one by one."""
    if None in keys:
        return False
    texts = cast("Sequence[str]", keys)
    longest: int = max(map(len, texts), default=0)
    return longest <= KEY_LENGTH and " ".join(texts).isprintable()


def _storable(key: str) -> bool:
    if len(key) > KEY_LENGTH or "\x00" in key:
        return False
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encodable(value: object) -> bytes | object:
    """What stands for a value that the encoder can't take: too big a number, half of a surrogate pair."""
    try:
        _encoder.encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError, RecursionError):
        return repr(value).encode("utf-8", "surrogatepass")
    return value
