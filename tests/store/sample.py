"""Rows as a plan gives them to the store, and the clock of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, OutboxRow, PlannedRow, SettledRow
from leadway_provider.sync.request import SyncIdentity

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
MALFORMED = Reason("email", "email_malformed", "It has no @.")
IMPOSSIBLE = Reason("phone", "phone_impossible", "No such number.")


@dataclass
class StoreClock:
    """A clock that stands still until a test moves it."""

    time: datetime = NOON

    def __call__(self) -> datetime:
        """Return its time."""
        return self.time

    def move(self, seconds: float = 0, *, days: float = 0) -> None:
        """Move it forward, or with a negative number back."""
        self.time += timedelta(days=days, seconds=seconds)


def fingerprint(text: str) -> bytes:
    """Sixteen bytes, whose halves are both different for each content of a row."""
    return 2 * text.encode()[:8].ljust(8, b".")


def row_ids(run: SyncRun, *keys: str) -> dict[str, int]:
    """The row id of each key; a new key gets one."""
    known = {key: row_id for key, (row_id, _) in run.known(keys).items()}
    new = [key for key in keys if key not in known]
    return known | (run.ensure_rows(new) if new else {})


def planned(run: SyncRun, key: str, content: str = "", *, withheld: tuple[Reason, ...] = ()) -> PlannedRow:
    """A changed row; its content is its key where none is given."""
    contact = Contact({"email": "ann@example.com", "firstName": content or key}, withheld=withheld)
    return PlannedRow(row_ids(run, key)[key], key, fingerprint(content or key), contact)


def invalid(run: SyncRun, key: str) -> SettledRow:
    """A row that can't be a contact."""
    return SettledRow(row_ids(run, key)[key], key, RowState.INVALID, (MALFORMED,))


def write(run: SyncRun, *keys: str, content: str = "") -> dict[str, int]:
    """Plan changed rows of these keys; the row id of each."""
    ids = row_ids(run, *keys)
    run.write([planned(run, key, content) for key in keys], [])
    return ids


def begin(state: StateStore, sync: SyncIdentity, task_run: str = "run 1", digest: bytes = b"query") -> SyncRun:
    """The sync's next run, or the unfinished one."""
    return state.begin(sync, task_run=task_run, digest=digest)


def bits(ids: Mapping[str, int]) -> bytes:
    """One bit for each of these row ids: the rows that a plan read, without an empty byte at the end."""
    seen = sum(1 << row_id for row_id in ids.values())
    return seen.to_bytes((seen.bit_length() + 7) // 8, "little")


def sealed(
    state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 1", is_whole: bool = False
) -> SyncRun:
    """A run that has read these keys and nothing else, all of them changed; in a whole read other rows are gone."""
    run = begin(state, sync, task_run)
    ids = write(run, *keys)
    run.seal(Counts(read=len(keys), pending=len(keys)), bits(ids), is_whole=is_whole)
    return run


def delivered(row: OutboxRow, contact_id: str, outcome: RowState = RowState.CREATED) -> Delivery:
    """The CRM accepted the row."""
    return Delivery(row, outcome, contact_id=contact_id, trace_id=f"trace of {row.source_key}", status=200)


def deliver_all(run: SyncRun) -> None:
    """Every row of the outbox becomes a contact of its own, and the run is finished."""
    run.acknowledge([delivered(row, f"contact of {row.source_key}") for row in run.outbox(0, 1000)])
    run.finish(calls=1, seconds=0.5)


def acknowledged(run: SyncRun, key: str) -> bytes | None:
    """The fingerprint that the CRM acknowledged for a key."""
    return run.known([key])[key][1]
