"""A history as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.reasons import CODES
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.lineage.run import query_fingerprint
from leadway_provider.store.history import History, PastDelivery, PresentRow
from leadway_provider.sync.outcome import REMOVED, Outcome

_WIDTH: Final = 100


def as_text(histories: Sequence[History]) -> str:
    """Plain text of at most 100 columns, but where a single name is longer."""
    return "\n\n".join("\n".join(_lines(history)) for history in histories)


def as_json(history: History) -> dict[str, Any]:
    """The same as plain facts; times are in ISO 8601."""
    now = history.now
    return {
        "sync": history.sync.name,
        "host": history.sync.host,
        "location_id": history.sync.location_id,
        "source_key": history.source_key,
        "contact_id": _contact(history),
        "now": {**asdict(now), "since": now.since.isoformat()} if now else None,
        "deliveries": [_delivery_json(delivery) for delivery in history.deliveries],
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
    yield f"Key {history.source_key} of sync {history.sync.name}"
    yield from _fact("account", [f"{history.sync.location_id} at {history.sync.host}"])
    yield from _fact("contact", [_contact(history) or "none is known"])
    yield from _fact("now", _standing(history.now).split())
    if history.now:
        yield from _present_remarks(history.now)
    if not history.deliveries:
        yield from _fact("ledger", ["nothing was delivered, or so long ago that it is no longer told"])
    for delivery in history.deliveries:
        yield ""
        yield from _delivery_lines(delivery)


def _delivery_lines(delivery: PastDelivery) -> Iterator[str]:
    answer = f"HTTP {delivery.status}" if delivery.status else "no HTTP status"
    trace = f"  trace {delivery.trace_id}" if delivery.trace_id else ""
    yield f"  {_time(delivery.delivered_at)}  {delivery.outcome:<8} {answer}{trace}"
    run = delivery.run
    began = f", began {_time(run.started_at)}" if run else ", of which nothing else is kept"
    yield from _fact("run", [f"{delivery.run_id}, attempt {delivery.attempt}{began}"], indent=4)
    if run:
        yield from _fact("task", _task(run.task_run), indent=4)
        if run.query:
            yield from _fact("query", [query_fingerprint(run.query)], indent=4)
        if run.versions:
            yield from _fact("made by", _listed(f"{name} {number}" for name, number in run.versions.items()), indent=4)
    if delivery.contact_id:
        yield from _fact("contact", [delivery.contact_id], indent=4)
    yield from _fact("sent", _sent(delivery.sent), indent=4)
    for reason in delivery.not_kept:
        yield from _fact("not kept", _reason(reason), indent=4)
    for reason in delivery.reasons:
        yield from _fact("left out" if reason.code in CODES else "because", _reason(reason), indent=4)


def _present_remarks(now: PresentRow) -> Iterator[str]:
    for reason in now.reasons:
        yield from _fact("because", _reason(reason))
    for reason in now.withheld:
        yield from _fact("withheld", _reason(reason))
    for reason in now.not_kept:
        yield from _fact("not kept", _reason(reason))
    if now.collision:
        yield from _fact("beside", [f"key {now.collision}, which is on the same contact"])


def _standing(now: PresentRow | None) -> str:
    if now is None:
        return "forgotten: the next run that meets this row sends it again"
    since = _time(now.since)
    if now.waits_in:
        return f"waits in the outbox of run {now.waits_in} since {since}"
    if now.outcome == Outcome.PENDING:
        return f"planned by run {now.run_id} at {since} and not delivered; the next run finds it changed"
    if now.outcome == REMOVED:
        return f"removed by run {now.run_id} at {since}"
    if now.acknowledged:
        return f"{now.outcome}, acknowledged at {since}; no run has found it changed since"
    return f"{now.outcome} by run {now.run_id} at {since}; the next run looks at it again"


def _contact(history: History) -> str | None:
    """The contact as last known; a delivery that was refused names none."""
    if history.now and history.now.contact_id:
        return history.now.contact_id
    return next((each.contact_id for each in reversed(history.deliveries) if each.contact_id), None)


def _task(task_run: str) -> list[str]:
    """The operator writes DAG, DAG run, task and map index with slashes between; only the DAG run may have more."""
    dag_id, _, rest = task_run.partition("/")
    parts = rest.rsplit("/", 2)
    if len(parts) != 3:  # noqa: PLR2004 - DAG run, task, map index
        return [task_run]
    run_id, task_id, map_index = parts
    mapped = "" if map_index == "-1" else f"[{map_index}]"
    return [f"{dag_id}.{task_id}{mapped}", "in DAG run", run_id]


def _sent(sent: Sequence[MappedColumn] | None) -> list[str]:
    if sent is None:
        return ["fields that are no longer known"]
    return _listed(f"{each.target} ← {each.column or 'a constant'}" for each in sent) or ["no fields"]


def _listed(parts: Iterable[str]) -> list[str]:
    every = list(parts)
    return [f"{part}," for part in every[:-1]] + every[-1:]


def _reason(reason: Reason) -> list[str]:
    field = [f"{reason.field}:"] if reason.field else []
    return [*field, *reason.message.split(), f"({reason.code})"]


def _fact(name: str, words: Sequence[str], indent: int = 2) -> Iterator[str]:
    """A name and what there is to say of it, broken between words where the line is full."""
    start = f"{'':{indent}}{name:<8}"
    line = start
    for word in words:
        if line != start and len(line) + 1 + len(word) > _WIDTH:
            yield line
            line = start = " " * len(start)
        line += f" {word}"
    yield line


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
