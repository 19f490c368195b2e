"""The second phase: the outbox becomes contacts, each acknowledged in the state store.

It can stop anywhere and continue anywhere else. At most `max_in_flight` rows are sent but not yet acknowledged at any
instant, and at most `MOST_WAITING` more wait for their tags; that is the most that are sent twice after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from typing import Final, TypeVar

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.reasons import reason
from leadway_provider.exceptions import LeadwayError, RefusedError, UnavailableError
from leadway_provider.policies import OnMatch
from leadway_provider.sync.acknowledger import Acknowledger
from leadway_provider.sync.edits import EditFinder
from leadway_provider.sync.failures import DeliveryFailures
from leadway_provider.sync.identities import UNKEYED, IdentityHasher
from leadway_provider.sync.lost import UnsureError
from leadway_provider.sync.matching import WRITERS
from leadway_provider.sync.order import DeliveryOrder
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.ports import ContactSink, DeliveryStore, UpsertEcho
from leadway_provider.sync.records import Blocker, Delivery, OutboxRow
from leadway_provider.sync.skipped import SkippedError, contact_not_found
from leadway_provider.sync.tags import BATCH, TagBatcher
from leadway_provider.sync.writer import ContactWriter, NoIdentityError

_Result = TypeVar("_Result")

_MOST_HELD_BACK: Final = 10
"""Batches of rows that may wait behind rows that can't be delivered, before delivery ends: a bound on memory."""

MOST_WAITING: Final = 2 * BATCH
"""Rows that may wait for their tags while others are sent in their place: a batch that collects, and one in flight."""


@dataclass(kw_only=True)
class OutboxDelivery:
    """Sends the outbox's rows and acknowledges each, until none is left that can be delivered; used once.

    A feeder reads the outbox, workers send, and an acknowledger commits in groups what came back.

    Attributes:
        store: the run's side of the state store.
        sink: the account.
        max_in_flight: the most rows that are sent and not yet acknowledged, without those that wait for their tags.
        batch_size: rows read from the outbox at a time.
        targets: how the user writes a field, by its API path; remarks name fields so.
        on_acknowledged: is called with the rows of each commit.
        clock: to distinguish a contact that a lost call created from an older one, and to wait.
        hasher: hashes the sync's e-mails and phones; the plan's.
        on_match: which rows are written; the others are skipped.
        writer: what writes a row; None is what `on_match` asks for.
        custom_fields: the account's, for what is kept of fields that are written unless somebody has edited them.
    """

    store: DeliveryStore
    sink: ContactSink
    max_in_flight: int
    batch_size: int
    targets: Mapping[str, str] = field(default_factory=dict)
    on_acknowledged: Callable[[Sequence[Delivery]], None] = lambda _: None
    clock: Clock = SYSTEM_CLOCK
    hasher: IdentityHasher = UNKEYED
    on_match: OnMatch = "upsert"
    writer: Callable[..., ContactWriter] | None = None
    custom_fields: Sequence[CustomField] = ()

    def __post_init__(self) -> None:
        self._tags = TagBatcher(self.sink)
        self._edits = EditFinder(self.custom_fields, self.hasher.key)
        self._writer = (self.writer or WRITERS[self.on_match])(
            self.sink,
            self.clock,
            self.clock.now(),
            self._mark_sent,
            self._store_cleared,
            self.hasher,
            self._edits,
        )
        self._order = DeliveryOrder(self.hasher)
        self._ready: asyncio.Queue[OutboxRow | None] = asyncio.Queue()
        self._position = 0
        self._active = 0
        self._waiting_for_tags: set[int] = set()
        self._holding_slots: set[int] = set()
        self._replaced: set[int] = set()
        self._changed = asyncio.Event()
        self._awaited: Callable[[], bool] = lambda: False
        self._acknowledger = Acknowledger(
            lambda deliveries: self._in_store(self.store.acknowledge, deliveries),
            max_in_flight=self.max_in_flight,
            in_flight=lambda: self._active,
            on_acknowledged=self.on_acknowledged,
        )
        self._failures = DeliveryFailures()
        self._rings: dict[int, list[int]] = {}
        self._in_ring: set[int] = set()
        self._left: dict[int, tuple[str | None, frozenset[str] | None]] = {}

    async def run(self) -> None:
        """Deliver.

        Raises:
            UnavailableError: the API could not be reached for some rows; they stay in the outbox, as do the rows that
                must not overtake them. All others were delivered, unless failures followed each other without a
                success.
            LeadwayError: whatever else the account or the store raised; calls in flight were finished and acknowledged.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-store") as self._store_thread:
            async with asyncio.TaskGroup() as tasks:
                committing = tasks.create_task(self._acknowledger.run())
                async with asyncio.TaskGroup() as self._sending:
                    self._sending.create_task(self._feed())
                    for _ in range(self.max_in_flight):
                        self._sending.create_task(self._send())
                committing.cancel()
        self._failures.log_waiting()
        if error := self._failures.error:
            raise error

    async def _feed(self) -> None:
        try:
            await self._read_outbox()
        except LeadwayError as error:
            self._failures.add(error)
        await self._until(lambda: self._active == 0)
        for _ in range(self.max_in_flight):
            self._ready.put_nowait(None)

    async def _read_outbox(self) -> None:
        """Start every row of the outbox when it may go, page by page, and wait for the last of them."""
        low_water = max(self.max_in_flight, self.batch_size // 2)
        is_read = False
        while not self._failures.end_delivery:
            if not is_read and len(self._order) < _MOST_HELD_BACK * self.batch_size:
                is_read = not await self._read_page()
                await self._until(
                    lambda: self._active == 0 or len(self._order) - len(self._waiting_for_tags) <= low_water
                )
                continue
            await self._until(lambda: self._active == 0)
            if self._failures.end_delivery or not (self._break_rings(is_read=is_read) or await self._end_unreadable()):
                break
            await self._until(lambda: self._active == 0)

    async def _read_page(self) -> bool:
        """Let the next rows of the outbox enter, and return False if there are none."""
        # What is acknowledged while the page is read may free an identity that the page still shows as blocked.
        self._left.clear()
        page = await self._in_store(self.store.outbox, self._position, self.batch_size)
        for row in page:
            self._position = row.position
            if self._order.enter(row):
                self._start(row)
        for row_id, left in self._left.items():
            self._start_all(self._order.rows_at(self._order.unblock(row_id, *left)))
        return bool(page)

    def _break_rings(self, *, is_read: bool) -> bool:
        """Let a row of each ring go first, and return True if there was one.

        Where so many rows wait that no other may enter, the last one goes before rows that come later.
        """
        rings = self._order.rings()
        self._rings |= {ring[0].position: [each.position for each in ring] for ring in rings}
        first = [ring[0] for ring in rings]
        if not first and not is_read and (last := self._order.waiting_for_later()):
            first = [last]
        for row in first:
            self._order.go_first(row)
        self._start_all(first)
        return bool(first)

    async def _end_unreadable(self) -> bool:
        """End the rows whose answers can't be read while others can, and return True if there was one."""
        if not self._failures.may_be_of_rows or not await self.sink.is_readable():
            return False
        for delivery in self._failures.end_unreadable():
            await self._acknowledger.committed(delivery)
            self._start_all(self._order.leave(delivery.row, None, None))
        return True

    async def _in_store(self, call: Callable[..., _Result], *arguments: object) -> _Result:
        """Run a blocking call of the store beside the event loop; one at a time, always on one thread."""
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, call, *arguments)

    async def _mark_sent(self, row: OutboxRow, sent_at: datetime | None) -> None:
        await self._in_store(self.store.mark_sent, row, sent_at)
        self._failures.marked(row, sent_at)

    async def _store_cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        await self._in_store(self.store.cleared, blocker, trace_id, status)

    def _start_all(self, rows: Iterable[OutboxRow]) -> None:
        for row in rows:
            self._start(row)

    def _start(self, row: OutboxRow) -> None:
        if row.comes_last:
            return  # it stays in the outbox, and so does what is behind it
        self._active += 1
        self._ready.put_nowait(row)

    async def _until(self, condition: Callable[[], bool]) -> None:
        self._awaited = condition
        while not condition():
            if self._active == len(self._waiting_for_tags):
                self._tags.flush()
            self._changed.clear()
            await self._changed.wait()

    def _note_change(self) -> None:
        """Wake the feeder where a row that ended, or began to wait for its tags, concerns it: few of them do."""
        if self._active == len(self._waiting_for_tags) or self._awaited():
            self._changed.set()

    async def _send(self) -> None:
        while (row := await self._ready.get()) is not None:
            if not self._failures.end_delivery:
                await self._deliver(row)
            self._active -= 1
            self._waiting_for_tags.discard(row.position)
            self._holding_slots.discard(row.position)
            self._replace_workers()
            self._note_change()
            if row.position in self._replaced:
                self._replaced.remove(row.position)
                return

    async def _deliver(self, row: OutboxRow) -> None:
        """Send a row; where it can't be delivered now, it stays in the outbox and holds back what is behind it."""
        try:
            delivery = await self._outcome(row)
            self._failures.answered()
            await self._acknowledger.committed(delivery)
        except UnavailableError as error:
            self._failures.add_unavailable(row, error, waits_for_tags=row.position in self._waiting_for_tags)
        except LeadwayError as error:
            self._failures.add(error)
        else:
            left = (delivery.contact_id, delivery.in_crm) if delivery.outcome.is_accepted else (None, None)
            self._left[row.row_id] = left
            self._start_all(self._order.leave(row, *left))

    async def _outcome(self, row: OutboxRow) -> Delivery:
        if row.position in self._in_ring:
            return Delivery(row, RowState.REFUSED, reasons=(reason("", "identity_ring"),))
        try:
            placed = await self._placed(row)
            kept = await self._writer.free(placed, self._order.to_clear(row))
            if kept and row.position in self._rings:
                self._in_ring.update(self._rings[row.position])
                return Delivery(row, RowState.REFUSED, reasons=(reason("", "identity_ring"),))
            written = await self._writer.write(placed, kept)
            tags = await self._update_tags(row, written.echo)
        except (NoIdentityError, SkippedError) as error:
            return Delivery(row, error.outcome, reasons=self._by_target(error.reasons))
        except RefusedError as error:
            said = zip_longest(error.reasons or (str(error),), error.fields, fillvalue="")
            reasons = self._by_target(Reason(path, "refused_by_api", sentence) for sentence, path in said)
            return Delivery(row, RowState.REFUSED, trace_id=error.trace_id, status=error.status, reasons=reasons)
        except UnsureError as error:
            lost = Reason("", "answer_lost", f"The answer was lost, and the contact may have been created. {error}")
            return Delivery(row, RowState.UNKNOWN, reasons=(lost,))
        echo = written.echo
        values, left = self._edits.acknowledged(row, written)
        return Delivery(
            row,
            RowState.CREATED if written.is_new else RowState.UPDATED,
            echo.contact_id,
            echo.trace_id,
            echo.status,
            not_kept=self._by_target((*written.not_kept, *tags)),
            remarks=self._by_target((*written.remarks, *left)),
            in_crm=written.in_crm,
            plan_again=self._order.is_shared(row, echo.contact_id),
            denied=(*kept, *written.denied),
            was_marked=written.was_marked,
            left_out=written.left_out,
            acknowledged_values=values,
        )

    async def _placed(self, row: OutboxRow) -> OutboxRow:
        """Return the row with the contact that it is written to, as far as it is known before any call."""
        placed = await self._writer.placed(row)
        if (found := placed.contact_id) not in (None, row.contact_id) and not self._order.join(row, str(found)):
            raise SkippedError((contact_not_found(found),))
        return placed

    def _by_target(self, reasons: Iterable[Reason]) -> tuple[Reason, ...]:
        """Name the fields of reasons as the user writes them."""
        return tuple(replace(each, field=self.targets.get(each.field, each.field)) for each in reasons)

    async def _update_tags(self, row: OutboxRow, echo: UpsertEcho) -> list[Reason]:
        """Add and remove the tags that the answer does not show to be right already."""
        contact = row.contact
        if not contact.add_tags and not contact.remove_tags:
            return []
        shown = echo.kept.get("tags")
        held = {str(tag).lower() for tag in shown} if isinstance(shown, list) else set()
        changes = []
        if missing := [tag for tag in contact.add_tags if tag.lower() not in held]:
            changes.append(self._tags.change("add", echo.contact_id, missing))
        if surplus := [tag for tag in contact.remove_tags if tag.lower() in held]:
            changes.append(self._tags.change("remove", echo.contact_id, surplus))
        if not changes:
            return []
        # From here until the row is acknowledged, another worker takes the place of its own.
        self._waiting_for_tags.add(row.position)
        self._holding_slots.add(row.position)
        self._replace_workers()
        self._note_change()
        return [each for refused in await asyncio.gather(*changes) for each in refused]

    def _replace_workers(self) -> None:
        """Start a worker for each whose row waits for its tags, unless too many rows wait."""
        while self._holding_slots and len(self._waiting_for_tags) - len(self._holding_slots) < MOST_WAITING:
            self._replaced.add(self._holding_slots.pop())
            self._sending.create_task(self._send())
