"""Tags beside the upsert, in as few calls as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import RefusedError, UnavailableError
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.outcome import Counts
from tests.sync.memory import MemoryAccount, TagsAnswer
from tests.sync.test_deliver import delivered, outbox, outcomes

CALL = "POST /contacts/bulk/tags/update/add"


def tagged(count: int, *tags: str) -> list[Contact]:
    """So many people who shall have these tags."""
    return [Contact({"email": f"p{number}@example.com"}, add_tags=tags) for number in range(count)]


def test_tags_are_changed_only_where_the_answer_shows_the_need() -> None:
    """Tags that the contact has are not added, tags it lacks are not removed; case does not matter."""
    contact = Contact({"email": "a@example.com"}, add_tags=("VIP", "New"), remove_tags=("old", "never"))
    account = MemoryAccount(tags={"a@example.com": ["vip", "old"]})
    delivered(outbox([contact]), account)
    assert account.tag_calls == [
        ("add", ["id of a@example.com"], ["New"]),
        ("remove", ["id of a@example.com"], ["old"]),
    ]
    assert account.tags["a@example.com"] == ["vip", "New"]


def test_a_contact_that_has_its_tags_costs_no_call() -> None:
    """What the upsert's answer shows already is left alone."""
    account = MemoryAccount(tags={"p0@example.com": ["vip"]})
    delivered(outbox(tagged(1, "VIP")), account)
    assert account.tag_calls == []


def test_contacts_with_the_same_need_share_calls() -> None:
    """Forty contacts with the same tags take few calls, and every one has its tags."""
    account = MemoryAccount()
    store = outbox(tagged(40, "vip", "new"))
    asyncio.run(deliver(store, account, max_in_flight=16, batch_size=100))
    assert store.counts == Counts(read=40, created=40)
    assert all(sorted(tags) == ["new", "vip"] for tags in account.tags.values())
    assert len(account.tags) == 40
    assert len(account.tag_calls) <= 40 / 5


def test_mixed_needs_take_a_call_for_each_tag_where_that_is_fewer() -> None:
    """Three sets of two tags are two calls, not three."""
    contacts = [
        Contact({"email": f"{index}@example.com"}, add_tags=tags)
        for index, tags in enumerate([("vip",), ("new",), ("vip", "new")])
    ]
    account = MemoryAccount()
    delivered(outbox(contacts), account, max_in_flight=6)
    assert sorted(tag for _, _, tags in account.tag_calls for tag in tags) == ["new", "vip"]
    assert {name: sorted(tags) for name, tags in account.tags.items()} == {
        "0@example.com": ["vip"],
        "1@example.com": ["new"],
        "2@example.com": ["new", "vip"],
    }


def test_tags_that_the_api_refuses_are_a_remark() -> None:
    """The contact was written all the same, so its outcome stays, with the reason beside it."""
    store = outbox(tagged(2, "vip"))
    assert delivered(store, MemoryAccount(untaggable={"id of p1@example.com"})) == Counts(read=2, created=2)
    assert outcomes(store)["0"].not_kept == ()
    assert [(reason.code, reason.message) for reason in outcomes(store)["1"].not_kept] == [
        ("tags_refused", "contact is locked")
    ]


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (RefusedError("no", call=CALL, status=422, reasons=("tags must be an array",)), 0),
        (UnavailableError("no answer", call=CALL, maybe_received=True), 3),
    ],
)
def test_a_tag_call_that_fails_settles_all_who_share_it(error: Exception, left: int) -> None:
    """Refused, it is a remark on each; unanswered, the rows stay in the outbox and are upserted again."""

    class Failing(MemoryAccount):
        async def update_tags(self, kind: str, contact_ids: Sequence[str], tags: Sequence[str]) -> TagsAnswer:
            raise error

    store = outbox(tagged(3, "vip"))
    if left:
        with pytest.raises(UnavailableError):
            delivered(store, Failing())
    else:
        delivered(store, Failing())
        assert all(delivery.not_kept[0].message == "tags must be an array" for delivery in outcomes(store).values())
    assert store.counts.pending == left
