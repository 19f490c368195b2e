"""Reads many hostile answers and rows, and prints what went wrong: any error that is not ours, and any slow input.

    python -m tests.fuzz.run --inputs 10000000 --seed 1

Each input has a number, which its generator begins with: `--only answers:123` reads that one again.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.fuzz.answers import draw_answer
from tests.fuzz.exchanges import draw_exchange
from tests.fuzz.large import draw_large
from tests.fuzz.rows import draw_row

READERS: Final[dict[str, Callable[[Random], Callable[[], object]]]] = {
    "answers": draw_answer,
    "exchanges": draw_exchange,
    "rows": draw_row,
    "large": draw_large,
}
SHARES: Final = {"answers": 0.4398, "exchanges": 0.01, "rows": 0.55, "large": 0.0002}
"""The part of all inputs that each reader gets; a whole client and large answers take longer than the others."""
LIMIT: Final = 0.05
"""The most seconds that one input may take; a test has no limit, because it must not depend on the machine."""
_REPEATS: Final = 3
_PART: Final = 100_000
"""The inputs after which their number and the processor's time until then are printed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that went wrong.

    Attributes:
        input: its reader and its number, for `--only`.
        what: the error with its traceback, or the time.
    """

    input: str
    what: str


def findings(reader: str, numbers: range, limit: float = math.inf) -> Iterator[Finding]:
    """Read the inputs of these numbers, and yield those that went wrong.

    The time of the thread counts, and the fastest one of a slow input, because the machine may be busy.

    Args:
        reader: which of `READERS`.
        numbers: the inputs.
        limit: the most seconds that an input may take.
    """
    draw, random = READERS[reader], Random()  # noqa: S311 - tests need repeatable numbers
    for number in numbers:
        random.seed(number)
        read = draw(random)
        try:
            if _seconds(read) > limit and (fastest := min(_seconds(read) for _ in range(_REPEATS))) > limit:
                yield Finding(f"{reader}:{number}", f"took {fastest:.3f} s")
        except Exception:  # noqa: BLE001 - any error is what is looked for
            yield Finding(f"{reader}:{number}", traceback.format_exc())


def _seconds(read: Callable[[], object]) -> float:
    began = time.thread_time()
    read()
    return time.thread_time() - began


def main() -> int:
    """Return 1 if any input went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many in all")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other inputs")
    parser.add_argument("--only", metavar="READER:NUMBER", help="read one input again")
    asked = parser.parse_args()
    if asked.only:
        reader, _, number = asked.only.partition(":")
        wrong = _print_findings(reader, range(int(number), int(number) + 1))
    else:
        wrong = _read_all(asked.inputs, asked.seed * 10**12)
    print(f"{wrong} went wrong.")
    return int(wrong > 0)


def _read_all(inputs: int, first: int) -> int:
    """Read some of each kind in turn, so that a run which is stopped has read all kinds; return how many went wrong."""
    gc.freeze()
    wrong = 0
    for begun in range(0, inputs, _PART):
        ended = min(begun + _PART, inputs)
        for reader, share in SHARES.items():
            wrong += _print_findings(reader, range(first + round(begun * share), first + round(ended * share)))
        print(f"{ended:,} inputs, {time.process_time():.0f} s of the processor", flush=True)
    return wrong


def _print_findings(reader: str, numbers: range) -> int:
    wrong = 0
    for finding in findings(reader, numbers, LIMIT):
        wrong += 1
        print(f"{finding.input}: {finding.what}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
