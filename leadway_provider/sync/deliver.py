"""The second phase: the outbox becomes contacts, each acknowledged in the state store.

It can stop anywhere and go on anywhere else. At most `max_in_flight` rows are sent but not yet acknowledged at any
instant, so that is the most that are sent twice after a crash.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.echo import not_kept
from leadway_provider.exceptions import LeadwayError, RefusedError, UnavailableError
from leadway_provider.sync.lanes import Lanes
from leadway_provider.sync.lost import UnsureError, recover
from leadway_provider.sync.outcome import Outcome
from leadway_provider.sync.ports import ContactSink, Delivery, DeliveryStore, OutboxRow, UpsertEcho
from leadway_provider.sync.tags import TagDesk

_Result = TypeVar("_Result")

_GIVE_UP_AFTER = 5
"""So many rows in a row that can't be delivered mean that the API is out of order, not those rows."""

_MOST_HELD_BACK = 10
"""Batches of rows that may wait behind rows that can't be delivered, before delivery ends: a bound on memory."""


async def deliver(
    store: DeliveryStore,
    sink: ContactSink,
    *,
    max_in_flight: int,
    batch_size: int,
    labels: Mapping[str, str] = MappingProxyType({}),
    on_acknowledged: Callable[[Sequence[Delivery]], None] = lambda _: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Send the outbox's rows and acknowledge each, until none is left that can be delivered.

    Args:
        store: the run's side of the state store.
        sink: the account.
        max_in_flight: the most rows that are sent and not yet acknowledged.
        batch_size: rows read from the outbox at a time.
        labels: how the user writes a field, by its place in the request; remarks name fields so.
        on_acknowledged: told the rows of each commit.
        now: aware time, to tell a contact that a lost call made from an older one.
        sleep: waits that many seconds.

    Raises:
        UnavailableError: the API could not be reached for some rows; they stay in the outbox, as do the rows that
            must not overtake them. All others were delivered, unless failures followed each other without a success.
        LeadwayError: whatever else the account or the store raised; calls in flight were finished and acknowledged.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-store") as thread:
        delivering = _Delivering(
            store=store,
            sink=sink,
            store_thread=thread,
            max_in_flight=max_in_flight,
            batch_size=batch_size,
            labels=labels,
            on_acknowledged=on_acknowledged,
            now=now,
            sleep=sleep,
        )
        await delivering.run()


class _Delivering:
    """One delivery: a feeder reads the outbox, workers send, an acknowledger commits what came back in groups."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        sink: ContactSink,
        store_thread: ThreadPoolExecutor,
        max_in_flight: int,
        batch_size: int,
        labels: Mapping[str, str],
        on_acknowledged: Callable[[Sequence[Delivery]], None],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._sink = sink
        self._store_thread = store_thread
        self._workers = max_in_flight
        self._batch_size = batch_size
        self._labels = labels
        self._on_acknowledged = on_acknowledged
        self._now = now
        self._sleep = sleep
        self._tags = TagDesk(sink, self._is_crowded)
        self._lanes = Lanes()
        self._ready: asyncio.Queue[OutboxRow | None] = asyncio.Queue()
        self._active = 0
        self._sending = 0
        self._changed = asyncio.Event()
        self._answered: deque[tuple[Delivery, asyncio.Future[None]]] = deque()
        self._to_commit = asyncio.Event()
        self._failure: LeadwayError | None = None
        self._unavailable: UnavailableError | None = None
        self._failures_in_a_row = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            committing = tasks.create_task(self._acknowledge())
            async with asyncio.TaskGroup() as sending:
                sending.create_task(self._feed())
                for _ in range(self._workers):
                    sending.create_task(self._send())
            committing.cancel()
        if error := self._failure or self._unavailable:
            raise error

    @property
    def _stopping(self) -> bool:
        return self._failure is not None or self._failures_in_a_row >= _GIVE_UP_AFTER

    async def _feed(self) -> None:
        position = 0
        low_water = max(self._workers, self._batch_size // 2)
        while len(self._lanes) < _MOST_HELD_BACK * self._batch_size and not self._stopping:
            try:
                page = await self._in_store(self._store.outbox, position, self._batch_size)
            except LeadwayError as error:
                self._failure = error
                break
            if not page:
                break
            position = page[-1].position
            for row in page:
                if self._lanes.enter(row):
                    self._start(row)
            await self._until(lambda: self._active == 0 or len(self._lanes) <= low_water)
        await self._until(lambda: self._active == 0)
        for _ in range(self._workers):
            self._ready.put_nowait(None)

    async def _in_store(self, call: Callable[..., _Result], *arguments: object) -> _Result:
        """Run a blocking call of the store beside the loop; one at a time, always on one thread."""
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, call, *arguments)

    def _start(self, row: OutboxRow) -> None:
        self._active += 1
        self._ready.put_nowait(row)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def _send(self) -> None:
        while (row := await self._ready.get()) is not None:
            self._sending += 1
            try:
                if not self._stopping:
                    await self._deliver(row)
            finally:
                self._sending -= 1
                self._active -= 1
                self._changed.set()
                self._tags.look()

    async def _deliver(self, row: OutboxRow) -> None:
        """Send a row; where it can't be delivered now, it stays in the outbox and holds back what is behind it."""
        try:
            delivery = await self._outcome(row)
            await self._committed(delivery)
        except UnavailableError as error:
            self._unavailable = error
            self._failures_in_a_row += 1
        except LeadwayError as error:
            self._failure = self._failure or error
        else:
            self._failures_in_a_row = 0
            for freed in self._lanes.leave(row):
                self._start(freed)

    async def _outcome(self, row: OutboxRow) -> Delivery:
        try:
            echo = await self._upsert(row)
            remarks = [
                *not_kept(row.contact.fields, echo.kept, new=echo.new),
                *await self._settle_tags(row.contact, echo),
            ]
        except RefusedError as error:
            reasons = tuple(Reason("", "refused_by_api", reason) for reason in error.reasons or (str(error),))
            return Delivery(row, Outcome.REFUSED, trace_id=error.trace_id, status=error.status, reasons=reasons)
        except UnsureError as error:
            lost = Reason("", "answer_lost", f"The answer was lost, and the contact may have been made. {error}")
            return Delivery(row, Outcome.UNKNOWN, reasons=(lost,))
        outcome = Outcome.CREATED if echo.new else Outcome.UPDATED
        labelled = tuple(replace(reason, field=self._labels.get(reason.field, reason.field)) for reason in remarks)
        return Delivery(row, outcome, echo.contact_id, echo.trace_id, echo.status, not_kept=labelled)

    async def _upsert(self, row: OutboxRow) -> UpsertEcho:
        contact = row.contact
        if contact.repeatable:
            return await self._sink.upsert_contact(contact.fields)
        if row.sent_at is not None:
            return await recover(self._sink, contact, sent_at=row.sent_at, sleep=self._sleep)
        sent_at = self._now()
        await self._in_store(self._store.mark_sent, row, sent_at)
        try:
            return await self._sink.upsert_contact(contact.fields)
        except LeadwayError as error:
            if not (isinstance(error, UnavailableError) and error.maybe_received):
                await self._in_store(self._store.mark_sent, row, None)
                raise
        return await recover(self._sink, contact, sent_at=sent_at, sleep=self._sleep)

    async def _settle_tags(self, contact: Contact, echo: UpsertEcho) -> list[Reason]:
        """Add and remove the tags that the answer does not show to be right already."""
        if not contact.add_tags and not contact.remove_tags:
            return []
        shown = echo.kept.get("tags")
        held = {str(tag).lower() for tag in shown} if isinstance(shown, list) else set()
        said: list[Reason] = []
        if missing := [tag for tag in contact.add_tags if tag.lower() not in held]:
            said += await self._tags.change("add", echo.contact_id, missing)
        if surplus := [tag for tag in contact.remove_tags if tag.lower() in held]:
            said += await self._tags.change("remove", echo.contact_id, surplus)
        return said

    def _is_crowded(self, waiting: int) -> bool:
        """Whether half of the workers wait for tags, or all that have anything to do."""
        return 2 * waiting >= self._workers or waiting >= self._sending

    async def _committed(self, delivery: Delivery) -> None:
        """Return when the state store has the outcome for good."""
        done = asyncio.get_running_loop().create_future()
        self._answered.append((delivery, done))
        self._to_commit.set()
        await done

    async def _acknowledge(self) -> None:
        """Commit whatever has come back since the last commit, together."""
        while True:
            await self._to_commit.wait()
            self._to_commit.clear()
            group = list(self._answered)
            self._answered.clear()
            deliveries = [delivery for delivery, _ in group]
            try:
                await self._in_store(self._store.acknowledge, deliveries)
            except LeadwayError as error:
                for _, done in group:
                    done.set_exception(error)
            else:
                for _, done in group:
                    done.set_result(None)
                self._on_acknowledged(deliveries)
