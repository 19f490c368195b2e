"""Rows as a plan hands them to the store."""

from __future__ import annotations

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.outcome import Counts, Outcome
from leadway_provider.sync.ports import Delivery, OutboxRow, PlannedRow, SettledRow

MALFORMED = Reason("email", "email_malformed", "It has no @.")
IMPOSSIBLE = Reason("phone", "phone_impossible", "No such number.")


def fingerprint(text: str) -> bytes:
    """Sixteen bytes that stand for a row's content."""
    return text.encode()[:16].ljust(16, b".")


def planned(key: str, content: str = "", *, withheld: tuple[Reason, ...] = ()) -> PlannedRow:
    """A changed row; its content is its key where none is given."""
    contact = Contact({"email": "ann@example.com", "firstName": content or key}, withheld=withheld)
    return PlannedRow(key, fingerprint(content or key), contact)


def invalid(key: str) -> SettledRow:
    """A row that can't be a contact."""
    return SettledRow(key, Outcome.INVALID, (MALFORMED,))


def begin(state: StateStore, sync: SyncIdentity, task_run: str = "run 1", definition: bytes = b"query") -> SyncRun:
    """The sync's next run, or the unfinished one."""
    return state.begin(sync, task_run=task_run, definition=definition)


def sealed(state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 1") -> SyncRun:
    """A run that has planned these keys and nothing else."""
    run = begin(state, sync, task_run)
    run.write([planned(key) for key in keys], [])
    run.seal(Counts(read=len(keys), pending=len(keys)))
    return run


def delivered(row: OutboxRow, contact_id: str, outcome: Outcome = Outcome.CREATED) -> Delivery:
    """The CRM took the row."""
    return Delivery(row, outcome, contact_id=contact_id, trace_id=f"trace of {row.source_key}", status=200)


def deliver_all(run: SyncRun) -> None:
    """Every row of the outbox becomes a contact of its own, and the run is finished."""
    run.acknowledge([delivered(row, f"contact of {row.source_key}") for row in run.outbox(0, 1000)])
    run.finish(calls=1, seconds=0.5)


def acknowledged(run: SyncRun, key: str) -> bytes | None:
    """The fingerprint that the CRM acknowledged for a key."""
    return run.known([key])[key][1]
