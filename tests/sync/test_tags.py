"""Tags beside the upsert, in as few calls as possible."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.exceptions import LeadwayError, RefusedError, UnavailableError
from leadway_provider.sync.deliver import MOST_WAITING
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.tags import MOST_CONTACTS
from leadway_provider.testing import MemoryState
from leadway_provider.testing.answers import MemoryAnswer, MemoryTagsAnswer
from tests.sync.failing import FailingAccount
from tests.sync.phases import deliver, delivered, outbox
from tests.sync.virtual import VirtualTime

CALL = "POST /contacts/bulk/tags/update/add"


def tagged(count: int, *tags: str) -> list[Contact]:
    """Return so many contacts that are to have these tags."""
    return [Contact({"email": f"p{number}@example.com"}, add_tags=tags) for number in range(count)]


def account_with(*tags: str) -> FailingAccount:
    """Return an account that has a contact with these tags."""
    account = FailingAccount()
    account.add_contact(email="p0@example.com", tags=list(tags))
    return account


def test_tags_are_changed_only_where_the_answer_shows_the_need() -> None:
    """Tags that the contact has are not added, tags it lacks are not removed; case does not matter."""
    contact = Contact({"email": "p0@example.com"}, add_tags=("VIP", "New"), remove_tags=("Old", "never"))
    account = account_with("vip", "old")
    contact_id = account.id_of("p0@example.com")
    delivered(outbox([contact]), account)
    assert account.tag_calls == [("add", [contact_id], ["New"]), ("remove", [contact_id], ["Old"])]
    assert account.tags_of("p0@example.com") == ["vip", "new"]


def test_a_contact_that_has_its_tags_costs_no_call() -> None:
    """Tags that the upsert's answer shows are not sent."""
    account = account_with("vip")
    delivered(outbox(tagged(1, "VIP")), account)
    assert account.tag_calls == []


def test_contacts_with_the_same_need_share_calls() -> None:
    """Forty contacts with the same tags take few calls, and every one has its tags."""
    account = FailingAccount()
    assert delivered(outbox(tagged(40, "vip", "new")), account, max_in_flight=16, batch_size=100)["created"] == 40
    assert [sorted(fields["tags"]) for fields in account.contacts.values()] == [["new", "vip"]] * 40
    assert len(account.tag_calls) == 1


def test_tags_are_removed_in_bulk_too() -> None:
    """Forty contacts that lose the same tag take few calls, and keep their other tags."""
    account = FailingAccount()
    for number in range(40):
        account.add_contact(email=f"p{number}@example.com", tags=["old", "vip"])
    contacts = [Contact({"email": f"p{number}@example.com"}, remove_tags=("old",)) for number in range(40)]
    assert delivered(outbox(contacts), account, max_in_flight=16, batch_size=100)["updated"] == 40
    assert [fields["tags"] for fields in account.contacts.values()] == [["vip"]] * 40
    assert [kind for kind, _, _ in account.tag_calls] == ["remove"]


def test_a_call_has_at_most_a_hundred_contacts() -> None:
    """However many contacts need the same tags at one time, no call names more of them."""
    account = FailingAccount()
    count = 5 * MOST_CONTACTS
    delivered(outbox(tagged(count, "vip")), account, max_in_flight=count, batch_size=count)
    assert max(len(contacts) for _, contacts, _ in account.tag_calls) == MOST_CONTACTS
    assert all(fields["tags"] == ["vip"] for fields in account.contacts.values())


@pytest.mark.parametrize("max_in_flight", [1, 16])
def test_three_sets_of_tags_cost_few_calls(max_in_flight: int) -> None:
    """A first sync of 400 contacts with three sets of tags takes at most 1.05 calls for each, and then one."""
    account, sets = FailingAccount(), (("vip",), ("new", "b2b"), ("vip", "b2b", "eu"))
    contacts = [Contact({"email": f"p{number}@example.com"}, add_tags=sets[number % 3]) for number in range(400)]
    state = MemoryState()
    first = delivered(outbox(contacts, state), account, max_in_flight=max_in_flight, batch_size=500)
    assert first == Counts(read=400, created=400)
    assert account.calls <= 1.05 * 400
    assert all(len(fields["tags"]) == len(sets[number % 3]) for number, fields in enumerate(account.contacts.values()))
    account.calls = 0
    delivered(outbox(contacts, state), account, max_in_flight=max_in_flight, batch_size=500)
    assert account.calls == 400


@dataclass
class DistantAccount(FailingAccount):
    """An account at a distance: each call takes 50 ms, and the calls of tags wait until `answers_tags` is set."""

    answers_tags: asyncio.Event = field(default_factory=asyncio.Event)

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        await asyncio.sleep(0.05)
        return await super().upsert_contact(fields)

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> MemoryTagsAnswer:
        await self.answers_tags.wait()
        await asyncio.sleep(0.05)
        return await super().update_tags(kind, contact_ids, tags)


def test_a_row_that_waits_for_its_tags_holds_no_slot() -> None:
    """Delivery with tags takes at most 1.1 times as long as without: other rows are sent meanwhile."""
    seconds = []
    for tags in ((), ("vip",)):
        time, account = VirtualTime(), DistantAccount()
        account.answers_tags.set()
        run = outbox(tagged(320, *tags))
        began_at = time.seconds
        time.run_inline(deliver(run, account, max_in_flight=8, batch_size=500))
        seconds.append(time.seconds - began_at)
        assert run.counts() == Counts(read=320, created=320)
    assert seconds[0] == pytest.approx(320 / 8 * 0.05, rel=0.02)
    assert seconds[1] <= 1.1 * seconds[0]


def test_the_rows_that_wait_for_their_tags_have_a_bound() -> None:
    """As long as no change of tags is answered, only so many rows are sent, and the rest follows when they are."""
    time, account, run = VirtualTime(), DistantAccount(), outbox(tagged(500, "vip"))

    async def deliver_when_told() -> int:
        delivery = asyncio.create_task(deliver(run, account, max_in_flight=16, batch_size=500))
        await asyncio.sleep(60)
        sent = len(account.received)
        account.answers_tags.set()
        await delivery
        return sent

    assert time.run_inline(deliver_when_told()) == MOST_WAITING + 16
    assert run.counts() == Counts(read=500, created=500)
    assert all(fields["tags"] == ["vip"] for fields in account.contacts.values())


def test_mixed_needs_take_a_call_for_each_tag_where_that_is_fewer() -> None:
    """Three sets of two tags are two calls, not three."""
    contacts = [
        Contact({"email": f"{index}@example.com"}, add_tags=tags)
        for index, tags in enumerate([("vip",), ("new",), ("vip", "new")])
    ]
    account = FailingAccount()
    delivered(outbox(contacts), account, max_in_flight=6)
    assert sorted(tag for _, _, tags in account.tag_calls for tag in tags) == ["new", "vip"]
    assert {index: sorted(account.tags_of(f"{index}@example.com")) for index in range(3)} == {
        0: ["vip"],
        1: ["new"],
        2: ["new", "vip"],
    }


def test_tags_that_the_api_refuses_are_a_remark() -> None:
    """The contact was written nevertheless, so its outcome stays, with the reason beside it."""
    account = account_with()
    account.untaggable.add(account.id_of("p0@example.com"))
    run = outbox(tagged(2, "vip"))
    assert delivered(run, account) == Counts(read=2, created=1, updated=1, not_kept=1)
    assert [(each.code, each.message) for each in run.outcomes["0"].not_kept] == [("tags_refused", "contact is locked")]
    assert run.outcomes["1"].not_kept == ()
    assert account.tags_of("p1@example.com") == ["vip"]


def test_a_refused_change_of_tags_is_a_remark_on_each_contact() -> None:
    """All contacts that share the call get the reason, and they were written nevertheless."""
    run = outbox(tagged(3, "vip"))
    error = RefusedError("no", call=CALL, status=422, reasons=("tags must be an array",))
    assert delivered(run, FailingAccount(tag_error=error)) == Counts(read=3, created=3, not_kept=3)
    assert [each.not_kept[0].message for each in run.outcomes.values()] == ["tags must be an array"] * 3


def test_rows_whose_tags_got_no_answer_stay_in_the_outbox() -> None:
    """The next attempt sends them again, and all that share the call get their tags."""
    run = outbox(tagged(3, "vip"))
    error: LeadwayError = UnavailableError("no answer", call=CALL, maybe_received=True)
    account = FailingAccount(tag_error=error)
    with pytest.raises(UnavailableError):
        delivered(run, account)
    assert run.counts() == Counts(read=3, pending=3)
    account.tag_error = None
    assert delivered(run, account) == Counts(read=3, updated=3)
    assert all(fields["tags"] == ["vip"] for fields in account.contacts.values())
