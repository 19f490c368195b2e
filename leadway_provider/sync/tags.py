"""Tags beside the upsert: what many contacts need alike goes out in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from leadway_provider.contacts.contact import Reason
from leadway_provider.exceptions import RefusedError, UnavailableError
from leadway_provider.sync.ports import ContactSink, TagsEcho

Kind = Literal["add", "remove"]

MOST_CONTACTS: Final = 100
"""Contacts in one call; the API documents no bound, so this stays well below what a request can hold."""

BATCH: Final = 200
"""Changes that make a batch. With a few sets of tags, a batch is a few calls: 1 or 2 for each 100 contacts."""


@dataclass(eq=False, slots=True)
class _Request:
    """The tags that one contact needs, until all its calls are answered."""

    contact_id: str
    kind: Kind
    tags: frozenset[str] = field(repr=False)
    done: asyncio.Future[tuple[Reason, ...]]
    refusals: list[Reason] = field(default_factory=list)
    error: Exception | None = None


_Call: TypeAlias = tuple[Sequence[str], Sequence[_Request]]
"""The tags of one call, and for which contacts."""


class TagBatcher:
    """Collects changes of tags, and sends them in batches, in as few calls as possible.

    Args:
        sink: the account.
    """

    def __init__(self, sink: ContactSink) -> None:
        self._sink = sink
        self._requests: list[_Request] = []
        self._batches: set[asyncio.Task[None]] = set()

    def change(self, kind: Kind, contact_id: str, tags: Iterable[str]) -> asyncio.Future[tuple[Reason, ...]]:
        """Add tags to a contact, or remove them, when `BATCH` changes have come together, or when `flush` is called.

        Returns:
            A future: a reason for each change that the API refused, or whatever else the call raised.
        """
        request = _Request(contact_id, kind, frozenset(tags), asyncio.get_running_loop().create_future())
        self._requests.append(request)
        if len(self._requests) >= BATCH:
            self.flush()
        return request.done

    def flush(self) -> None:
        """Send the changes that wait for others."""
        if self._requests:
            requests, self._requests = self._requests, []
            batch = asyncio.ensure_future(self._send_batch(requests))
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)

    async def _send_batch(self, requests: Sequence[_Request]) -> None:
        for kind in ("add", "remove"):
            for calls in _rounds([request for request in requests if request.kind == kind]):
                await asyncio.gather(*(self._send(kind, tags, members) for tags, members in calls))
        for request in requests:
            if request.done.done():
                continue  # its delivery was cancelled
            if request.error is not None:
                request.done.set_exception(request.error)
            else:
                request.done.set_result(tuple(request.refusals))

    async def _send(self, kind: Kind, tags: Sequence[str], members: Sequence[_Request]) -> None:
        try:
            answer = await self._sink.update_tags(kind, [member.contact_id for member in members], tags)
        except RefusedError as error:
            for member in members:
                member.refusals += [_refused(reason) for reason in error.reasons or (str(error),)]
        except Exception as error:  # noqa: BLE001 - the rows that wait for this call get it, or they would wait for ever
            if len(members) > 1 and isinstance(error, UnavailableError) and error.is_unreadable:
                await self._send_halves(kind, tags, members)
                return
            for member in members:
                member.error = error
        else:
            _add_refusals(answer, members)

    async def _send_halves(self, kind: Kind, tags: Sequence[str], members: Sequence[_Request]) -> None:
        """Repeat a call that has the same effect twice, since what one contact adds may spoil the answer to all."""
        middle = len(members) // 2
        await asyncio.gather(*(self._send(kind, tags, half) for half in (members[:middle], members[middle:])))


def _add_refusals(answer: TagsEcho, members: Sequence[_Request]) -> None:
    failed = {item.contact_id: item.message or "no reason given" for item in answer.responses if not item.ok}
    for member in members:
        if member.contact_id in failed:
            member.refusals.append(_refused(failed[member.contact_id]))


def _rounds(requests: Sequence[_Request]) -> list[list[_Call]]:
    """Return the calls that are needed: for each set of tags, or for each tag, whichever are fewer.

    The calls of one round name no contact twice, so they can be in flight together.
    """
    by_set: dict[frozenset[str], list[_Request]] = {}
    by_tag: dict[str, list[_Request]] = {}
    for request in requests:
        by_set.setdefault(request.tags, []).append(request)
        for tag in request.tags:
            by_tag.setdefault(tag, []).append(request)
    each_tag = [_calls([tag], members) for tag, members in sorted(by_tag.items(), key=lambda each: each[0])]
    each_set = [call for tags, members in by_set.items() for call in _calls(sorted(tags), members)]
    return each_tag if sum(map(len, each_tag)) < len(each_set) else [each_set]


def _calls(tags: Sequence[str], members: Sequence[_Request]) -> list[_Call]:
    return [(tags, members[start : start + MOST_CONTACTS]) for start in range(0, len(members), MOST_CONTACTS)]


def _refused(reason: str) -> Reason:
    return Reason("tags", "tags_refused", reason)
