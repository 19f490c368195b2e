"""The source key of a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import cast

from leadway_provider.contacts.unreadable import UnreadableValue

KEY_LENGTH = 255
"""The most characters a source key may have: what every supported database can index."""

_WHOLE_BELOW = 10**40


def source_keys(rows: Sequence[Sequence[object]], positions: Sequence[int]) -> list[str | None]:
    """Return the source key of each row as text; None where the row has none.

    The same value gives the same key whatever type a driver hands it over in: `1`, `Decimal("1.00")` and `"1"` are one
    key. A key of several columns is a JSON list of their texts. A row has no key where one of its key columns is null,
    blank or unreadable, or holds what can't be stored as text (a NUL character or half of a surrogate pair), or where
    the key is longer than `KEY_LENGTH` characters.
    """
    keys: list[str | None]
    if len(positions) == 1:
        position = positions[0]
        values = [row[position] for row in rows]
        # Most keys are whole numbers of a few digits, and a batch of them needs no look at each.
        keys = list(map(str, values)) if _all_short_numbers(values) else [_text(value) for value in values]
    else:
        keys = [_compound([_text(row[position]) for position in positions]) for row in rows]
    if _plainly_storable(keys):
        return keys
    return [key if key is not None and _storable(key) else None for key in keys]


def _all_short_numbers(values: Sequence[object]) -> bool:
    if set(map(type, values)) != {int}:
        return False
    numbers = cast("Sequence[int]", values)
    return min(numbers) > -_WHOLE_BELOW and max(numbers) < _WHOLE_BELOW


def _text(value: object) -> str | None:
    """Return a key column's value as text; None for null, blank and what could not be read or has no text."""
    kind = type(value)
    if kind is str:
        return value if value and not value.isspace() else None  # type: ignore[attr-defined, return-value]  # it is a str
    try:
        return str(value) if kind is int else _unusual_text(value)
    except Exception:  # noqa: BLE001 - Python writes no number of thousands of digits, and a driver's type may do anything
        return None


def _unusual_text(value: object) -> str | None:
    text: str
    if value is None or isinstance(value, UnreadableValue):
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
    """Return a whole number without its decimals, since a driver may add or drop them."""
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
    """Return whether a whole batch can be stored as it is, without a check of each key."""
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
