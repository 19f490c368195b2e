"""Measure what the provider promises, each figure beside its yardstick in the same run.

    python tests/benchmarks/run.py            all of them
    python tests/benchmarks/run.py planning   one of them: planning, delivery, quota or ledger

Prints goal, measured and ratio for each, and exits with 1 where a goal is missed. A measurement runs in a process of
its own, the sandbox in another one. On a machine that does something else at the same time the figures mean little.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
FIGURES = ("planning", "delivery", "quota", "ledger")


@dataclass(frozen=True)
class Figure:
    """One promise: what was promised, what was found, and whether it is kept."""

    name: str
    goal: str
    measured: str
    ratio: float
    kept: bool


def measure(module: str, *arguments: str) -> dict[str, float]:
    """The JSON that a measurement prints, taken in a process of its own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=HERE.parent.parent, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def planning(folder: Path) -> Iterator[Figure]:
    """A million unchanged rows against streaming the same query and doing nothing."""
    measure("planning", "prepare", str(folder))
    # In turn, and the fastest of three: what else the machine does only ever adds.
    rounds = [[measure("planning", what, str(folder)) for what in ("stream", "plan")] for _ in range(3)]
    stream, plan = (min(found, key=lambda one: one["seconds"]) for found in zip(*rounds, strict=True))
    ratio = plan["seconds"] / stream["seconds"]
    yield Figure(
        name=f"compare {plan['rows']:,.0f} unchanged rows",
        goal="at most 3 x streaming them",
        measured=f"{plan['seconds']:.2f} s against {stream['seconds']:.2f} s",
        ratio=ratio,
        kept=ratio <= 3,
    )
    more = plan["peak_mb"] - stream["peak_mb"]
    yield Figure(
        name="memory for that",
        goal="at most 64 MB more",
        measured=f"{plan['peak_mb']:.0f} MB against {stream['peak_mb']:.0f} MB",
        ratio=more / 64,
        kept=more <= 64,
    )


def delivery(folder: Path) -> Iterator[Figure]:
    """No quota, 100 ms latency, 200 in flight: outbox to acknowledged, against a bare httpx loop."""
    bare = measure("delivery", "bare", str(folder))
    ours = measure("delivery", "ours", str(folder))
    ratio = ours["per_second"] / bare["per_second"]
    yield Figure(
        name="deliver without a quota",
        goal="at least 5 x a bare httpx loop",
        measured=f"{ours['per_second']:.0f} against {bare['per_second']:.0f} rows/s",
        ratio=ratio,
        kept=ratio >= 5,
    )


def quota(folder: Path) -> Iterator[Figure]:
    """2,000 rows at 100 ms latency and 100 requests a second, against the 20 s that the quota asks for."""
    found = measure("delivery", "quota", str(folder))
    ratio = found["seconds"] / found["quota_seconds"]
    yield Figure(
        name=f"deliver {found['rows']:,.0f} rows at 100/s",
        goal="within 3% of the quota's time, no 429",
        measured=f"{found['seconds']:.2f} s against {found['quota_seconds']:.2f} s, {found['limited']:.0f} x 429",
        ratio=ratio,
        kept=ratio <= 1.03 and not found["limited"],
    )


def ledger(folder: Path) -> Iterator[Figure]:
    """Two million deliveries against 50,000, in SQLite: what is done with a ledger hardly depends on its size."""
    small = measure("ledger", "sqlite", "50000", str(folder))
    large = measure("ledger", "sqlite", "2000000", str(folder))
    among = f"in {large['entries']:,.0f}"
    for name, at_most, of in (
        (f"trace a key {among}", 3, "key"),
        (f"trace a contact {among}", 3, "contact"),
        (f"append 1,000 {among}", 8, "append"),
        (f"delete the oldest 1,000 {among}", 8, "trim"),
    ):
        ratio = large[of] / small[of]
        yield Figure(
            name=name,
            goal=f"at most {at_most} x as in {small['entries']:,.0f}",
            measured=f"{large[of]:.1f} ms against {small[of]:.1f} ms",
            ratio=ratio,
            kept=ratio <= at_most,
        )


def main(names: list[str]) -> int:
    """Measure, print a table, and tell whether every goal was reached."""
    kept = True
    print(f"{'figure':<38} {'goal':<38} {'measured':<38} {'ratio':>6}")
    for name in names or FIGURES:
        with TemporaryDirectory() as folder:
            for figure in globals()[name](Path(folder)):
                kept = kept and figure.kept
                verdict = "" if figure.kept else "  MISSED"
                print(f"{figure.name:<38} {figure.goal:<38} {figure.measured:<38} {figure.ratio:>6.2f}{verdict}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
