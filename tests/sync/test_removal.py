"""What becomes of the contacts of departed rows, over a state store and an account in memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.exceptions import AuthenticationError, RefusedError, UnavailableError
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.sync.outcome import Counts, RowState
from tests.sync.departing import (
    ANN,
    BOB,
    CALL,
    DELETE,
    EVE,
    INVALID,
    LOCKED,
    TAG,
    UNTAG,
    DepartingSync,
    numbered,
)

UNREACHABLE = UnavailableError("no answer", call=CALL, maybe_received=True)
WRONG_TOKEN = AuthenticationError("wrong token", call=CALL, status=401)


def test_the_contact_of_a_departed_row_is_deleted() -> None:
    """The row is removed, the others stay, and the next run has nothing to do for it."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.account.emails() == [BOB]
    assert (sync.row(1).state, sync.row(1).contact_id) == (RowState.REMOVED, None)
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1)


@pytest.mark.parametrize(("policy", "kind", "tag"), [(TAG, "add", "left"), (UNTAG, "remove", "customer")])
def test_tags_of_contacts_change_in_bulk(policy: RemovalPolicy, kind: str, tag: str) -> None:
    """A hundred contacts are one call, and no contact is deleted."""
    sync = DepartingSync(policy)
    sync.run(*numbered(range(251)))
    for contact_id in sync.account.contacts:
        sync.account.edit_contact(contact_id, tags=["customer"])
    assert sync.run(*numbered([0])) == Counts(read=1, unchanged=1, removed=250)
    assert [(each, tags) for each, _, tags in sync.account.tag_calls] == [(kind, [tag])] * 3
    assert sorted(len(contacts) for _, contacts, _ in sync.account.tag_calls) == [50, 100, 100]
    expected = {"add": ["customer", "left"], "remove": []}[kind]
    stays = sync.account.id_of("p0@example.com")
    for contact_id, fields in sync.account.contacts.items():
        assert list(fields.get("tags", ())) == (["customer"] if contact_id == stays else expected)
    assert len(sync.account.contacts) == 251


def test_no_more_deletions_are_in_flight_than_allowed() -> None:
    """The bound holds, and it is used; each round is acknowledged before the next one begins."""
    sync = DepartingSync()
    sync.run(*numbered(range(12)))
    sync.account.most_in_flight = 0
    sync.plan(*numbered([0]))
    assert sync.remove(max_in_flight=3)["removed"] == 11
    assert sync.account.most_in_flight == 3
    assert sync.rounds == [3, 3, 3, 2]


def test_contacts_that_the_sync_only_updated_are_tagged() -> None:
    """Tags can be removed again."""
    sync = DepartingSync(TAG)
    sync.account.add_contact(email=ANN)
    sync.run((1, ANN), (2, BOB))
    assert sync.run((2, BOB))["removed"] == 1
    assert sync.account.tags_of(ANN) == ["left"]


@pytest.mark.parametrize("rule", ["separate", "invalid", "send"])
@pytest.mark.parametrize("policy", [DELETE, TAG])
def test_a_contact_that_another_row_is_on_is_left_as_it_is(policy: RemovalPolicy, rule: Any) -> None:
    """Two rows share an e-mail: the contact is treated only when both have departed."""
    sync = DepartingSync(policy, ContactRules(on_shared_identity=rule))
    sync.run((1, ANN), (2, ANN), (3, BOB))
    sync.run((2, ANN), (3, BOB))
    assert sync.account.emails() == [ANN, BOB]
    assert not any(kind == "add" for kind, _, _ in sync.account.tag_calls)
    assert sync.row(1).state is RowState.REMOVED
    assert sync.run((2, ANN), (3, BOB)) == Counts(read=2, unchanged=2)
    assert sync.run((3, BOB))["removed"] == 1
    if policy is DELETE:
        assert sync.account.emails() == [BOB]
    else:
        assert sync.account.tags_of(ANN) == ["left"]


@pytest.mark.parametrize("rule", ["separate", "invalid", "send"])
def test_a_person_whose_key_changes_keeps_the_contact(rule: Any) -> None:
    """The same person under another key is on the same contact, which still counts as created by this sync."""
    sync = DepartingSync(DELETE, ContactRules(on_shared_identity=rule))
    sync.run((1, ANN), (3, BOB))
    contact_id = sync.account.id_of(ANN)
    counts = sync.run((2, ANN), (3, BOB))
    assert (counts["updated"], counts["unchanged"]) == (1, 1)
    assert sync.row(2).contact_id == sync.account.id_of(ANN) == contact_id
    assert sync.run((3, BOB))["removed"] == 1
    assert sync.account.emails() == [BOB]


def test_a_superseded_row_that_departs_loses_only_its_own_contact() -> None:
    """A superseded row that had a contact of its own loses that one, and not the one of the row that stands for it."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    sync.run((1, ANN), (2, ANN))
    assert sync.row(2).state is RowState.SUPERSEDED
    assert sync.run((1, ANN))["removed"] == 1
    assert sync.account.emails() == [ANN]


def test_rows_that_depart_from_one_contact_together_are_one_call() -> None:
    """They share the contact only with each other."""
    sync = DepartingSync(rules=ContactRules(on_shared_identity="send"))
    sync.run((1, ANN), (2, ANN), (3, BOB))
    assert sync.run((3, BOB))["removed"] == 2
    assert sync.account.emails() == [BOB]
    assert len(sync.account.tried) == 1


def test_the_identities_of_a_removed_row_are_free() -> None:
    """A removed row has no e-mail any more: another key gets it, and no claim is left behind."""
    sync = DepartingSync()
    sync.run((1, ANN, "+12025550101"), (2, BOB))
    sync.run((2, BOB))
    assert {row_id for _, row_id in sync.state.claims} == {sync.row(2).row_id}
    assert sync.run((2, BOB), (3, ANN, "+12025550101")) == Counts(read=2, unchanged=1, created=1)


def test_a_row_that_comes_back_is_sent() -> None:
    """It gets a new contact where the old one was deleted, and it may depart again."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    sync.run((2, BOB))
    assert sync.run((1, ANN), (2, BOB)) == Counts(read=2, unchanged=1, created=1)
    assert sync.run((2, BOB))["removed"] == 1
    assert len(sync.account.deleted) == 2


def test_a_row_that_comes_back_is_sent_even_if_its_removal_was_not_acknowledged() -> None:
    """From the seal on its contact may be gone, so a run that plans anew does not count it as unchanged."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    sync.plan((2, BOB))
    assert sync.run((1, ANN), (2, BOB)) == Counts(read=2, unchanged=1, updated=1)


@pytest.mark.parametrize("key", [1, 9])
def test_a_row_that_comes_back_loses_the_tag(key: int) -> None:
    """That holds under its own key and another one; a contact that never had the tag costs no call."""
    sync = DepartingSync(TAG)
    sync.run((1, ANN), (2, BOB))
    sync.run((2, BOB))
    assert sync.account.tags_of(ANN) == ["left"]
    sync.account.tag_calls.clear()
    sync.run((key, ANN), (2, BOB, "+12025550101"))
    assert sync.account.tag_calls == [("remove", [sync.account.id_of(ANN)], ["left"])]
    assert sync.account.tags_of(ANN) == []


def test_a_row_that_comes_back_and_is_refused_at_first_loses_the_tag_later() -> None:
    """The tag is removed whenever the row is delivered, whatever happened in between."""
    sync = DepartingSync(TAG)
    sync.run((1, ANN), (2, BOB))
    contact_id = sync.account.id_of(ANN)
    sync.run((2, BOB))
    sync.account.failing[contact_id] = LOCKED
    assert sync.run((1, ANN), (2, BOB))["refused"] == 1
    assert sync.account.tags_of(ANN) == ["left"]
    sync.account.failing.clear()
    sync.run((1, ANN), (2, BOB))
    assert sync.account.tags_of(ANN) == []


@pytest.mark.parametrize("policy", [DELETE, TAG])
def test_a_refusal_is_recorded_and_tried_again(policy: RemovalPolicy) -> None:
    """The row is rejected, the others are done, and the next run tries it once more."""
    sync = DepartingSync(policy)
    sync.run(*numbered([1, 2, 3]))
    contact_id = sync.account.id_of("p1@example.com")
    sync.account.failing[contact_id] = LOCKED
    sync.account.untaggable.add(contact_id)
    counts = sync.run(*numbered([3]))
    assert (counts["removed"], counts["unremoved"], counts.rejected) == (1, 1, 1)
    assert sync.row(1).state is RowState.UNREMOVED
    assert [(each.code, each.message) for each in sync.row(1).reasons] == [("removal_refused", "contact is locked")]
    sync.account.failing.clear()
    sync.account.untaggable.clear()
    assert sync.run(*numbered([3])) == Counts(read=1, unchanged=1, removed=1)


def test_a_refused_change_of_tags_is_a_refusal_for_each_contact() -> None:
    """None of its rows counts as removed."""
    sync = DepartingSync(TAG)
    sync.run(*numbered([1, 2, 3]))
    sync.account.tag_error = RefusedError("no", call=CALL, status=422, reasons=("tags must be an array",))
    assert sync.run(*numbered([3])) == Counts(read=1, unchanged=1, unremoved=2)


@pytest.mark.parametrize("said", ["Contact not found", "Contact with id abc not found", "contact is deleted"])
def test_a_contact_that_is_gone_is_done(said: str) -> None:
    """Somebody else merged or deleted it: there is nothing left to remove."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    sync.account.failing[sync.account.id_of(ANN)] = RefusedError("no", call=CALL, status=400, reasons=(said,))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.row(1).contact_id is None


@pytest.mark.parametrize("policy", [DELETE, TAG])
def test_a_contact_that_was_merged_into_another_one_is_done(policy: RemovalPolicy) -> None:
    """The account has no contact of that id any more, and the one that it was merged into stays as it is."""
    sync = DepartingSync(policy)
    sync.run((1, ANN), (2, BOB))
    sync.account.merge_contacts(sync.account.id_of(ANN), into=sync.account.id_of(BOB))
    assert sync.run((2, BOB)) == Counts(read=1, unchanged=1, removed=1)
    assert sync.account.emails() == [BOB]
    assert sync.account.tags_of(BOB) == []
    assert sync.row(1).contact_id is None


def test_a_contact_that_can_not_be_reached_holds_back_no_other() -> None:
    """Its row stays in the outbox, all others are treated, and the retry continues with it alone."""
    sync = DepartingSync()
    sync.run(*numbered(range(9)))
    sync.plan(*numbered([0]))
    sync.account.failing[sync.account.id_of("p2@example.com")] = UNREACHABLE
    with pytest.raises(UnavailableError):
        sync.remove(max_in_flight=2)
    assert sync.run_now.counts()["removed"] == 7
    assert sync.waiting == 1
    sync.account.failing.clear()
    assert sync.remove() == Counts(read=1, unchanged=1, removed=8)


def test_a_deletion_whose_answer_was_lost_is_repeated() -> None:
    """The contact is gone, and the repeated call finds that out."""
    sync = DepartingSync()
    sync.run((1, ANN), (2, BOB))
    sync.account.failing[sync.account.id_of(ANN)] = UNREACHABLE
    sync.account.carries_out = True
    sync.plan((2, BOB))
    with pytest.raises(UnavailableError):
        sync.remove()
    assert sync.account.emails() == [BOB]
    sync.account.failing.clear()
    assert sync.remove() == Counts(read=1, unchanged=1, removed=1)


def test_an_outage_ends_it_early() -> None:
    """When a whole round fails, no other one is begun."""
    sync = DepartingSync()
    sync.run(*numbered(range(20)))
    sync.plan(*numbered([0]))
    sync.account.failing = dict.fromkeys(sync.account.contacts, UNREACHABLE)
    with pytest.raises(UnavailableError):
        sync.remove(max_in_flight=3)
    assert len(sync.account.tried) == 3
    assert sync.waiting == 19


def test_a_wrong_token_stops_it_after_the_calls_in_flight() -> None:
    """What was answered is acknowledged, and nothing more is sent."""
    sync = DepartingSync()
    sync.run(*numbered(range(20)))
    sync.plan(*numbered([0]))
    sync.account.failing[sync.account.id_of("p2@example.com")] = WRONG_TOKEN
    with pytest.raises(AuthenticationError):
        sync.remove(max_in_flight=3)
    assert sync.run_now.counts()["removed"] == len(sync.account.deleted) == 2


RESULTS = st.lists(
    st.dictionaries(st.integers(1, 5), st.sampled_from([ANN, BOB, EVE, INVALID]), min_size=1, max_size=5),
    min_size=1,
    max_size=6,
)


@given(RESULTS, st.sampled_from(["separate", "invalid"]), st.sampled_from([ANN, BOB, None]), st.integers(1, 3))
def test_whoever_is_in_the_source_is_in_the_account(
    results: list[dict[int, str]], rule: Any, unreachable: str | None, in_flight: int
) -> None:
    """Over any results, and whatever call fails once: everybody in the source has a contact without the tag."""
    for policy in (DELETE, TAG):
        sync = DepartingSync(policy, ContactRules(on_shared_identity=rule))
        for result in results:
            sync.plan(*result.items())
            sync.deliver()
            if unreachable in sync.account.emails():
                sync.account.failing[sync.account.id_of(str(unreachable))] = UNREACHABLE
            try:
                sync.remove(in_flight)
            except UnavailableError:
                sync.account.failing.clear()
                sync.remove(in_flight)
            sync.account.failing.clear()
            there = {email for email in result.values() if email != INVALID}
            assert there <= set(sync.account.emails())
            assert not any("left" in sync.account.tags_of(email) for email in there)
            assert not sync.waiting
