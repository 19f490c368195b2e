"""The state store that the page shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from leadway_provider.hooks.database import open_state, open_state_for_reading
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.syncs import SyncStore


@contextmanager
def configured_state() -> Iterator[StateReader]:
    """Open the state store that `[leadway] state_conn_id` names, or the file in the Airflow home.

    Raises:
        ConfigurationError: there is none, or not one of this version.
        StateUnavailableError: it can't be reached or read.
    """
    with closing(open_state_for_reading(None)) as reader:
        yield reader


@contextmanager
def configured_syncs() -> Iterator[SyncStore]:
    """Open the same state store to change something of a sync.

    Raises:
        ConfigurationError: it can't be used.
        StateUnavailableError: it can't be reached or written.
    """
    with closing(open_state(None)) as state:
        yield state.syncs()
