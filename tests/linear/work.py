"""Text in the sizes and kinds that make bad patterns slow, and whether work on it grows as it does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache

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
LADDER = (24, 200, 1600, 12_800)
"""Lengths at which a pattern is tried, so that one whose time doubles with each character is found before it hangs."""


def repeated(unit: str, size: int = SIZE) -> str:
    """Return so many characters of repeated text."""
    return (unit * (size // len(unit) + 1))[:size]


def seconds(work: Callable[[str], object], text: str) -> float:
    """Return the processor's time that work on a text takes."""
    began_at = time.process_time()
    work(text)
    return time.process_time() - began_at


@cache
def moment() -> float:
    """Return the seconds in which this machine tries twenty million steps of a simple pattern: about 10 ms.

    Only what takes longer is looked at again. Work whose time is in proportion to the text is far from it, and no test
    fails by this time alone.
    """
    return min(seconds(re.compile("a*b").search, "a" * 6000) for _ in range(3))


def grows_too_fast(work: Callable[[str], object], text_of: Callable[[int], str], size: int = SIZE) -> bool:
    """Return True if sixteen times the text takes far more than sixteen times the processor's time.

    Work that grows with the square of the text takes 256 times as long. Since the machine may be busy, the least of
    several times counts.

    Args:
        work: what is done with a text.
        text_of: returns the text of a length.
        size: the length.
    """
    if seconds(work, text_of(size)) <= moment():
        return False
    long, short = (min(seconds(work, text_of(each)) for _ in range(3)) for each in (size, size // 16))
    return long > 64 * short
