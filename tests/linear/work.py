"""Text in the sizes and kinds that make bad patterns slow, and whether work on it grows as it does."""

from __future__ import annotations

import time
from collections.abc import Callable

SIZE = 100_000
KINDS = {
    "spaces": " ",
    "digits": "1",
    "dots": ".",
    "at signs": "@",
    "plus signs": "+",
    "minus signs": "-",
    "slashes": "/",
    "backslashes": "\\",
    "quotes": '"',
    "brackets": "[",
    "braces": "{",
    "parentheses": "(",
    "commas": ",",
    "letters": "a",
    "labels": "a.",
    "groups": "1,234",
    "numbers": "1 ",
    "words": "a ",
    "items": '"a",',
    "bounds": "[1:1]",
    "combining characters": "\u0301\u0327",
    "zero width": "\u200b",
    "flags": "\U0001f3f4\U000e0067",
    "wide": "\u3000日",
    "line breaks": "\r\n",
}
"""What is repeated, by name."""
AROUND = (("", "x"), ("https://", "x"), ("{", "x}"), ('["', "]"))
"""What is before and behind it, so that a pattern begins well and fails late."""
_MOMENT = 0.2


def repeated(unit: str, size: int = SIZE) -> str:
    """Return so many characters of repeated text."""
    return (unit * (size // len(unit) + 1))[:size]


def grows_too_fast(work: Callable[[str], object], unit: str, before: str, behind: str) -> bool:
    """Return True if four times the text takes far more than four times the processor's time.

    Work that grows with the square of the text takes sixteen times as long. What takes no more than a moment is never
    too much: with the square, 100,000 characters take seconds.
    """

    def seconds(size: int) -> float:
        text = f"{before}{repeated(unit, size)}{behind}"
        began_at = time.process_time()
        work(text)
        return time.process_time() - began_at

    took = seconds(SIZE)
    return took > _MOMENT and min(took, seconds(SIZE)) > 8 * max(seconds(SIZE // 4), _MOMENT / 10)
