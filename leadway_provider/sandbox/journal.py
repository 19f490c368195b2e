"""What the sandbox was asked: a bounded log of calls, and counts that are never cut."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leadway_provider.sandbox.contact import timestamp


@dataclass(slots=True, eq=False)
class CallRecord:
    """One call to the API.

    Attributes:
        method: the HTTP method.
        path: the path without its query, which may hold a person's data.
        arrived_at: seconds since 1970.
        finished_at: when its answer set out, or the connection was dropped; None until then.
        status: the answer's status; None while there is none, and for ever where none was given.
        body: the parsed body of an upsert that is a JSON object.
    """

    method: str
    path: str
    arrived_at: float
    finished_at: float | None = None
    status: int | None = None
    body: dict[str, Any] | None = None

    @property
    def is_upsert(self) -> bool:
        """Whether it writes a contact."""
        return self.method == "POST" and self.path == "/contacts/upsert"

    def as_json(self) -> dict[str, Any]:
        """Method, path, time and status; never the body."""
        return {"method": self.method, "path": self.path, "at": timestamp(self.arrived_at), "status": self.status}


class Journal:
    """The log and the counts. It may be read while calls arrive.

    Args:
        clock: seconds since 1970.
        length: how many calls, and how many upserts, are remembered; older ones are forgotten.

    Attributes:
        calls: every call, in the order of arrival.
        upserts: those that were upserts, with their bodies, in the order of arrival.
        total: calls that arrived.
        statuses: answers by status.
        quota_refusals: calls that a quota refused with 429. Faults that look like it are not among them.
        faults: faults that struck, by kind.
        in_flight: calls that arrived and are neither answered nor dropped.
        most_in_flight: the most that ever were.
    """

    def __init__(self, clock: Callable[[], float], length: int) -> None:
        self._clock = clock
        self.calls: deque[CallRecord] = deque(maxlen=length)
        self.upserts: deque[CallRecord] = deque(maxlen=length)
        self.in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Forget every call and begin to count anew."""
        self.calls.clear()
        self.upserts.clear()
        self.total = 0
        self.statuses: Counter[int] = Counter()
        self.quota_refusals = 0
        self.faults: Counter[str] = Counter()
        self.most_in_flight = self.in_flight

    def begin(self, method: str, path: str) -> CallRecord:
        """Write down a call that has just arrived."""
        record = CallRecord(method, path, self._clock())
        self.calls.append(record)
        if record.is_upsert:
            self.upserts.append(record)
        self.total += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return record

    def answer(self, record: CallRecord, status: int) -> None:
        """Write down that a call is answered, before the caller can know it."""
        record.status = status
        self.statuses[status] += 1
        self.end(record)

    def end(self, record: CallRecord) -> None:
        """Write down that a call is over, if it isn't already."""
        if record.finished_at is None:
            record.finished_at = self._clock()
            self.in_flight -= 1

    def as_json(self) -> dict[str, Any]:
        """The counts."""
        return {
            "calls": self.total,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "quotaRefusals": self.quota_refusals,
            "faults": dict(self.faults),
            "inFlight": self.in_flight,
            "mostInFlight": self.most_in_flight,
        }
