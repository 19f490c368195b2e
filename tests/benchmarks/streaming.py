"""Read rows with one driver; prints seconds and memory.

python -m tests.benchmarks.streaming <driver> <rows> <folder>

With `bare` at its end, it prints the processor's seconds of the driver of PostgreSQL alone, and with ours around it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from leadway_provider.source.query import read_source
from tests.source.drivers import engine_of

BATCH = 1_000


QUERIES = {
    "postgresql": """
        SELECT i AS id, 'customer' || i || '@example.com' AS email, date '2020-01-01' + i % 3000 AS born,
            timestamp '2020-01-01' + i * interval '1 minute' AS seen, repeat('x', 50) AS notes
        FROM generate_series(1, {rows}) i""",
    "mysql": """
        SELECT seq AS id, concat('customer', seq, '@example.com') AS email,
            date '2020-01-01' + INTERVAL seq % 3000 DAY AS born,
            timestamp '2020-01-01 00:00:00' + INTERVAL seq MINUTE AS seen, repeat('x', 50) AS notes
        FROM seq_1_to_{rows}""",
    "duckdb": """
        SELECT i AS id, 'customer' || i || '@example.com' AS email,
            date '2020-01-01' + CAST(i % 3000 AS INT) AS born,
            timestamp '2020-01-01' + INTERVAL (i) MINUTE AS seen, repeat('x', 50) AS notes
        FROM range(1, {rows} + 1) t(i)""",
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        SELECT i AS id, 'customer' || i || '@example.com' AS email, date('2020-01-01') AS born,
            datetime('2020-01-01') AS seen, printf('%.50c', 'x') AS notes
        FROM n""",
}
"""So many customers with a date and a timestamp, in the words of each database."""


def main(driver: str, rows: int, folder: Path) -> None:
    """Read all rows, and print what it cost."""
    engine = engine_of(driver, folder)
    sql = QUERIES[engine.dialect.name].format(rows=rows)
    began_at = time.perf_counter()
    with read_source(engine, sql, None, batch_size=BATCH, name=driver) as source:
        read = sum(len(batch) for batch in source.batches())
    seconds = time.perf_counter() - began_at
    _require(read, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": read, "seconds": seconds, "peak_mb": peak}))


def compare(driver: str, rows: int, folder: Path) -> None:
    """Read all rows with the driver alone and with `read_source`, in turn; print the processor's least seconds."""
    engine = engine_of(driver, folder)
    sql = QUERIES[engine.dialect.name].format(rows=rows)
    ways = {"bare": _bare, "ours": _ours}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, read in ways.items():
            began_at = time.process_time()
            _require(read(engine, sql), rows)
            spent[name].append(time.process_time() - began_at)
    print(json.dumps({"rows": rows, **{name: min(seconds) for name, seconds in spent.items()}}))


def _bare(engine: sa.Engine, sql: str) -> int:
    with engine.connect() as connection, closing(connection.connection.cursor("bare")) as cursor:
        cursor.execute(sql)
        return sum(map(len, iter(lambda: cursor.fetchmany(BATCH), [])))


def _ours(engine: sa.Engine, sql: str) -> int:
    with read_source(engine, sql, None, batch_size=BATCH, name="ours") as source:
        return sum(map(len, source.batches()))


def _require(read: int, rows: int) -> None:
    if read != rows:
        raise SystemExit(f"{read} of {rows} rows")


if __name__ == "__main__":
    (compare if sys.argv[4:] == ["bare"] else main)(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
