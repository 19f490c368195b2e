"""The rows of one read, parted by account in a temporary file, so that one query serves many accounts."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Final

from leadway_provider.source.cells import Row

_HELD: Final = 20_000
"""Rows that are in memory at most, of all parts together."""


@dataclass(frozen=True, slots=True)
class SpooledRows:
    """The rows of one part, with the interface of `SourceRows`.

    Attributes:
        columns: the names of the columns, in order.
        name_limit: as in `SourceRows`.
    """

    columns: tuple[str, ...]
    name_limit: int | None
    _batches: Iterator[Sequence[Row]]

    def batches(self) -> Iterator[Sequence[Row]]:
        """Return the rows once, in the query's order, at most `batch_size` at a time."""
        return self._batches


class Spool:
    """Keeps rows part by part, in constant memory, until it is closed; parts may be read from many threads at once.

    The file has no name, so only this process can read it, and it is gone with the process.

    Args:
        columns: the names of the columns that are kept.
        name_limit: as in `SourceRows`.
        batch_size: the most rows of a batch that is read back.
    """

    def __init__(self, columns: Sequence[str], name_limit: int | None, *, batch_size: int) -> None:
        self._columns = tuple(columns)
        self._name_limit = name_limit
        self._batch_size = batch_size
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._segments: dict[str, list[tuple[int, int]]] = {}
        self._held: dict[str, list[Row]] = {}
        self._count_held = 0
        self._reading = threading.Lock()

    @property
    def parts(self) -> Sequence[str]:
        """The parts that have rows, in the order of their first row."""
        return [*self._segments, *(part for part in self._held if part not in self._segments)]

    def add(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Keep these rows of these parts."""
        for part, found in rows.items():
            held = self._held.setdefault(part, [])
            before = len(held)
            held.extend(found)
            self._count_held += len(held) - before
        if self._count_held >= _HELD:
            self._flush()

    @contextmanager
    def read(self, part: str) -> Iterator[SpooledRows]:
        """Give the rows of a part; a part that has none is empty."""
        yield SpooledRows(self._columns, self._name_limit, self._rows(part))

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def _flush(self) -> None:
        for part, rows in self._held.items():
            data = pickle.dumps(_plain(rows), pickle.HIGHEST_PROTOCOL)
            self._segments.setdefault(part, []).append((self._file.tell(), len(data)))
            self._file.write(data)
        self._held.clear()
        self._count_held = 0

    def _rows(self, part: str) -> Iterator[Sequence[Row]]:
        batch: list[Row] = []
        for rows in self._stored(part):
            batch.extend(rows)
            while len(batch) >= self._batch_size:
                yield batch[: self._batch_size]
                del batch[: self._batch_size]
        if batch:
            yield batch

    def _stored(self, part: str) -> Iterator[Sequence[Row]]:
        for position, length in self._segments.get(part, ()):
            with self._reading:
                self._file.seek(position)
                data = self._file.read(length)
            yield pickle.loads(data)  # noqa: S301 - this process wrote it, into a file without a name
        yield self._held.get(part, ())


def _plain(rows: Sequence[Row]) -> Sequence[Row]:
    """Return rows that can be pickled: a driver may return bytes as a view of its own memory."""
    return [tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in rows]
