"""Tags beside the upsert: what many contacts need alike goes out in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from leadway_provider.contacts.contact import Reason
from leadway_provider.exceptions import LeadwayError, RefusedError
from leadway_provider.sync.ports import ContactSink

Kind = Literal["add", "remove"]

MOST_CONTACTS: Final = 100
"""Contacts in one call; the API documents no bound, so this stays well below what a request can hold."""


@dataclass(eq=False, slots=True)
class _Request:
    """What one contact needs, until all calls that it takes part in are answered."""

    contact_id: str
    kind: Kind
    tags: frozenset[str]
    done: asyncio.Future[tuple[Reason, ...]]


class TagDesk:
    """Collects what contacts need, and sends it in as few calls as it takes.

    Args:
        sink: the account.
        crowded: whether so many wait here that they should be served now.
    """

    def __init__(self, sink: ContactSink, crowded: Callable[[int], bool]) -> None:
        self._sink = sink
        self._crowded = crowded
        self._requests: list[_Request] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def change(self, kind: Kind, contact_id: str, tags: Iterable[str]) -> tuple[Reason, ...]:
        """Add tags to a contact, or remove them; tells what the API did not do.

        Raises:
            LeadwayError: whatever the call raised but a refusal, which is told as a reason.
        """
        request = _Request(contact_id, kind, frozenset(tags), asyncio.get_running_loop().create_future())
        self._requests.append(request)
        self.look()
        return await request.done

    def look(self) -> None:
        """Serve those who wait, if they are a crowd."""
        if self._requests and self._crowded(len(self._requests)):
            requests, self._requests = self._requests, []
            call = asyncio.ensure_future(self._serve(requests))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _serve(self, requests: Sequence[_Request]) -> None:
        said: dict[_Request, list[Reason]] = {request: [] for request in requests}
        try:
            for kind in ("add", "remove"):
                alike = [request for request in requests if request.kind == kind]
                for tags, members in _groups(alike):
                    for start in range(0, len(members), MOST_CONTACTS):
                        await self._send(kind, tags, members[start : start + MOST_CONTACTS], said)
        except LeadwayError as error:
            for request in requests:
                request.done.set_exception(error)
        else:
            for request in requests:
                request.done.set_result(tuple(said[request]))

    async def _send(
        self,
        kind: Literal["add", "remove"],
        tags: Sequence[str],
        members: Sequence[_Request],
        said: dict[_Request, list[Reason]],
    ) -> None:
        try:
            answer = await self._sink.update_tags(kind, [member.contact_id for member in members], tags)
        except RefusedError as error:
            for member in members:
                said[member] += [_refused(reason) for reason in error.reasons or (str(error),)]
            return
        failed = {item.contact_id: item.message or "no reason given" for item in answer.responses if not item.ok}
        for member in members:
            if member.contact_id in failed:
                said[member].append(_refused(failed[member.contact_id]))


def _groups(requests: Sequence[_Request]) -> list[tuple[list[str], list[_Request]]]:
    """The calls that serve these: one for each set of tags, or one for each tag, whichever are fewer."""
    by_set: dict[frozenset[str], list[_Request]] = {}
    by_tag: dict[str, list[_Request]] = {}
    for request in requests:
        by_set.setdefault(request.tags, []).append(request)
        for tag in request.tags:
            by_tag.setdefault(tag, []).append(request)
    if len(by_tag) < len(by_set):
        return [([tag], members) for tag, members in sorted(by_tag.items(), key=lambda each: each[0])]
    return [(sorted(tags), members) for tags, members in by_set.items()]


def _refused(reason: str) -> Reason:
    return Reason("tags", "tags_refused", reason)
