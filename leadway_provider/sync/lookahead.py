"""What the state store knows of a batch is looked up while the batch before it is compared, where a server does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TypeAlias

from leadway_provider.sync.ports import PlanStore
from leadway_provider.sync.row import source_keys

Known: TypeAlias = Mapping[str, tuple[int, bytes | None]]
"""What `PlanStore.known` returns."""


@dataclass(frozen=True, slots=True)
class KeyedBatch:
    """A batch of source rows with their keys.

    Attributes:
        rows: the rows.
        keys: the key of each row; None for a row without one.
        found: what is looked up of the keys; None where that has not begun.
        additions: how many batches had added rows when it began.
    """

    rows: Sequence[Sequence[object]] = field(repr=False)
    keys: Sequence[str | None] = field(repr=False)
    found: Future[Known] | None = field(default=None, repr=False)
    additions: int = 0


class LookAhead:
    """The batches of a plan with what the store knows of them.

    Args:
        store: the run's side of the state store.
        key_positions: where the key's columns are in a row.
        thread: looks up beside the caller's thread; it is used only where the store is on a server.
    """

    def __init__(self, store: PlanStore, key_positions: Sequence[int], thread: Executor) -> None:
        self._store = store
        self._key_positions = key_positions
        self._thread = thread
        self._additions = 0
        self._compared = 0
        self._last_addition = -1

    def batches(self, batches: Iterable[Sequence[Sequence[object]]]) -> Iterator[KeyedBatch]:
        """Return the batches in their order; on a server, the next one is looked up before one is returned.

        Where the source fails, what it returned before is returned before the failure.
        """
        if not self._store.is_on_server:
            yield from map(self._begun, batches)
            return
        waiting: KeyedBatch | None = None
        try:
            for rows in batches:
                batch = self._begun(rows)
                if waiting is not None:
                    yield waiting
                waiting = batch
        except Exception:
            if waiting is not None:
                yield waiting
            raise
        if waiting is not None:
            yield waiting

    def known(self, batch: KeyedBatch, keys: Sequence[str]) -> Known:
        """Return what the store knows of these keys of a batch now; it may return others too."""
        self._compared += 1
        found = batch.found.result() if batch.found is not None else None
        # A row that was added since may be one of these.
        if found is None or batch.additions != self._additions:
            return self._store.known(keys)
        return found

    def rows_were_added(self) -> None:
        """Note that the batch that is compared now has added rows, so that nothing older may be used."""
        self._additions += 1
        self._last_addition = self._compared

    def _begun(self, rows: Sequence[Sequence[object]]) -> KeyedBatch:
        keys = source_keys(rows, self._key_positions)
        # Where the batch before added rows, as in a first sync, this one most likely adds some before the next one.
        if not self._store.is_on_server or self._last_addition == self._compared:
            return KeyedBatch(rows, keys)
        wanted = [key for key in dict.fromkeys(keys) if key is not None]
        return KeyedBatch(rows, keys, self._thread.submit(self._store.known, wanted), self._additions)
