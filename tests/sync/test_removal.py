"""Rows that leave, over a state store and an account in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.rules import ContactRules
from leadway_provider.exceptions import (
    AuthenticationError,
    ConfigurationError,
    LeadwayError,
    RefusedError,
    UnavailableError,
)
from leadway_provider.sync.outcome import REMOVED, UNREMOVED, Counts, Outcome
from leadway_provider.sync.plan import plan
from leadway_provider.sync.removal import Leavers, RemovalPolicy, find_leavers, remove
from tests.sync.memory import Columns, MemoryAccount, MemoryRemovals, MemoryStore, TagsAnswer
from tests.sync.test_plan import Row, delivered

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"
DELETE = RemovalPolicy("delete", max_removed=1000)
TAG = RemovalPolicy("tag", ("left",), max_removed=1000)
UNTAG = RemovalPolicy("untag", ("customer",), max_removed=1000)
CALL = "DELETE /contacts/{contactId}"
LOCKED = RefusedError("no", call=CALL, status=422, reasons=("contact is locked",))
UNREACHABLE = UnavailableError("no answer", call=CALL, maybe_received=True)
WRONG_TOKEN = AuthenticationError("wrong token", call=CALL, status=401)


class Sync:
    """Runs one sync over one result after the other."""

    def __init__(self, policy: RemovalPolicy = DELETE, rules: ContactRules | None = None) -> None:
        self.store = MemoryStore()
        self.account = MemoryAccount()
        self.policy = policy
        self.mapping: Any = Columns(rules or ContactRules())
        self.told: list[int] = []

    def plan(self, rows: Sequence[Row]) -> Leavers:
        """Plan and seal."""
        self.store.start()
        found = plan(
            [rows],
            key=["id"],
            mapping=self.mapping,
            store=self.store,
            claims=self.store,
            again=lambda: [rows],
            removal=self.policy,
        )
        removals = MemoryRemovals(self.store)
        left = find_leavers(self.policy, removals, read=found.counts.read, is_present=found.is_present)
        self.store.seal(found.counts)
        return left

    def remove(self, max_in_flight: int = 4) -> Counts:
        """Treat the contacts of the rows that left."""
        removing = remove(
            MemoryRemovals(self.store),
            self.account,
            self.policy,
            max_in_flight=max_in_flight,
            on_acknowledged=lambda removals: self.told.append(len(removals)),
        )
        asyncio.run(removing)
        self.store.counts.verify()
        return self.store.counts

    def run(self, *rows: Row) -> Counts:
        """A whole run."""
        self.plan(rows)
        delivered(self.store, self.account)
        return self.remove()

    def outcome(self, key: str) -> str:
        """What became of a row."""
        return self.store.rows[key].outcome


def people(*numbers: int) -> list[Row]:
    """A row for each number."""
    return [(number, f"p{number}@example.com") for number in numbers]


def test_the_contact_of_a_row_that_left_is_deleted() -> None:
    """The row is settled, the others stay, and the next run has nothing to do for it."""
    sync = Sync()
    sync.run((1, ANN), (2, BOB))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.account.deleted == [ANN]
    assert sync.outcome("1") == REMOVED
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1)


def test_nothing_is_done_unless_asked_for() -> None:
    """By default rows may come and go."""
    sync = Sync(RemovalPolicy())
    sync.run((1, ANN), (2, BOB))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1)
    assert (sync.account.deleted, sync.account.tag_calls) == ([], [])


@pytest.mark.parametrize(("policy", "kind", "tag"), [(TAG, "add", "left"), (UNTAG, "remove", "customer")])
def test_tags_of_contacts_change_in_bulk(policy: RemovalPolicy, kind: str, tag: str) -> None:
    """Hundred contacts are one call, and no contact is deleted."""
    sync = Sync(policy)
    sync.account.tags = {f"p{number}@example.com": ["customer"] for number in range(251)}
    sync.run(*people(*range(251)))
    assert sync.run(*people(0)) == Counts(read=1, unchanged=1, removed=250)
    assert [(each, tags) for each, _, tags in sync.account.tag_calls] == [(kind, [tag])] * 3
    assert sorted(len(contacts) for _, contacts, _ in sync.account.tag_calls) == [50, 100, 100]
    assert sync.account.tags["p0@example.com"] == ["customer"]
    assert {tag in tags for email, tags in sync.account.tags.items() if email != "p0@example.com"} == {kind == "add"}
    assert sync.account.deleted == []


def test_no_more_deletions_are_in_flight_than_allowed() -> None:
    """The bound holds, and is used; each round is acknowledged before the next one begins."""
    sync = Sync()
    sync.run(*people(*range(12)))
    sync.account.most_in_flight = 0
    sync.plan(people(0))
    assert sync.remove(max_in_flight=3).removed == 11
    assert sync.account.most_in_flight == 3
    assert sync.told == [3, 3, 3, 2]


@pytest.mark.parametrize(
    ("most", "left", "fails"),
    [(2, 2, False), (2, 3, True), (0.2, 2, False), (0.2, 3, True), (0.29, 2, False), (0.3, 3, False), (0, 1, True)],
)
def test_more_than_allowed_is_an_error_before_anything_is_done(
    most: float,
    left: int,
    fails: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A whole number counts rows, below 1 it is a share of those that hold a contact; exactly so many may leave."""
    sync = Sync(RemovalPolicy("delete", max_removed=most))
    sync.run(*people(*range(10)))
    present = people(*range(left, 10))
    if not fails:
        assert sync.run(*present).removed == left
        return
    with pytest.raises(ConfigurationError, match=rf"^{left} of 10 rows .* max_removed is {most}, .* keys: 0"):
        sync.plan([*present, (99, "new@example.com")])
    assert not sync.store.sealed
    assert len(sync.store.leaving) <= 2


def test_the_error_says_what_to_do_and_holds_no_contact() -> None:
    """The first keys are told, five at most, and what may be wrong."""
    sync = Sync(RemovalPolicy("tag", ("left",)))
    sync.run(*people(*range(50)))
    with pytest.raises(ConfigurationError) as caught:
        sync.plan(people(0))
    said = str(caught.value)
    assert said.startswith("49 of 50 rows that hold a contact")
    assert "which allows 2." in said
    assert "The first keys: 1, 2, 3, 4, 5. Check the query" in said
    assert "on_removed='tag'" in said
    assert "raise max_removed" in said
    assert "@" not in said


def test_rows_that_have_left_before_do_not_count() -> None:
    """Neither as leaving again, nor in what a share is of."""
    sync = Sync(RemovalPolicy("tag", ("left",), max_removed=0.25))
    sync.run(*people(*range(8)))
    assert sync.run(*people(*range(2, 8))).removed == 2
    assert sync.run(*people(*range(3, 8))).removed == 1
    with pytest.raises(ConfigurationError, match=r"^2 of 5 rows"):
        sync.plan(people(5, 6, 7))


def test_an_empty_result_removes_nothing() -> None:
    """A query that returned nothing tells nothing of who left."""
    sync = Sync()
    sync.run((1, ANN))
    assert sync.plan([]) == Leavers()
    assert sync.store.leaving == {}
    assert sync.run((2, BOB)).removed == 1


def test_a_row_that_never_had_a_contact_costs_nothing() -> None:
    """Invalid, refused and superseded rows may leave unnoticed."""
    sync = Sync()
    sync.account.failing[EVE] = LOCKED
    sync.run((1, ANN), (2, "not a contact"), (3, EVE), (4, ANN))
    assert sync.run((1, ANN)) == Counts(read=1, unchanged=1)


def test_only_contacts_that_the_sync_created_are_deleted() -> None:
    """One that it came to is left alone for good, and told."""
    sync = Sync()
    sync.account.received.append(ANN)  # somebody made the contact before
    sync.run((1, ANN), (2, BOB), (3, EVE))
    assert sync.plan([(3, EVE)]) == Leavers(found=1, foreign=1)
    assert sync.remove().removed == 1
    assert sync.account.deleted == [BOB]
    assert sync.outcome("1") == Outcome.UPDATED


def test_contacts_that_the_sync_only_updated_are_tagged() -> None:
    """Tags do no harm that can't be undone."""
    sync = Sync(TAG)
    sync.account.received.append(ANN)
    sync.run((1, ANN), (2, BOB))
    assert sync.run((2, BOB)).removed == 1
    assert sync.account.tags[ANN] == ["left"]


@pytest.mark.parametrize("rule", ["separate", "invalid", "send"])
@pytest.mark.parametrize("policy", [DELETE, TAG])
def test_a_contact_that_another_row_stands_on_is_left_alone(policy: RemovalPolicy, rule: Any) -> None:
    """Two rows share an e-mail; when the one that held it leaves, the other one has the contact. Then that one goes."""
    sync = Sync(policy, ContactRules(on_shared_identity=rule))
    sync.run((1, ANN), (2, ANN), (3, BOB))
    assert sync.run((2, ANN), (3, BOB)).removed == 1
    assert (sync.account.deleted, sync.account.tag_calls) == ([], [])
    assert sync.outcome("1") == REMOVED
    assert sync.run((2, ANN), (3, BOB)) == Counts(read=2, unchanged=2)
    assert sync.run((3, BOB)).removed == 1
    assert sync.account.deleted == ([ANN] if policy is DELETE else [])
    assert sync.account.tags.get(ANN) == (["left"] if policy is TAG else None)


@pytest.mark.parametrize("rule", ["separate", "invalid", "send"])
def test_a_key_that_changes_is_no_row_that_left(rule: Any) -> None:
    """The same person under another key keeps the contact, which is still known to be of this sync's making."""
    sync = Sync(DELETE, ContactRules(on_shared_identity=rule))
    sync.run((1, ANN), (3, BOB))
    assert sync.run((2, ANN), (3, BOB)) == Counts(read=2, updated=1, unchanged=1, removed=1)
    assert sync.account.deleted == []
    assert sync.run((3, BOB)).removed == 1
    assert sync.account.deleted == [ANN]


def test_a_waiting_row_that_leaves_takes_nothing_with_it() -> None:
    """A superseded row whose first contact was its own loses that one, and not the one it waited for."""
    sync = Sync()
    sync.run((1, ANN), (2, BOB))
    sync.run((1, ANN), (2, ANN))
    assert sync.outcome("2") == Outcome.SUPERSEDED
    assert sync.run((1, ANN)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.account.deleted == [BOB]


def test_rows_that_leave_one_contact_together_are_one_call() -> None:
    """Neither of them stands in the other's way."""
    sync = Sync(rules=ContactRules(on_shared_identity="send"))
    sync.run((1, ANN), (2, ANN), (3, BOB))
    assert sync.run((3, BOB)).removed == 2
    assert sync.account.deleted == [ANN]


def test_what_the_row_held_is_free() -> None:
    """A row that left holds no e-mail any more: another key gets it, and no claim is left behind."""
    sync = Sync()
    sync.run((1, ANN, HOME), (2, BOB))
    sync.run((2, BOB))
    assert {claim.row_id for claim in sync.store.claimed} == {2}
    assert sync.run((2, BOB), (3, ANN, HOME)) == Counts(read=2, unchanged=1, created=1)


def test_a_row_that_comes_back_is_sent() -> None:
    """As a new contact where the old one was deleted, and it may leave again."""
    sync = Sync()
    sync.run((1, ANN), (2, BOB))
    sync.run((2, BOB))
    assert sync.run((1, ANN), (2, BOB)) == Counts(read=2, unchanged=1, created=1)
    assert sync.run((2, BOB)).removed == 1
    assert sync.account.deleted == [ANN, ANN]


def test_a_row_that_comes_back_is_sent_even_if_removing_it_was_not_acknowledged() -> None:
    """From the seal on the contact may be gone, so a run that plans anew takes nothing for unchanged."""
    sync = Sync()
    sync.run((1, ANN), (2, BOB))
    sync.plan([(2, BOB)])
    assert sync.run((1, ANN), (2, BOB)) == Counts(read=2, unchanged=1, updated=1)


@pytest.mark.parametrize("key", [1, 9])
def test_a_row_that_comes_back_loses_the_tag(key: int) -> None:
    """Under its own key or another one; who never had the tag costs no call."""
    sync = Sync(TAG)
    sync.run((1, ANN), (2, BOB))
    sync.run((2, BOB))
    assert sync.account.tags[ANN] == ["left"]
    sync.account.tag_calls.clear()
    sync.run((key, ANN), (2, BOB, HOME))
    assert sync.account.tag_calls == [("remove", [f"id of {ANN}"], ["left"])]


def test_a_row_that_comes_back_and_is_refused_at_first_loses_the_tag_later() -> None:
    """The tag goes whenever the row is delivered, whatever happened in between."""
    sync = Sync(TAG)
    sync.run((1, ANN), (2, BOB))
    sync.run((2, BOB))
    sync.account.failing[ANN] = LOCKED
    assert sync.run((1, ANN), (2, BOB)).refused == 1
    sync.account.failing.clear()
    sync.run((1, ANN), (2, BOB))
    assert sync.account.tags[ANN] == []


@pytest.mark.parametrize("policy", [DELETE, TAG])
def test_a_refusal_is_told_and_tried_again(policy: RemovalPolicy) -> None:
    """The row is rejected, the others are done, and the next run tries it once more."""
    sync = Sync(policy)
    sync.run(*people(1, 2, 3))
    sync.account.undeletable["id of p1@example.com"] = LOCKED
    sync.account.untaggable.add("id of p1@example.com")
    counts = sync.run(*people(3))
    assert (counts.removed, counts.unremoved, counts.rejected) == (1, 1, 1)
    assert sync.outcome("1") == UNREMOVED
    sync.account.undeletable.clear()
    sync.account.untaggable.clear()
    assert sync.run(*people(3)) == Counts(read=1, unchanged=1, removed=1)


def test_a_refused_call_about_tags_tells_all_its_contacts() -> None:
    """Nobody is taken for done."""

    class Failing(MemoryAccount):
        async def update_tags(self, kind: str, contact_ids: Sequence[str], tags: Sequence[str]) -> TagsAnswer:
            raise RefusedError("no", call=CALL, status=422, reasons=("tags must be an array",))

    sync = Sync(TAG)
    sync.account = Failing()
    sync.run(*people(1, 2, 3))
    assert sync.run(*people(3)) == Counts(read=1, unchanged=1, unremoved=2)


@pytest.mark.parametrize("said", ["Contact not found", "Contact with id abc not found", "contact is deleted"])
def test_a_contact_that_is_gone_is_done(said: str) -> None:
    """Merged or deleted by somebody else: there is nothing left to remove."""
    sync = Sync()
    sync.run((1, ANN), (2, BOB))
    sync.account.undeletable[f"id of {ANN}"] = RefusedError("no", call=CALL, status=400, reasons=(said,))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.store.rows["1"].contact_id is None


def test_a_contact_that_can_not_be_reached_costs_the_others_nothing() -> None:
    """Its row stays in the outbox, all others are treated, and the retry goes on with it alone."""
    sync = Sync()
    sync.run(*people(*range(9)))
    sync.plan(people(0))
    sync.account.undeletable["id of p2@example.com"] = UNREACHABLE
    with pytest.raises(UnavailableError):
        sync.remove(max_in_flight=2)
    assert sync.store.counts.removed == 7
    assert len(sync.store.leaving) == 1
    sync.account.undeletable.clear()
    assert sync.remove() == Counts(read=1, unchanged=1, removed=8)


def test_an_outage_ends_it_early() -> None:
    """When a whole round fails, no other one is begun."""
    sync = Sync()
    sync.run(*people(*range(20)))
    sync.plan(people(0))
    tried: list[str] = []

    async def unreachable(contact_id: str) -> None:
        tried.append(contact_id)
        raise UNREACHABLE

    sync.account.delete_contact = unreachable  # type: ignore[method-assign]  # the account goes out of reach
    with pytest.raises(UnavailableError):
        sync.remove(max_in_flight=3)
    assert len(tried) == 3


def test_a_wrong_token_stops_it_after_the_calls_in_flight() -> None:
    """What was answered is acknowledged, and nothing more is sent."""
    sync = Sync()
    sync.run(*people(*range(20)))
    sync.plan(people(0))
    sync.account.undeletable["id of p2@example.com"] = WRONG_TOKEN
    with pytest.raises(AuthenticationError):
        sync.remove(max_in_flight=3)
    assert sync.store.counts.removed == len(sync.account.deleted) == 2


RESULTS = st.lists(
    st.dictionaries(st.integers(1, 5), st.sampled_from([ANN, BOB, EVE, "not a contact"]), min_size=1, max_size=5),
    min_size=1,
    max_size=6,
)


@given(RESULTS, st.sampled_from(["separate", "send"]), st.sampled_from([ANN, BOB, None]), st.integers(1, 3))
def test_who_is_in_the_source_is_in_the_account(
    results: list[dict[int, str]], rule: Any, unreachable: str | None, in_flight: int
) -> None:
    """Over any results, and whatever call fails once: nobody who is in the source lacks a contact, or has the tag."""
    for policy in (DELETE, TAG):
        sync = Sync(policy, ContactRules(on_shared_identity=rule))
        for result in results:
            sync.plan(list(result.items()))
            delivered(sync.store, sync.account)
            errors: list[tuple[str, LeadwayError]] = [(f"id of {unreachable}", UNREACHABLE)] if unreachable else []
            sync.account.undeletable = dict(errors)
            try:
                sync.remove(in_flight)
            except UnavailableError:
                sync.account.undeletable.clear()
                sync.remove(in_flight)
            there = {email for email in result.values() if "@" in email}
            assert there <= set(sync.account.received)
            assert not any("left" in sync.account.tags.get(email, []) for email in there)
            assert not sync.store.leaving
