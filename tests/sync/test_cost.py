"""What a plan costs, against numbers that are worked out by hand."""

from __future__ import annotations

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.cost import CallCounter, GrantedQuota, removal_calls

QUOTA = GrantedQuota(calls=100, seconds=10.0, left=1_000, daily=200_000)


def test_full_speed_is_the_calls_of_a_window_each_window() -> None:
    """100 calls in 10 s: 2,500 calls take 250 s."""
    assert QUOTA.duration(2_500) == 250.0


@pytest.mark.parametrize(("calls", "days"), [(0, 1), (1_000, 1), (1_001, 2), (201_000, 2), (201_001, 3)])
def test_calls_that_today_has_no_quota_for_need_further_days(calls: int, days: int) -> None:
    """Today what is left; from tomorrow on the whole quota."""
    assert QUOTA.days(calls) == days


def test_what_is_left_to_others_is_missing_on_each_day() -> None:
    """900 of today's 1,000 calls, and 199,900 of tomorrow's."""
    mine = QUOTA.without(100)
    assert [mine.days(calls) for calls in (900, 901, 900 + 199_900, 900 + 199_901)] == [1, 2, 2, 3]


def test_days_are_unknown_where_no_call_is_granted() -> None:
    """All is left to others, or the account does not say its daily quota."""
    assert QUOTA.without(200_000).days(1) is None
    assert GrantedQuota(100, 10.0, left=5, daily=None).days(6) is None
    assert GrantedQuota(100, 10.0, left=None, daily=None).days(6) == 1


def test_contacts_with_the_same_tags_share_calls() -> None:
    """150 contacts need 2 calls for their tags, and one with other tags its own."""
    counter = CallCounter()
    for number in range(150):
        counter.add(Contact({"email": f"p{number}@example.com"}, add_tags=("b", "a")), by_id=False)
    counter.add(Contact({"email": "other@example.com"}, add_tags=("a",), remove_tags=("b",)), by_id=False)
    assert (counter.contact_calls, counter.tag_calls) == (151, 2 + 2)


def test_only_some_sets_of_tags_are_remembered() -> None:
    """Each contact with a set of its own is a call, however many there are."""
    counter = CallCounter()
    for number in range(10_100):
        counter.add(Contact({}, add_tags=(f"t{number}",)), by_id=False)
    assert counter.tag_calls == 10_100


def test_a_company_name_of_a_contact_that_exists_is_a_call_more() -> None:
    """Unless the account was found to have it already."""
    company = Contact({"email": "p@example.com", "companyName": "Example"})
    known = Contact(company.fields, differing=frozenset({"email"}))
    renamed = Contact(company.fields, differing=frozenset({"companyName"}))
    for contact, by_id, calls in ((company, False, 1), (company, True, 2), (known, True, 1), (renamed, True, 2)):
        counter = CallCounter()
        counter.add(contact, by_id=by_id)
        assert counter.contact_calls == calls


def test_departed_rows_are_deleted_one_by_one_and_tagged_together() -> None:
    """A call deletes one contact, and tags 100."""
    assert removal_calls(RemovalPolicy("delete"), 150) == 150
    assert removal_calls(RemovalPolicy("tag", ("left",)), 150) == 2
    assert removal_calls(RemovalPolicy("tag", ("left",)), 0) == 0
