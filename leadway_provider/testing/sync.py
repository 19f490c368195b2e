"""A whole run of a sync in memory: rows are planned and delivered, without Airflow, a database or a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.stamps import RunStamps, compile_stamps
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import ContactRules, OnMatch, RemovalPolicy
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Planner, Rows
from leadway_provider.sync.removal import find_departed, remove
from leadway_provider.testing.account import MemoryAccount
from leadway_provider.testing.comparison import compared
from leadway_provider.testing.run import MemoryRun
from leadway_provider.testing.state import MemoryState


def sync_rows(
    rows: Sequence[Mapping[str, object]],
    *,
    key: str | Sequence[str],
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
    stamps: Mapping[str, str] | None = None,
    custom_fields: Sequence[CustomField] = (),
    rules: ContactRules | None = None,
    removal: RemovalPolicy | None = None,
    account: MemoryAccount | None = None,
    state: MemoryState | None = None,
    incremental: bool = False,
    compare: Literal["state", "account"] = "state",
    on_match: OnMatch = "upsert",
) -> Counts:
    """Sync rows to an account in memory, as the operator would, and return the counts of its report.

    One call is made at a time, so that calls come in the same order each time. Give the same account and state to
    several calls of this function, and they are one sync's runs, one after the other. It can't be called where an event
    loop runs.

    Args:
        rows: what the query returns, in its order; every row has the same columns.
        key: the column, or columns, that identify a row.
        mapping: `{column: target}` for columns whose name is not their target.
        constants: `{target: value}`, the same on every contact.
        stamps: `{target: "time" | "run_id" | "key"}`, written with what is sent anyway.
        custom_fields: the account's custom fields, for targets such as `custom.Lifetime Value`.
        rules: how values are read.
        removal: what becomes of the contacts of departed rows.
        account: the account; a new one unless given.
        state: what earlier runs of the sync left; nothing unless given.
        incremental: whether these are only some of the source's rows.
        compare: what rows are compared with: what the account last acknowledged, or what it holds now.
        on_match: which rows are written; the others are skipped.

    Raises:
        ConfigurationError: two rows have different columns, or more rows have departed than `removal` allows.
        MappingError: a column, a target or a constant is wrong.
        LeadwayError: as the account raises, which a test may derive from `MemoryAccount`. The rows that were not
            delivered wait in `state` for the next run.
    """
    account = MemoryAccount() if account is None else account
    state = MemoryState() if state is None else state
    removal = removal or RemovalPolicy()
    run = state.begin(task_run=f"run {len(state.plans) + 1}")
    if rows:
        columns = _columns(rows)
        key_columns = (key,) if isinstance(key, str) else tuple(key)
        compiled = compile_mapping(
            columns,
            key=key_columns,
            mapping=mapping,
            constants=constants,
            custom_fields=custom_fields,
            rules=rules or ContactRules(),
        )
        made = compile_stamps(
            stamps or {}, targets=compiled.targets, custom_fields=custom_fields, rules=rules or ContactRules()
        )
        comparison = None
        if compare == "account":
            comparison = compared(account, run.snapshot, compiled, now=state.now, custom_fields=custom_fields)
        planner = Planner(
            key=key_columns,
            mapping=compiled,
            store=run,
            claims=run.claims,
            removal=removal,
            incremental=incremental,
            trust_few=removal.on_removed != "ignore",
            comparison=comparison,
            on_match=on_match,
            stamps=RunStamps(made, run.id, state.now()),
        )
        _plan(planner, run, [[row[column] for column in columns] for row in rows], removal)
    else:
        run.seal(Counts(), b"", is_whole=False)  # as in a run of the operator, no row at all shows nothing
    asyncio.run(_deliver(run, account, removal, on_match, custom_fields))
    run.finish()
    counts = run.counts()
    counts.verify()
    return counts


def _columns(rows: Sequence[Mapping[str, object]]) -> list[str]:
    columns = list(rows[0])
    for number, row in enumerate(rows[1:], start=2):
        if different := sorted(set(columns).symmetric_difference(row)):
            raise ConfigurationError(
                f"Row 1 and row {number} do not have the same columns: {', '.join(different)} is in one of them only. "
                "Rows of one query all have the same columns; give a missing value as None."
            )
    return columns


def _plan(planner: Planner, run: MemoryRun, rows: Rows, removal: RemovalPolicy) -> None:
    """Plan these rows, and seal the plan."""

    def batches() -> Iterator[Rows]:
        yield rows

    planned = planner.plan(batches(), read_again=batches)
    if not planner.incremental:
        find_departed(removal, run.removals, with_contact=run.count_with_contact(), is_present=planned.is_present)
    run.seal(planned.counts, planned.seen, is_whole=planned.is_whole)


async def _deliver(
    run: MemoryRun,
    account: MemoryAccount,
    removal: RemovalPolicy,
    on_match: OnMatch,
    custom_fields: Sequence[CustomField],
) -> None:
    """Deliver what the run's outbox holds, departed rows last."""
    await OutboxDelivery(
        store=run, sink=account, max_in_flight=1, batch_size=1000, on_match=on_match, custom_fields=custom_fields
    ).run()
    if removal.on_removed != "ignore":
        await remove(run.removals, account, removal, max_in_flight=1)
