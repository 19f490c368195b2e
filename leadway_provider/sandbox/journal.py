"""The calls that the sandbox received: a bounded log of them, and counts of all."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from leadway_provider.sandbox.contact import timestamp


@dataclass(slots=True, eq=False)
class CallRecord:
    """One call to the API.

    Attributes:
        method: the HTTP method.
        path: the path without its query, which may hold a person's data.
        arrived_at: when it arrived, in seconds since 1970.
        finished_at: when its answer was sent or the connection was dropped, in seconds since 1970; None until then.
        status: the status of the answer; None until it is answered, and for a call that is never answered.
        body: the parsed body of an upsert or an update, if it is a JSON object.
    """

    method: str
    path: str
    arrived_at: float
    finished_at: float | None = None
    status: int | None = None
    body: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def is_upsert(self) -> bool:
        """Whether it is an upsert."""
        return self.method == "POST" and self.path == "/contacts/upsert"

    @property
    def is_write(self) -> bool:
        """Whether it is an upsert or an update by id."""
        return self.is_upsert or (self.method == "PUT" and self.path.startswith("/contacts/"))

    def as_json(self) -> dict[str, Any]:
        """Return method, path, time and status; never the body."""
        return {"method": self.method, "path": self.path, "at": timestamp(self.arrived_at), "status": self.status}


class Journal:
    """The log of calls and the counts. It may be read while calls arrive.

    Args:
        clock: returns seconds since 1970.
        length: the most calls, upserts and writes that the log keeps; older ones are dropped.

    Attributes:
        calls: the calls, in the order of arrival.
        upserts: the upserts among them, with their bodies.
        writes: the upserts and the updates by id among them, with their bodies.
        total: the number of calls that arrived.
        statuses: the number of answers by status.
        quota_refusals: the number of calls that a quota refused with 429. Faults with 429 are not counted.
        faults: the number of faults that were applied, by kind.
        in_flight: the number of calls that arrived and are neither answered nor dropped.
        most_in_flight: the highest value that `in_flight` ever had.
    """

    def __init__(self, clock: Callable[[], float], length: int) -> None:
        self._clock = clock
        self.calls: deque[CallRecord] = deque(maxlen=length)
        self.upserts: deque[CallRecord] = deque(maxlen=length)
        self.writes: deque[CallRecord] = deque(maxlen=length)
        self.in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Drop every call and set the counts to zero."""
        self.calls.clear()
        self.upserts.clear()
        self.writes.clear()
        self.total = 0
        self.statuses: Counter[int] = Counter()
        self.quota_refusals = 0
        self.faults: Counter[str] = Counter()
        self.most_in_flight = self.in_flight

    def begin(self, method: str, path: str) -> CallRecord:
        """Record a call that has just arrived."""
        record = CallRecord(method, path, self._clock())
        self.calls.append(record)
        if record.is_upsert:
            self.upserts.append(record)
        if record.is_write:
            self.writes.append(record)
        self.total += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return record

    def answer(self, record: CallRecord, status: int) -> None:
        """Record the status of a call, before the answer is sent."""
        record.status = status
        self.statuses[status] += 1
        self.end(record)

    def end(self, record: CallRecord) -> None:
        """Record that a call is finished, unless that is recorded already."""
        if record.finished_at is None:
            record.finished_at = self._clock()
            self.in_flight -= 1

    def as_json(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "calls": self.total,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "quotaRefusals": self.quota_refusals,
            "faults": dict(self.faults),
            "inFlight": self.in_flight,
            "mostInFlight": self.most_in_flight,
        }
