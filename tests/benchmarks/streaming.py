"""Read rows with one driver; prints seconds and memory.

python -m tests.benchmarks.streaming <driver> <rows> <folder>
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

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
    if read != rows:
        raise SystemExit(f"{read} of {rows} rows")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": read, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
