"""The line that tells how far a delivery is."""

from __future__ import annotations

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.outcome import Outcome
from leadway_provider.sync.ports import Delivery, OutboxRow
from leadway_provider.sync.progress import Progress

DONE = Delivery(OutboxRow(1, 1, "1", b"", Contact({})), Outcome.CREATED)


def test_a_line_is_told_when_it_is_time_and_at_the_end() -> None:
    """Lines come as often as asked for, not for every row, and the last row always has one."""
    now = [0.0]
    lines: list[str] = []
    progress = Progress(400, clock=lambda: now[0], tell=lines.append, every=5.0)
    for second, rows in ((1.0, 99), (4.0, 1), (6.0, 100), (7.0, 200)):
        now[0] = second
        progress.acknowledged([DONE] * rows)
    assert lines == [
        "200 of 400 rows (50%): 200 created; 33.3 rows/s, 6 s left",
        "400 of 400 rows (100%): 400 created; 57.1 rows/s, 0 s left",
    ]
