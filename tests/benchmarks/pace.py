"""How much of an account's quota tasks use, alone and together, and what tags cost; through the operator.

python -m tests.benchmarks.pace <alone, together or tags> <arguments> <folder>
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.tasks import Pace, pace, scene

SET_TAGS = "SELECT *, 'set' || (id % 3) || ',customer' AS tags FROM customers"
"""Three sets of tags."""
_NO_QUOTA: Final = {"quota_requests": 100_000, "quota_seconds": 1}
"""More than any task can use; without it, 2,000 rows take 200 s at the API's own quota."""


def alone(folder: Path, quotas: Sequence[tuple[int, float, float]], windows: int) -> list[Pace]:
    """Let one task use each quota for so many windows, all at the same time, each with an account of its own.

    Args:
        folder: where the files are.
        quotas: calls, seconds and latency of each account.
        windows: how many windows of the quota each task needs.
    """

    def run(quota: tuple[int, float, float]) -> Pace:
        requests, seconds, latency = quota
        arguments = _sandbox_arguments(requests, seconds, latency)
        name = f"{requests} {latency}"
        with scene(folder, name, rows=requests * windows, sandbox_arguments=arguments) as place:
            place.run({})
            return pace(place.calls())

    with ThreadPoolExecutor(len(quotas)) as threads:
        return list(threads.map(run, quotas))


def together(folder: Path, counts: Sequence[int], requests: int, seconds: float, windows: int) -> list[Pace]:
    """Let so many tasks share one account and one state store, and return their pace together."""

    def run(count: int) -> Pace:
        arguments = _sandbox_arguments(requests, seconds, 0.25)
        with scene(folder, str(count), rows=requests * windows, sandbox_arguments=arguments) as place:
            place.run(*({"sync_name": f"part{n}", "where": f"id % {count} = {n}"} for n in range(count)))
            return pace(place.calls())

    with ThreadPoolExecutor(len(counts)) as threads:
        return list(threads.map(run, counts))


def tags(folder: Path, rows: int) -> dict[str, float]:
    """Deliver rows without tags, and with three sets of them: first where the account has none, then where it has."""
    found: dict[str, float] = {}
    with ExitStack() as stack:
        arguments = ("--no-quota", "--latency", "0.05")
        for name, sql in (("without", "SELECT * FROM customers"), ("with", SET_TAGS)):
            place = stack.enter_context(scene(folder, name, rows=rows, sandbox_arguments=arguments, quota=_NO_QUOTA))
            [report] = place.run({"sql": sql})
            found[f"seconds_{name}"] = pace(place.calls()).seconds
            found[f"calls_{name}"] = report["calls"] / rows
        [report] = place.run({"sql": SET_TAGS, "full_resync": True})
        found["calls_again"] = report["calls"] / rows
    return found


def _sandbox_arguments(requests: int, seconds: float, latency: float) -> list[str]:
    return ["--quota-requests", str(requests), "--quota-seconds", str(seconds), "--latency", str(latency)]


def main(what: str, arguments: dict[str, Any], folder: Path) -> None:
    """Measure one thing and print what was found."""
    began_at = time.monotonic()
    found: Any
    if what == "tags":
        found = tags(folder, **arguments)
    else:
        paces = (alone if what == "alone" else together)(folder, **arguments)
        found = {"paces": [astuple(each) for each in paces]}
    print(json.dumps(found | {"took": time.monotonic() - began_at}))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))
