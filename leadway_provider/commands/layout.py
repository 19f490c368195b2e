"""How commands lay out facts: names and facts, times, reasons, text that others wrote, and which sync they are of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from leadway_provider.contacts.contact import Reason
from leadway_provider.printable import printable
from leadway_provider.sync.sibling import TaskRun

if TYPE_CHECKING:
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.sync.request import SyncIdentity

_WIDTH: Final = 100


def printed(lines: Iterable[str]) -> str:
    """Return lines as one text, each of them printable."""
    return "\n".join(map(printable, lines))


def sync_json(sync: SyncRecord | SyncIdentity) -> dict[str, str]:
    """Return which sync a JSON document is about."""
    return {"sync": sync.name, "host": sync.host, "location_id": sync.location_id}


def fact_lines(name: str, words: Sequence[str], indent: int = 2) -> Iterator[str]:
    """Return the lines of a name and its facts, broken between words where a line is full."""
    start = f"{'':{indent}}{name:<8}"
    line = start
    for word in words:
        if line != start and len(line) + 1 + len(word) > _WIDTH:
            yield line
            line = start = " " * len(start)
        line += f" {word}"
    yield line


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the lines of a table: each column is as wide as its longest cell."""
    lines = [tuple(head), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()


def listed(parts: Iterable[str]) -> list[str]:
    """Return the parts as words of one sentence."""
    every = list(parts)
    return [f"{part}," for part in every[:-1]] + every[-1:]


def reason_words(reason: Reason) -> list[str]:
    """Return the words for a reason, with its code at the end."""
    field = [f"{reason.field}:"] if reason.field else []
    return [*field, *reason.message.split(), f"({reason.code})"]


def task_words(task_run: str) -> list[str]:
    """Return the words for a task run."""
    if (found := TaskRun.parse(task_run)) is None:
        return [task_run]
    mapped = "" if found.map_index < 0 else f"[{found.map_index}]"
    return [f"{found.dag_id}.{found.task_id}{mapped}", "in DAG run", found.run_id]
