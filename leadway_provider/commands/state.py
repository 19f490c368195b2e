"""Which state store, and which of its syncs, a command works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.commands.error import CommandError
from leadway_provider.commands.options import LAST

if TYPE_CHECKING:
    from leadway_provider.store.reading.reader import StateReader
    from leadway_provider.store.reading.runs import RunSummary
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.store.state import StateStore

    Opened = TypeVar("Opened", StateStore, StateReader)

_UNUSABLE: Final = 2
"""The exit status of a command whose state store can't be used."""


@contextmanager
def open_chosen(conn_id: str | None) -> Iterator[StateStore]:
    """Open the state store of a connection, or the configured one, and close it at the end of the block.

    Raises:
        CommandError: it can't be opened, or not be used to the end.
    """
    from leadway_provider.hooks.database import open_state  # noqa: PLC0415 - `leadway --help` needs none of this

    with _opened(conn_id, open_state) as state:
        yield state


@contextmanager
def open_for_reading(conn_id: str | None) -> Iterator[StateReader]:
    """Open the state store in the same way, and change nothing there; raises as `open_chosen` does."""
    from leadway_provider.hooks.database import open_state_for_reading  # noqa: PLC0415 - the same

    with _opened(conn_id, open_state_for_reading) as reader:
        yield reader


@contextmanager
def _opened(conn_id: str | None, open_store: Callable[[str | None], Opened]) -> Iterator[Opened]:
    use_airflow()
    from leadway_provider.exceptions import LeadwayError  # noqa: PLC0415 - the same
    from leadway_provider.hooks.configuration import configured_state_conn_id  # noqa: PLC0415 - the same
    from leadway_provider.hooks.database import default_file  # noqa: PLC0415 - the same

    conn_id = conn_id or configured_state_conn_id()
    if conn_id is None and not default_file().exists():
        raise CommandError(
            f"there is no state store at {default_file()}. Set AIRFLOW_HOME as the tasks have it, or name the "
            "connection of their state_conn_id, with --state-conn-id or in the section [leadway] of airflow.cfg.",
            _UNUSABLE,
        )
    try:
        with logs_aside():
            state = open_store(conn_id)
        with closing(state):
            yield state
    except LeadwayError as error:
        raise CommandError(str(error), _UNUSABLE) from None


def find_syncs(state: StateStore | StateReader, name: str | None, location_id: str | None) -> list[SyncRecord]:
    """Return the syncs of that name and account; None means any.

    Raises:
        CommandError: there is none; the message lists those that the state store has.
    """
    if found := state.syncs().known(name, location_id):
        return found
    if not (known := state.syncs().known()):
        raise CommandError("the state store has no sync yet: the first run of a sync stores it.")
    wanted = " ".join(
        [*([f"sync {name!r}"] if name else ["sync"]), *([f"to location {location_id!r}"] if location_id else [])]
    )
    others = ", ".join(f"{sync.name!r} to {sync.location_id!r}" for sync in known)
    raise CommandError(f"the state store has no {wanted}; it has {others}.")


def chosen_run(reader: StateReader, sync: SyncRecord, run: str) -> RunSummary | None:
    """Return the run of that id, or a sync's last run for `last`; None where the sync has not run.

    Raises:
        CommandError: the run is not one of the sync.
    """
    if run == LAST:
        return next(iter(reader.runs().of_sync(sync.id, limit=1).records), None)
    found = reader.runs().one(run)
    if found is None or found.sync_id != sync.id:
        raise CommandError(f"the state store has no run {run!r} of sync {sync.name!r}; `leadway runs` lists them.")
    return found
