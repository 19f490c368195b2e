"""The rows of certain keys, of all that a query returns: a sync of one customer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.row import source_keys


class KeySelection:
    """Lets the rows of certain keys through.

    Args:
        keys: the source keys.
        positions: where the key's columns are in a row.
        on_batch: is called before each batch is looked through.
    """

    def __init__(self, keys: Collection[str], positions: Sequence[int], on_batch: Callable[[], None]) -> None:
        self._keys = dict.fromkeys(keys)
        self._positions = positions
        self._on_batch = on_batch
        self._missing = dict(self._keys)

    def rows(self, batches: Iterable[Rows]) -> Iterator[Rows]:
        """Return the selected rows of these batches, in order."""
        for rows in batches:
            self._on_batch()
            keys = source_keys(rows, self._positions)
            if selected := [row for key, row in zip(keys, rows, strict=True) if key in self._keys]:
                for key in keys:
                    self._missing.pop(key, None)  # type: ignore[arg-type]  # None is never one of the keys
                yield selected

    def require_all(self, task_id: str) -> None:
        """Check, after all rows were read, that there was a row for each key.

        Raises:
            ConfigurationError: there was none for some.
        """
        if self._missing:
            raise ConfigurationError(
                f"only_keys of task {task_id} names keys that the query did not return: {', '.join(self._missing)}. "
                "Nothing was sent. Write each key as the source has it. An incremental query returns only what changed "
                "since the last run, unless full_resync=True."
            )
