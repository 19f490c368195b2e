"""Measure what the provider promises, each figure beside what it is compared with, in the same run.

    python tests/benchmarks/run.py            all of them
    python tests/benchmarks/run.py planning   one of them, of those in `FIGURES`

Prints goal, measured and ratio for each, and exits with 1 where a goal is missed. A measurement runs in a process of
its own, the sandbox in another one. On a machine that does something else at the same time the figures mean little.
All of them together are made to take less than ten minutes, so a sync is planned and compared with 200,000 rows; with
LEADWAY_BENCHMARK_ROWS=1000000, `planning` alone takes half an hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.steps import Steps, steps
from tests.source.drivers import DRIVERS

HERE = Path(__file__).parent
KINDS = ("sqlite", "postgresql")
MANY = int(os.environ.get("LEADWAY_BENCHMARK_ROWS", "200000"))
"""Rows of the large syncs."""
FIGURES = ("planning", "delivery", "quota", "sharing", "tags", "accounts", "ledger", "page", "streaming", "account")


@dataclass(frozen=True)
class Figure:
    """One promise: what was promised, what was found, and whether it is kept."""

    name: str
    goal: str
    measured: str
    ratio: float
    kept: bool


def measure(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a measurement prints, taken in a process of its own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=HERE.parent.parent, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def planning(folder: Path) -> Iterator[Figure]:
    """Ten thousand new rows and many, through the operator: the rate, and what a row costs."""
    for kind in KINDS:
        with steps(kind, 10_000, folder / f"few-{kind}") as small, steps(kind, MANY, folder / kind) as large:
            few, many = small.measure("plan"), large.measure("plan")
            yield from _planned(kind, few, many)
            yield from _acknowledged(kind, large.measure("acknowledge"))
            yield from _unchanged(kind, large)


def _planned(kind: str, few: dict[str, float], many: dict[str, float]) -> Iterator[Figure]:
    rate = many["rows"] / many["seconds"]
    yield Figure(
        name=f"plan {many['rows']:,.0f} new rows, {kind}",
        goal="at least 10,000 rows/s",
        measured=f"{rate:,.0f} rows/s",
        ratio=rate / 10_000,
        kept=rate >= 10_000,
    )
    growth = many["rows_seconds"] / many["rows"] / (few["rows_seconds"] / few["rows"])
    yield Figure(
        name=f"cost of a new row, {kind}",
        goal=f"at most 1.2 x as of {few['rows']:,.0f}",
        measured=f"{1e6 * many['rows_seconds'] / many['rows']:.0f} µs",
        ratio=growth,
        kept=growth <= 1.2,
    )


def _acknowledged(kind: str, found: dict[str, float]) -> Iterator[Figure]:
    rate = found["rows"] / found["seconds"]
    yield Figure(
        name=f"acknowledge them, {kind}",
        goal="at least 1,000 rows/s",
        measured=f"{rate:,.0f} rows/s",
        ratio=rate / 1_000,
        kept=rate >= 1_000,
    )
    yield Figure(
        name=f"state after the first run, {kind}",
        goal="at most 400 bytes a row",
        measured=f"{found['bytes']:.0f} bytes a row",
        ratio=found["bytes"] / 400,
        kept=found["bytes"] <= 400,
    )


def _unchanged(kind: str, sync: Steps) -> Iterator[Figure]:
    """The same rows again, against streaming the query and doing nothing, in turn; the fastest of three."""
    rounds = [[sync.measure(step) for step in ("stream", "unchanged")] for _ in range(3)]
    stream, compared = (min(found, key=lambda one: one["seconds"]) for found in zip(*rounds, strict=True))
    ratio = compared["seconds"] / stream["seconds"]
    yield Figure(
        name=f"compare {compared['rows']:,.0f} unchanged rows, {kind}",
        goal="at most 3 x streaming them",
        measured=f"{compared['seconds']:.2f} s against {stream['seconds']:.2f} s",
        ratio=ratio,
        kept=ratio <= 3,
    )
    more = compared["peak_mb"] - stream["peak_mb"]
    yield Figure(
        name=f"memory for that, {kind}",
        goal="at most 64 MB more",
        measured=f"{compared['peak_mb']:.0f} MB against {stream['peak_mb']:.0f} MB",
        ratio=more / 64,
        kept=more <= 64,
    )


def delivery(folder: Path) -> Iterator[Figure]:
    """No quota, 100 ms latency, 200 in flight: outbox to acknowledged, against clients that keep no state, in turn."""
    sizes = {"httpx": "1500", "aiohttp": "6000", "ours": "6000"}
    rounds = [
        {what: measure("delivery", what, rows, str(folder / str(n))) for what, rows in sizes.items()} for n in range(3)
    ]
    for what, least, client in (("httpx", 5, "httpx.AsyncClient"), ("aiohttp", 0.7, "the bare aiohttp transport")):
        ratio, ours, bare = sorted(
            (
                each["ours"]["per_second"] / each[what]["per_second"],
                each["ours"]["per_second"],
                each[what]["per_second"],
            )
            for each in rounds
        )[1]
        yield Figure(
            name="deliver without a quota",
            goal=f"at least {least} x {client}",
            measured=f"{ours:.0f} against {bare:.0f} rows/s",
            ratio=ratio,
            kept=ratio >= least,
        )


def quota(folder: Path) -> Iterator[Figure]:
    """One task at each quota and latency: the calls of six windows, from the first to the last, against the quota."""
    quotas = [(requests, 10.0, latency) for requests in (100, 25) for latency in (0.05, 0.25, 1.0)]
    found = measure("pace", "alone", json.dumps({"quotas": quotas, "windows": 6}), str(folder))["paces"]
    for (requests, seconds, latency), pace in zip(quotas, found, strict=True):
        name = f"quota use, {requests} in {seconds:.0f} s, {latency * 1000:.0f} ms"
        yield _quota_use(name, requests / seconds, pace, least=0.98, most_limited=0)


def sharing(folder: Path) -> Iterator[Figure]:
    """Two and eight tasks on one account, in processes of their own with one state store."""
    counts = (2, 8)
    chosen = {"counts": counts, "requests": 100, "seconds": 10, "windows": 10}
    found = measure("pace", "together", json.dumps(chosen), str(folder))["paces"]
    for count, pace in zip(counts, found, strict=True):
        yield _quota_use(f"quota use of {count} tasks together", 10, pace, least=0.95, most_limited=2)


def _quota_use(name: str, rate: float, pace: Sequence[float], *, least: float, most_limited: int) -> Figure:
    calls, limited, seconds = pace
    use = calls / rate / seconds
    return Figure(
        name=name,
        goal=f"at least {least:.0%}, at most {most_limited} x 429",
        measured=f"{calls / rate:.1f} s took {seconds:.1f} s, {limited:.0f} x 429",
        ratio=use,
        kept=use >= least and limited <= most_limited,
    )


def tags(folder: Path) -> Iterator[Figure]:
    """Three sets of tags in `add` mode, against the same rows without tags; 50 ms, 16 in flight."""
    rows = 10_000
    found = measure("pace", "tags", json.dumps({"rows": rows}), str(folder))
    for name, most, calls in (("first sync", 1.05, found["calls_with"]), ("again", 1.0, found["calls_again"])):
        yield Figure(
            name=f"calls per contact with tags, {name}",
            goal=f"at most {most}, and one to prove the token",
            measured=f"{calls:.4f}",
            ratio=calls,
            kept=calls <= most + 1 / rows,
        )
    ratio = found["seconds_with"] / found["seconds_without"]
    yield Figure(
        name=f"deliver {rows:,} rows with tags",
        goal="at most 1.1 x without",
        measured=f"{found['seconds_with']:.1f} s against {found['seconds_without']:.1f} s",
        ratio=ratio,
        kept=ratio <= 1.1,
    )


def accounts(folder: Path) -> Iterator[Figure]:
    """One query for 10 accounts and for 110: what an account more costs without changes. And the split of an outbox."""
    few, many = (measure("accounts", "query", number, "20", str(folder / number)) for number in ("10", "110"))
    added = many["accounts"] - few["accounts"]
    each = (many["again_seconds"] - few["again_seconds"]) / added
    yield Figure(
        name="an account more, without changes",
        goal="at most 150 ms of a processor",
        measured=f"{1000 * each:.0f} ms",
        ratio=each / 0.15,
        kept=each <= 0.15,
    )
    calls = (many["again_calls"] - few["again_calls"]) / added
    yield Figure(
        name="calls for it, one of them for its token",
        goal="at most 2",
        measured=f"{calls:.2f}",
        ratio=calls / 2,
        kept=calls <= 2,
    )
    yield Figure(
        name="connections to the state, 110 accounts",
        goal="at most 15",
        measured=f"{many['connections']:.0f}",
        ratio=many["connections"] / 15,
        kept=many["connections"] <= 15,
    )
    found = measure("accounts", "split", "50000", str(folder / "split"))
    cost = found["processor_seconds"] / found["rows"]
    yield Figure(
        name=f"split {found['rows']:,.0f} rows for workers",
        goal="at most 150 µs of a processor a row",
        measured=f"{1e6 * cost:.0f} µs",
        ratio=cost / 150e-6,
        kept=cost <= 150e-6,
    )


def ledger(folder: Path) -> Iterator[Figure]:
    """Two million deliveries against 50,000, in SQLite: the uses of a ledger hardly depend on its size."""
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


def page(folder: Path) -> Iterator[Figure]:
    """The page in Airflow over 1,000 runs, a million rows and a million deliveries: each part in less than 200 ms."""
    for kind in ("sqlite", "postgresql"):
        for name, milliseconds in measure("page", kind, str(folder)).items():
            yield Figure(
                name=f"page: {name}, {kind}",
                goal="at most 200 ms",
                measured=f"{milliseconds:.0f} ms",
                ratio=milliseconds / 200,
                kept=milliseconds <= 200,
            )


def streaming(folder: Path) -> Iterator[Figure]:
    """A million rows against 10,000, with each driver: the memory is that of a batch; psycopg 3 against itself."""
    for driver in DRIVERS:
        few, many = (measure("streaming", driver, rows, str(folder)) for rows in ("10000", "1000000"))
        more = many["peak_mb"] - few["peak_mb"]
        yield Figure(
            name=f"stream {many['rows']:,.0f} rows, {driver}",
            goal=f"at most 64 MB more than {few['rows']:,.0f}",
            measured=f"{many['peak_mb']:.0f} MB against {few['peak_mb']:.0f} MB, {many['seconds']:.0f} s",
            ratio=more / 64,
            kept=more <= 64,
        )
    own = measure("streaming", "psycopg", "1000000", str(folder), "bare")
    ratio = own["ours"] / own["bare"]
    yield Figure(
        name=f"load {own['rows']:,.0f} rows, psycopg",
        goal="at most 1.1 x the driver alone",
        measured=f"{own['ours']:.2f} s against {own['bare']:.2f} s (processor)",
        ratio=ratio,
        kept=ratio <= 1.1,
    )


def account(folder: Path) -> Iterator[Figure]:
    """An account of 100,000 contacts at the documented quota, 50 ms a call, against the same calls and nothing else."""
    for contacts in ("10000", "100000"):
        measure("account", "fill", contacts, str(folder))
    bare, few, many = (
        measure("account", what, contacts, str(folder))
        for what, contacts in (("bare", "100000"), ("read", "10000"), ("read", "100000"))
    )
    ratio = many["seconds"] / bare["seconds"]
    yield Figure(
        name=f"read {many['contacts']:,.0f} contacts",
        goal="at most 1.1 x the calls alone",
        measured=f"{many['seconds']:.1f} s against {bare['seconds']:.1f} s",
        ratio=ratio,
        kept=ratio <= 1.1 and many["contacts"] == 100_000,
    )
    more = many["peak_mb"] - few["peak_mb"]
    yield Figure(
        name="memory for that",
        goal=f"at most 64 MB more than for {few['contacts']:,.0f}",
        measured=f"{many['peak_mb']:.0f} MB against {few['peak_mb']:.0f} MB",
        ratio=more / 64,
        kept=more <= 64,
    )


def main(names: list[str]) -> int:
    """Measure, print a table, and return the exit status: 0 where every goal was reached."""
    kept = True
    print(f"{'figure':<38} {'goal':<38} {'measured':<38} {'ratio':>6}")
    for name in names or FIGURES:
        began_at = time.monotonic()
        with TemporaryDirectory() as folder:
            for figure in globals()[name](Path(folder)):
                kept = kept and figure.kept
                verdict = "" if figure.kept else "  MISSED"
                print(
                    f"{figure.name:<38} {figure.goal:<38} {figure.measured:<38} {figure.ratio:>6.2f}{verdict}",
                    flush=True,
                )
        print(f"{name} took {time.monotonic() - began_at:.0f} s", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
