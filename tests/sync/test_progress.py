"""The lines that show how far a run is."""

from __future__ import annotations

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.progress import PlanProgress, Progress
from leadway_provider.sync.records import Delivery, OutboxRow

DONE = Delivery(OutboxRow(1, 1, "1", b"", Contact({})), RowState.CREATED)


def test_a_line_is_written_when_it_is_time() -> None:
    """Lines come as often as asked for, not for every row; the speed is that of the last minutes."""
    now = [0.0]
    lines: list[str] = []
    progress = Progress(4000, clock=lambda: now[0], log=lines.append, every=30.0)
    for second, rows in ((10.0, 30), (30.0, 270), (200.0, 30), (230.0, 300), (400.0, 1710)):
        now[0] = second
        progress.acknowledged([DONE] * rows)
    assert lines == [
        "300 of 4,000 rows (7%): 300 created; 10.0 rows/s, 6 min 10 s left",
        "330 of 4,000 rows (8%): 330 created; 1.6 rows/s, 37 min 4 s left",
        "630 of 4,000 rows (15%): 630 created; 1.6 rows/s, 34 min 2 s left",
        "2,340 of 4,000 rows (58%): 2,340 created; 10.1 rows/s, 2 min 45 s left",
    ]


def test_a_long_plan_shows_that_it_goes_on() -> None:
    """The plan does not know how many rows there are, so its line has no time that is left."""
    now = [0.0]
    lines: list[str] = []
    progress = PlanProgress(clock=lambda: now[0], log=lines.append, every=30.0)
    for second, read, pending in ((10.0, 1000, 10), (30.0, 300_000, 20), (60.0, 600_000, 1)):
        now[0] = second
        progress.compared(Counts(read=read, pending=pending))
    assert lines == [
        "Compared 300,000 rows so far, 20 of them to send; 10,000 rows/s",
        "Compared 600,000 rows so far, 1 of them to send; 10,000 rows/s",
    ]
