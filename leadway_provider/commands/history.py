"""The history of a source key: read as a whole, and written for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from leadway_provider.commands.layout import fact_lines, listed, printed, reason_words, sync_json, task_words
from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.reasons import CODES
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.lineage.run import query_fingerprint
from leadway_provider.store.ledger import CLEARED
from leadway_provider.store.reading.history import HistoryReader, PastDelivery, TracedKey
from leadway_provider.store.reading.page import Page, every_record
from leadway_provider.store.reading.rows import RowSummary
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.sync.outcome import RowState
from leadway_provider.words import time_text


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is known of one source key of one sync.

    Attributes:
        traced: the key, with its sync and its row.
        deliveries: oldest first.
        run: the only run whose deliveries these are; None for those of all runs.
    """

    traced: TracedKey
    deliveries: tuple[PastDelivery, ...]
    run: RunSummary | None = None

    @property
    def contact_id(self) -> str | None:
        """The contact as last known; a delivery that was refused may name none."""
        row = self.traced.row
        if row and row.contact_id:
            return row.contact_id
        return next((each.contact_id for each in reversed(self.deliveries) if each.contact_id), None)


def histories(reader: HistoryReader, syncs: Sequence[SyncRecord], *, key: str | None, contact_id: str) -> list[History]:
    """Return the histories of a source key, or without one of all keys of a contact, in the order of the syncs."""

    def traced(cursor: str | None) -> Page[TracedKey]:
        if key is None:
            return reader.of_contact(contact_id, syncs, cursor=cursor)
        return reader.of_key(key, syncs, cursor=cursor)

    order = {sync.id: number for number, sync in enumerate(syncs)}
    found = sorted(every_record(traced), key=lambda each: (order[each.sync.id], each.source_key))
    return [History(each, _deliveries(reader, each)) for each in found]


def histories_of_run(reader: HistoryReader, sync: SyncRecord, run: RunSummary, limit: int | None) -> list[History]:
    """Return what a run has delivered, by key in the order of its first delivery; None is without a limit of keys."""
    found: dict[str, tuple[TracedKey, list[PastDelivery]]] = {}
    for traced, delivery in every_record(
        lambda cursor: reader.of_run(sync, run.id, run.started_at, cursor=cursor, limit=1000)
    ):
        if traced.source_key not in found and limit is not None and len(found) >= limit:
            break
        found.setdefault(traced.source_key, (traced, []))[1].append(delivery)
    return [History(traced, tuple(deliveries), run) for traced, deliveries in found.values()]


def of_run(history: History, run: RunSummary | None) -> History:
    """Return a history with the deliveries of one run only."""
    return replace(
        history, deliveries=tuple(each for each in history.deliveries if run and each.run_id == run.id), run=run
    )


def as_text(found: Sequence[History]) -> str:
    """Return plain text of at most 100 columns, except where a single name is longer."""
    return "\n\n".join(printed(_lines(history)) for history in found)


def as_json(history: History) -> dict[str, Any]:
    """Return the same as plain facts; times are in ISO 8601."""
    sync, row = history.traced.sync, history.traced.row
    return {
        **sync_json(sync),
        "source_key": history.traced.source_key,
        "contact_id": history.contact_id,
        "now": _row_json(row) if row else None,
        "deliveries": [_delivery_json(delivery) for delivery in history.deliveries],
    }


def _deliveries(reader: HistoryReader, traced: TracedKey) -> tuple[PastDelivery, ...]:
    """Return all deliveries of a key, oldest first."""
    newest_first = every_record(
        lambda cursor: reader.deliveries(traced.sync.id, traced.source_key, cursor=cursor, limit=1000)
    )
    return tuple(reversed(list(newest_first)))


def _row_json(row: RowSummary) -> dict[str, Any]:
    return {
        "outcome": row.outcome,
        "contact_id": row.contact_id,
        "run_id": row.run_id,
        "since": row.updated_at.isoformat(),
        "acknowledged": row.acknowledged,
        "waits_in": row.waits_in,
        "reasons": [asdict(reason) for reason in row.reasons],
        "withheld": [asdict(reason) for reason in row.withheld],
        "not_kept": [asdict(reason) for reason in row.not_kept],
        "collision": row.collision,
        "others": [asdict(reason) for reason in row.others],
    }


def _delivery_json(delivery: PastDelivery) -> dict[str, Any]:
    run = delivery.run
    return {
        "delivered_at": delivery.delivered_at.isoformat(),
        "outcome": delivery.outcome,
        "contact_id": delivery.contact_id,
        "status": delivery.status,
        "trace_id": delivery.trace_id,
        "attempt": delivery.attempt,
        "run": {
            "id": delivery.run_id,
            "task_run": run.task_run if run else None,
            "started_at": run.started_at.isoformat() if run else None,
            "query": query_fingerprint(run.query) if run and run.query else None,
            "versions": dict(run.versions) if run else {},
        },
        "sent": None
        if delivery.sent is None
        else [{"field": each.target, "column": each.column} for each in delivery.sent],
        "not_kept": [asdict(reason) for reason in delivery.not_kept],
        "reasons": [asdict(reason) for reason in delivery.reasons],
    }


def _lines(history: History) -> Iterator[str]:
    sync, row = history.traced.sync, history.traced.row
    yield f"Key {history.traced.source_key} of sync {sync.name}"
    yield from fact_lines("account", [f"{sync.location_id} at {sync.host}"])
    yield from fact_lines("contact", [history.contact_id or "none is known"])
    yield from fact_lines("now", _present(row).split())
    if row:
        yield from _remarks(row)
    if not history.deliveries:
        by = f" by run {history.run.id}" if history.run else ""
        yield from fact_lines("ledger", [f"nothing was delivered{by}, or so long ago that its entries were deleted"])
    for delivery in history.deliveries:
        yield ""
        yield from _delivery_lines(delivery)


def _delivery_lines(delivery: PastDelivery) -> Iterator[str]:
    answer = f"HTTP {delivery.status}" if delivery.status else "no HTTP status"
    trace = f"  trace {delivery.trace_id}" if delivery.trace_id else ""
    yield f"  {time_text(delivery.delivered_at)}  {delivery.outcome:<8} {answer}{trace}"
    run = delivery.run
    began = f", began {time_text(run.started_at)}" if run else ", of which nothing else is kept"
    yield from fact_lines("run", [f"{delivery.run_id}, attempt {delivery.attempt}{began}"], indent=4)
    if run:
        yield from fact_lines("task", task_words(run.task_run), indent=4)
        if run.query:
            yield from fact_lines("query", [query_fingerprint(run.query)], indent=4)
        if run.versions:
            versions = listed(f"{name} {number}" for name, number in run.versions.items())
            yield from fact_lines("made by", versions, indent=4)
    if delivery.contact_id:
        yield from fact_lines("contact", [delivery.contact_id], indent=4)
    if delivery.outcome == CLEARED:
        yield from fact_lines("gave up", ["an e-mail or phone that another row takes"], indent=4)
    else:
        yield from fact_lines("sent", _sent(delivery.sent), indent=4)
    for reason in delivery.not_kept:
        yield from fact_lines("not kept", reason_words(reason), indent=4)
    for reason in delivery.reasons:
        yield from fact_lines(_kind(reason), reason_words(reason), indent=4)


def _kind(reason: Reason) -> str:
    """Return what a reason of a delivery is: why the API refused it, a value that was left out, or a remark."""
    if reason.code in {"contact_moved", "contact_recreated"}:
        return "remark"
    return "left out" if reason.code in CODES and reason.code != "identity_ring" else "because"


def _remarks(row: RowSummary) -> Iterator[str]:
    for reason in row.reasons:
        yield from fact_lines("because", reason_words(reason))
    for reason in row.withheld:
        yield from fact_lines("withheld", reason_words(reason))
    for reason in row.not_kept:
        yield from fact_lines("not kept", reason_words(reason))
    for reason in row.others:
        yield from fact_lines("remark", reason_words(reason))
    if row.collision:
        yield from fact_lines("beside", [f"key {row.collision}, which is on the same contact"])


def _present(row: RowSummary | None) -> str:
    """Return how the row is now, as a sentence without its end."""
    if row is None:
        return "forgotten: the next run that meets this row sends it again"
    since = time_text(row.updated_at)
    if row.waits_in:
        return f"waits in the outbox of run {row.waits_in} since {since}"
    if row.outcome == RowState.PENDING:
        return f"planned by run {row.run_id} at {since} and not delivered; the next run finds it changed"
    if row.outcome == RowState.REMOVED:
        return f"removed by run {row.run_id} at {since}"
    if row.acknowledged:
        return f"{row.outcome}, acknowledged at {since}; no run has found it changed since"
    return f"{row.outcome} by run {row.run_id} at {since}; the next run looks at it again"


def _sent(sent: Sequence[MappedColumn] | None) -> list[str]:
    if sent is None:
        return ["fields that are no longer known"]
    return listed(f"{each.target} ← {each.column or 'a constant'}" for each in sent) or ["no fields"]
