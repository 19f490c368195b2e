"""An account that fails at chosen calls, and an event loop without threads, so that runs can be repeated exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.exceptions import RefusedError, UnavailableError
from leadway_provider.sync.ports import ContactView, TagsEcho, UpsertEcho
from leadway_provider.testing import MemoryAccount

_Result = TypeVar("_Result")


class KilledError(Exception):
    """Stands for the end of a process."""


class Fault(StrEnum):
    """What happens to a call."""

    KILLED_BEFORE = "killed before it is carried out"
    KILLED_AFTER = "killed after it is carried out"
    UNREACHABLE = "never arrived"
    LOST = "carried out, and the answer was lost"

    @property
    def kills(self) -> bool:
        """Whether the process ends."""
        return self in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)


@dataclass
class FaultyAccount:
    """An account in front of another one: some calls fail, some e-mails and phones are refused, and overlaps are found.

    Attributes:
        account: carries the calls out.
        faults: what happens to the call of a number, from 0 on.
        refused: the e-mails and phones that no call may send.
        writes: how many calls that write arrived.
        overlaps: calls that wrote to a contact while another call to it was on its way.
        on_call: is called with the fields of each call that is about to be carried out.
        on_clear: is called with the contact and the fields of each call that is about to clear fields.
        unheard: contacts that were created by calls whose answers were lost.
        overwritten: contacts that existed, and that calls whose answers were lost wrote to.
    """

    account: MemoryAccount
    faults: Mapping[int, Fault] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    writes: int = 0
    overlaps: list[str] = field(default_factory=list)
    on_call: Callable[[Mapping[str, JsonValue]], None] = lambda _: None
    on_clear: Callable[[str, Mapping[str, JsonValue]], None] = lambda *_: None
    unheard: set[str] = field(default_factory=set)
    overwritten: set[str] = field(default_factory=set)
    _calls: int = 0
    _dead: bool = False
    _in_flight: set[str] = field(default_factory=set)

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        return await self._call(lambda: self.account.upsert_contact(fields), self._identities(fields), fields)

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        return await self._call(lambda: self.account.create_contact(fields), self._identities(fields), fields)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> UpsertEcho:
        gives_up = all(value is None for value in fields.values())
        targets = [] if gives_up else [contact_id, *self._identities(fields)]

        def carry_out() -> Awaitable[UpsertEcho]:
            if gives_up:
                self.on_clear(contact_id, fields)
            return self.account.update_contact(contact_id, fields)

        return await self._call(carry_out, targets, fields)

    async def get_contact(self, contact_id: str) -> ContactView:
        self.writes -= 1
        return await self._call(lambda: self.account.get_contact(contact_id), [], {})

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactView | None:
        self.writes -= 1
        return await self._call(lambda: self.account.find_duplicate(email=email, phone=phone), [], {})

    async def may_share_identities(self) -> bool:
        return await self.account.may_share_identities()

    async def is_readable(self) -> bool:
        return await self.account.is_readable()

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> TagsEcho:
        return await self._call(lambda: self.account.update_tags(kind, contact_ids, tags), [], {})

    async def delete_contact(self, contact_id: str) -> None:
        return await self._call(lambda: self.account.delete_contact(contact_id), [contact_id], {})

    def _identities(self, fields: Mapping[str, JsonValue]) -> list[str]:
        return [str(fields[name]) for name in self.account.priority if fields.get(name)]

    async def _call(
        self, carry_out: Callable[[], Awaitable[_Result]], targets: Sequence[str], fields: Mapping[str, JsonValue]
    ) -> _Result:
        fault = self.faults.get(self._calls)
        self._calls += 1
        self.writes += 1
        with self._on_its_way(targets):
            await asyncio.sleep(0)
            if fault is Fault.KILLED_BEFORE or self._dead:
                self._dead = True
                raise KilledError
            if fault is Fault.UNREACHABLE:
                raise UnavailableError("unreachable", call="call", maybe_received=False)
            if self.refused.intersection(str(fields.get(name)) for name in ("email", "phone")):
                raise RefusedError("refused", call="call", status=422, reasons=("this value is not wanted",))
            self.on_call(fields)
            result = await carry_out()
            await asyncio.sleep(0)
            if hasattr(result, "new") and (self._dead or fault in (Fault.KILLED_AFTER, Fault.LOST)):
                (self.unheard if result.new else self.overwritten).add(str(getattr(result, "contact_id", "")))
            if fault is Fault.KILLED_AFTER:
                self._dead = True
                raise KilledError
            if fault is Fault.LOST:
                raise UnavailableError("lost", call="call", maybe_received=True)
            return result

    @contextmanager
    def _on_its_way(self, targets: Sequence[str]) -> Iterator[None]:
        self.overlaps += self._in_flight.intersection(targets)
        mine = set(targets) - self._in_flight
        self._in_flight |= mine
        try:
            yield
        finally:
            self._in_flight -= mine


class InlineLoop(asyncio.SelectorEventLoop):
    """An event loop that calls at once what it would give to a thread; the result arrives a moment later."""

    def run_in_executor(  # type: ignore[override]  # the library's signature names type variables of its own
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call at once, and return a future that has the result a moment later."""
        future = self.create_future()
        try:
            result = func(*args)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self.call_soon(_set, future.set_exception, future, error)
        else:
            self.call_soon(_set, future.set_result, future, result)
        return future


def _set(setter: Callable[[Any], None], future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        setter(value)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=InlineLoop)


def run_inline(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine on a loop without threads, which all tests share."""
    return _runner().run(coroutine)
