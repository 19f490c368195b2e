"""`leadway verify`: print when a sync's account was last found as the source says, and what its last sample said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import typer

from leadway_provider.commands.layout import fact_lines, listed, printed, sync_json, task_words
from leadway_provider.commands.options import AsJson, Location, OneSync, StateConnId
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_for_reading
from leadway_provider.sync.request import ALL_ACCOUNTS
from leadway_provider.words import time_text

if TYPE_CHECKING:
    from leadway_provider.store.reading.runs import SampledRun, VerifiedRun
    from leadway_provider.store.reading.syncs import SyncRecord

_NO_RUN: Final = ("by no run;", "a run with", 'compare="account"', "verifies it", "where it has nothing to send")
_NOT_VERIFIED: Final = 1
"""The exit status where no run has verified the account."""


def verify(
    context: typer.Context,
    *,
    sync: OneSync,
    location: Location = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show the last run that found an account as the source says, and the last one that read a sample.

    The first is a run with compare="account" that read the whole source and had nothing to send. The exit status is 1
    if there is no such run, for any account of the sync.
    """
    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader:
        runs = reader.runs()
        syncs = find_syncs(reader, sync, location)
        of_accounts = [each for each in syncs if each.location_id != ALL_ACCOUNTS]
        found = [(each, runs.last_verified(each.id), runs.last_sampled(each.id)) for each in of_accounts or syncs]
    if as_json:
        screen.show_json([_json(*each) for each in found])
    else:
        screen.show("\n\n".join(printed(_lines(*each)) for each in found))
    if not all(verified for _, verified, _ in found):
        raise typer.Exit(_NOT_VERIFIED)


def _lines(sync: SyncRecord, found: VerifiedRun | None, sampled: SampledRun | None) -> Iterator[str]:
    yield f"Sync {sync.name}"
    yield from fact_lines("account", [f"{sync.location_id} at {sync.host}"])
    if found is None:
        yield from fact_lines("verified", _NO_RUN)
    else:
        yield from _verified_lines(found)
    if sampled is not None:
        run = sampled.run
        yield from fact_lines("sampled", [f"{time_text(run.started_at)},", *f"by run {run.id}".split()])
        yield from fact_lines("", sampled.findings.sentences().split())


def _verified_lines(found: VerifiedRun) -> Iterator[str]:
    verified, run = found.verification, found.run
    yield from fact_lines("verified", [f"{time_text(verified.verified_at)},", *f"by run {run.id}".split()])
    yield from fact_lines("task", task_words(run.task_run))
    aside = {"rejected": run.counts.rejected, **{name: run.counts[name] for name in ("superseded", "skipped")}}
    aside["believed"] = found.believed
    beside = [f"{rows:,} {name}" for name, rows in aside.items() if rows]
    yield from fact_lines("rows", listed([f"{verified.rows:,} equal to their contacts", *beside]))
    of_account = [f"{found.contacts:,} in the account", f"{found.unmatched:,} of no row"]
    yield from fact_lines("contacts", listed(of_account))
    yield from fact_lines("hash", [verified.hash])


def _json(sync: SyncRecord, found: VerifiedRun | None, sampled: SampledRun | None) -> dict[str, Any]:
    return {
        **sync_json(sync),
        "verified": _verified_json(found) if found else None,
        "sampled": _sampled_json(sampled) if sampled else None,
    }


def _sampled_json(sampled: SampledRun) -> dict[str, Any]:
    run, findings = sampled.run, sampled.findings
    return {
        "sampled_at": run.started_at.isoformat(),
        "run": run.id,
        "task_run": run.task_run,
        **findings.report(),
        "drifted": findings.drifted,
        "drifted_by_field": findings.drifted_by_field,
        "missing": findings.missing,
    }


def _verified_json(found: VerifiedRun) -> dict[str, Any]:
    verified, run = found.verification, found.run
    return {
        "verified_at": verified.verified_at.isoformat(),
        "run": run.id,
        "task_run": run.task_run,
        "rows": verified.rows,
        "rejected": run.counts.rejected,
        "superseded": run.counts["superseded"],
        "skipped": run.counts["skipped"],
        "believed": found.believed,
        "contacts": found.contacts,
        "unmatched": found.unmatched,
        "hash": verified.hash,
    }
