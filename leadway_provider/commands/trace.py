"""`leadway trace`: print what was delivered of a source row, or to a contact, by which run and from which columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from leadway_provider.commands.error import ArgumentsError, CommandError
from leadway_provider.commands.options import LAST, AsJson, Location, RunId, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import chosen_run, find_syncs, open_for_reading

if TYPE_CHECKING:
    from leadway_provider.commands.history import History
    from leadway_provider.store.reading.reader import StateReader
    from leadway_provider.store.reading.syncs import SyncRecord


_KEYS: Final = 20
"""The keys of a run that are shown to a person who gives no limit."""


def trace(
    context: typer.Context,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="K",
            help='A source key; may be given several times. One of several columns is a JSON list: ["DE","17"].',
        ),
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="ID", help="The contact's id in the CRM, in place of --key.")
    ] = None,
    sync: SyncName = None,
    location: Location = None,
    run: RunId = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="With --run alone: show at most so many keys; without it, 20, and all of them as JSON.",
        ),
    ] = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of source keys or of a contact, or what a run delivered.

    That is the present state of each row, and each delivery with its run, the columns that were sent and the CRM's
    answer. The ledger keeps no values, so none are shown. The exit status is 1 where a key is not known.
    """
    from leadway_provider.commands.history import as_json as written  # noqa: PLC0415 - others need no store
    from leadway_provider.commands.history import as_text  # noqa: PLC0415 - the same

    keys = list(dict.fromkeys(key or ()))
    if keys and contact is not None:
        raise ArgumentsError("give either --key or --contact.")
    if not keys and contact is None and run is None:
        raise ArgumentsError("give --key, --contact or --run.")
    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader:
        syncs = find_syncs(reader, sync, location)
        if keys or contact is not None:
            found, missing = _of_keys(reader, syncs, keys, contact, run)
        else:
            most = limit or (None if as_json else _KEYS)
            found, missing = _of_run(reader, syncs, run or LAST, most), []
            if most is not None and len(found) >= most:
                screen.say(f"These are the first {most:,} keys of the run; --limit shows more.")
    if as_json:
        screen.show_json([written(each) for each in found])
    else:
        screen.show(as_text(found))
    if missing:
        raise CommandError(_unknown(missing, syncs))


def _of_keys(
    reader: StateReader, syncs: Sequence[SyncRecord], keys: Sequence[str], contact: str | None, run: str | None
) -> tuple[list[History], list[str]]:
    """Return the histories, and what has none; with a run, of its deliveries only."""
    from leadway_provider.commands.history import histories, of_run  # noqa: PLC0415 - others need no store

    found: list[History] = []
    missing: list[str] = []
    for each in keys or (None,):
        of_key = histories(reader.history(), syncs, key=each, contact_id=contact or "")
        found += of_key
        if not of_key:
            missing.append(f"key {each!r}" if each is not None else f"contact {contact!r}")
    if not found:
        raise CommandError(_unknown(missing, syncs))
    if run is not None:
        found = [of_run(each, chosen_run(reader, each.traced.sync, run)) for each in found]
    return found, missing


def _of_run(reader: StateReader, syncs: Sequence[SyncRecord], run: str, limit: int | None) -> list[History]:
    """Return what a run has delivered, or the last run of each sync.

    Raises:
        CommandError: it is not a run of these syncs, or it has delivered nothing that the ledger still has.
    """
    from leadway_provider.commands.history import histories_of_run  # noqa: PLC0415 - others need no store

    if run != LAST and (of_id := reader.runs().one(run)):
        syncs = [each for each in syncs if each.id == of_id.sync_id] or syncs
    found: list[History] = []
    for each in syncs:
        left = None if limit is None else limit - len(found)
        if left != 0 and (chosen := chosen_run(reader, each, run)):
            found += histories_of_run(reader.history(), each, chosen, left)
    if not found:
        raise CommandError(
            f"run {run!r} has delivered nothing, or so long ago that its entries were deleted; `leadway rejected "
            "--run` shows what it rejected."
        )
    return found


def _unknown(wanted: Sequence[str], syncs: Sequence[SyncRecord]) -> str:
    searched = ", ".join(repr(name) for name in dict.fromkeys(each.name for each in syncs))
    verb = "is" if len(wanted) == 1 else "are"
    return f"{', '.join(wanted)} {verb} not in the state of {searched}; the ledger's old entries may have been deleted."
