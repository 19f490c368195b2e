"""Which state store a command works on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadway_provider.store.state import StateStore
    from leadway_provider.store.syncs import KnownSync


class CommandError(Exception):
    """Why a command can't do what it is asked; `status` is the process's exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def add_state_options(command: argparse.ArgumentParser) -> None:
    """Let the user name the state store as the operator does."""
    command.add_argument(
        "--state-conn-id",
        metavar="ID",
        help="the Airflow connection whose database keeps the state; without it, the file beside the Airflow home",
    )
    command.add_argument("--location", metavar="ID", help="only syncs to this account")


@contextmanager
def open_chosen(arguments: argparse.Namespace) -> Iterator[StateStore]:
    """The state store that the arguments name.

    Raises:
        CommandError: it can't be opened, or used to the end.
    """
    from leadway_provider.exceptions import LeadwayError  # noqa: PLC0415 - `leadway --help` needs none of this
    from leadway_provider.hooks.state import default_file, open_state  # noqa: PLC0415 - the same

    conn_id = arguments.state_conn_id
    if conn_id is None and not default_file().exists():
        raise CommandError(
            f"there is no state store at {default_file()}. Set AIRFLOW_HOME as the tasks have it, or name the "
            "connection of their state_conn_id by --state-conn-id.",
            status=2,
        )
    if conn_id is not None:
        # Airflow's own commands say so too: it lets them find connections that are kept in Airflow's database.
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    try:
        with redirect_stdout(sys.stderr):  # whatever Airflow and alembic log is no part of the command's answer
            state = open_state(conn_id)
        with closing(state):
            yield state
    except LeadwayError as error:
        raise CommandError(str(error), status=2) from None


def find_syncs(state: StateStore, name: str | None, location_id: str | None) -> list[KnownSync]:
    """The syncs of that name and account, or all.

    Raises:
        CommandError: there is none; the message names those that are known.
    """
    if found := state.syncs().known(name, location_id):
        return found
    wanted = " ".join(
        [*([f"sync {name!r}"] if name else ["sync"]), *([f"to location {location_id!r}"] if location_id else [])]
    )
    raise CommandError(f"the state store knows no {wanted}; it knows {_in_words(state.syncs().known())}.")


def _in_words(syncs: Sequence[KnownSync]) -> str:
    return ", ".join(f"{sync.name!r} to {sync.location_id!r}" for sync in syncs) or "none at all"
