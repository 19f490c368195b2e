"""One run's outbox, delivered by several workers: it is split into parts, and one worker at a time has a part.

Rows that may touch the same contact, or the same e-mail or phone, are in one part. So a worker that keeps the order
within its parts keeps the order of the whole outbox, and needs to know nothing of what the others send.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from leadway_provider.sync.lease import LeaseState, LeaseStore, LeaseWatcher
from leadway_provider.sync.records import Blocker, Delivery, OutboxRow

_PARTS: Final = 32
_LEAST: Final = 5
_MOST: Final = 1000
_BITS: Final = 8
"""Bits of the filter for each name: of the names that come once, one in eight is looked at a second time in vain."""


class Part(NamedTuple):
    """A part of an outbox: the rows from one position to another, without those that were moved to another part."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Split:
    """How an outbox is split.

    Attributes:
        parts: the parts, by position.
        moved: the number of the part that a row belongs to, by position, for rows that are outside of its positions.
    """

    parts: Sequence[Part]
    moved: Mapping[int, int]


class PartStore(LeaseStore, Protocol):
    """The parts of one run's outbox, and its workers. Each call commits by itself.

    The workers hold the sync's lease together: the first one acquires it, each stores its own heartbeats, and the last
    one releases it. The lease reads as free for them while another worker of the run holds it. A worker that releases
    it, or is expelled, gives back the parts that it has not completed.
    """

    def split(self, rows: Iterable[OutboxRow], size: int) -> int:
        """Split the outbox into parts of about so many rows, and return their number; nobody delivers meanwhile."""
        ...

    def others(self, worker: str) -> Sequence[LeaseState]:
        """Return the other workers, by their tokens."""
        ...

    def expel(self, other: LeaseState) -> bool:
        """Take a worker's parts back, and return True on success: unless it has stored a heartbeat since."""
        ...

    def next_part(self, worker: str) -> Part | None:
        """Give a worker the next part that nobody has, and return it; None where there is none.

        Raises:
            LeaseLostError: the worker was expelled.
        """
        ...

    def complete(self, worker: str, part: Part) -> None:
        """Store that nothing of a worker's part is left for workers to deliver."""
        ...

    def is_complete(self) -> bool:
        """Return whether every part is."""
        ...


class PartedRun(Protocol):
    """A run that is delivered in parts, as one worker sees it."""

    def rows_of(self, part: Part, after: int, limit: int) -> Sequence[OutboxRow]:
        """Return the rows of a part behind a position, in order, at most so many.

        A row `comes_last` where it may touch a contact that another worker has written to, or is about to.
        """
        ...

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """See `DeliveryStore.mark_sent`."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`."""
        ...

    def cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        """See `DeliveryStore.cleared`."""
        ...


class PartOutbox:
    """The outbox of one part: implements `DeliveryStore`.

    Args:
        run: the run.
        part: the part.
    """

    def __init__(self, run: PartedRun, part: Part) -> None:
        self._run = run
        self._part = part

    def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """See `DeliveryStore.outbox`."""
        return self._run.rows_of(self._part, after, limit)

    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """See `DeliveryStore.mark_sent`."""
        self._run.mark_sent(row, at)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`."""
        self._run.acknowledge(deliveries)

    def cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        """See `DeliveryStore.cleared`."""
        self._run.cleared(blocker, trace_id, status)


def part_size(rows: int) -> int:
    """Return how many rows a part has, so that several workers finish at about the same time."""
    return max(_LEAST, min(_MOST, rows // _PARTS))


def split(rows: Iterable[OutboxRow], size: int) -> Split:
    """Split an outbox into parts of so many rows; it takes about 50 bytes of memory a row.

    Rows that may touch the same contact, e-mail or phone belong to the part of the first of them.

    Args:
        rows: the outbox, in order.
        size: how many rows follow each other in a part.
    """
    positions, names, ends = array("q"), array("q"), array("q")
    for row in rows:
        positions.append(row.position)
        names.extend({hash(name) for name in _touched(row)})
        ends.append(len(names))
    bounds = [(start, min(start + size, len(positions)) - 1) for start in range(0, len(positions), size)]
    parts = [Part(number, positions[first], positions[last]) for number, (first, last) in enumerate(bounds, start=1)]
    linked = _Linked()
    may_repeat = _may_repeat(names)
    start = 0
    for index, end in enumerate(ends):
        for name in names[start:end]:
            if may_repeat(name):
                linked.add(name, index)
        start = end
    moved = {positions[index]: first // size + 1 for index, first in linked.rows() if first // size != index // size}
    return Split(parts, moved)


def _touched(row: OutboxRow) -> Iterator[str]:
    """Return names of everything that a row's delivery may read or write: rows, contacts, and hashed identities."""
    yield f"row {row.row_id}"
    yield from row.lanes
    yield from row.claimed
    others = (*row.blockers, *row.left_behind)
    yield from (f"row {other.row_id}" for other in others)
    contacts = (row.contact.contact_id, row.contact_id, row.lives_on, row.takes_over)
    yield from (f"contact {each}" for each in (*contacts, *(other.contact_id for other in others)) if each)


def _may_repeat(names: Iterable[int]) -> Callable[[int], bool]:
    """Return a function that is True for every name that comes more than once, and for a few others."""
    listed = array("q", names)
    mask = (1 << max(_BITS, (_BITS * len(listed)).bit_length())) - 1
    once, again = bytearray(mask // 8 + 1), bytearray(mask // 8 + 1)
    for name in listed:
        place, bit = (name & mask) >> 3, 1 << (name & 7)
        again[place] |= once[place] & bit
        once[place] |= bit
    return lambda name: bool(again[(name & mask) >> 3] & (1 << (name & 7)))


class _Linked:
    """Rows by index, in groups that share names, directly or by way of others."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def add(self, name: int, index: int) -> None:
        """Link a row to those that have the same name."""
        one, other = self._first_of(self._first.setdefault(name, index)), self._first_of(index)
        if one != other:
            self._before[max(one, other)] = min(one, other)

    def rows(self) -> Iterator[tuple[int, int]]:
        """Return each row that is not the first of its group, with the first one."""
        return ((index, self._first_of(index)) for index in list(self._before))

    def _first_of(self, index: int) -> int:
        while (before := self._before.get(index)) is not None:
            if (further := self._before.get(before)) is not None:
                self._before[index] = further
            index = before
        return index


def deliver_parts(
    store: PartStore,
    worker: str,
    deliver: Callable[[Part], None],
    *,
    watcher: Callable[[], LeaseWatcher],
    pause: Callable[[float], None],
    look_every: float,
) -> int:
    """Deliver parts until all are complete, and return how many this worker delivered.

    While others have the last ones, it watches whether they are alive: the parts of one that is not are taken over.

    Args:
        store: the parts.
        worker: the worker's token.
        deliver: delivers a part; what it raises ends this worker's work.
        watcher: makes a watcher of another worker.
        pause: waits that many seconds.
        look_every: seconds between two looks at the others.

    Raises:
        LeadwayError: as the store and `deliver` raise.
    """
    watchers: dict[str, LeaseWatcher] = {}
    delivered = 0
    while True:
        if (part := store.next_part(worker)) is not None:
            deliver(part)
            store.complete(worker, part)
            delivered += 1
        elif store.is_complete():
            return delivered
        elif not sum(_expel_if_dead(store, other, watchers, watcher) for other in store.others(worker)):
            pause(look_every)


def _expel_if_dead(
    store: PartStore, other: LeaseState, watchers: dict[str, LeaseWatcher], watcher: Callable[[], LeaseWatcher]
) -> bool:
    if other.token not in watchers:
        watchers[other.token] = watcher()
    return watchers[other.token].may_acquire(other) and store.expel(other)
