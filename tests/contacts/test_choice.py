"""Tags, options and lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadway_provider.contacts.choice import by_name, items, option, selection, tags
from leadway_provider.contacts.reasons import UnfitError

PLANS = by_name(["Gold", "Silver Plus", "Yes, please"])


@pytest.mark.parametrize(
    "value",
    [
        ["VIP", "new lead"],
        ("VIP", " new lead ", None, ""),
        {"VIP", "new lead"},
        '["VIP", "new lead"]',
        "VIP, new lead",
        "VIP;new lead;",
        "VIP | new lead",
        "VIP\nnew lead\n",
        '{VIP,"new lead",NULL}',
        b"VIP,new lead",
    ],
)
def test_a_list_in_all_its_notations(value: object) -> None:
    """SQL arrays, JSON lists, delimited texts and written PostgreSQL arrays give the same list."""
    assert items(value) == ["VIP", "new lead"]


def test_only_the_first_kind_of_delimiter_splits() -> None:
    """A name may hold a comma where the list is divided otherwise."""
    assert items("Doe, Jane; Roe, Richard") == ["Doe, Jane", "Roe, Richard"]


def test_items_need_not_be_text() -> None:
    """Numbers and booleans in a JSON list are written as text."""
    assert items([1, 2.5, True]) == ["1", "2.5", "true"]
    assert items("[1, 2.5, true, null]") == ["1", "2.5", "true"]


@pytest.mark.parametrize("value", [None, "", " ", [], "[]", "[null]", [None, ""], ",,", set()])
def test_a_list_of_nothing_is_blank(value: object) -> None:
    """An empty list says nothing."""
    assert items(value) is None


def test_square_brackets_need_not_be_json() -> None:
    """A tag may stand in brackets."""
    assert items("[vip], [new]") == ["[vip]", "[new]"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([["a"]], "list_malformed"),
        ("[[1]]", "list_malformed"),
        ('{"a": 1}', "list_malformed"),
        ({"a": 1}, "type_unsupported"),
        (["\ud800"], "text_not_unicode"),
        ([b"\xff"], "text_not_unicode"),
    ],
)
def test_what_is_no_list(value: object, code: str) -> None:
    """Nested lists and objects are no lists of texts."""
    with pytest.raises(UnfitError) as caught:
        items(value)
    assert caught.value.code == code


def test_endlessly_nested_json_is_text() -> None:
    """JSON nested deeper than Python reads is no crash."""
    assert items("[" * 100_000) == ["[" * 100_000]


def test_tags_are_small_and_single() -> None:
    """Tags go out in the API's own form, each once."""
    assert tags("VIP, vip, New") == ["vip", "new"]
    assert tags([]) is None


def test_an_option_is_sent_as_the_account_writes_it() -> None:
    """Case and spacing of the warehouse don't matter."""
    assert option(" silver  plus", PLANS) == "Silver Plus"
    assert option("", PLANS) is None
    assert option("anything", {}) == "anything"


def test_a_selection_holds_each_option_once() -> None:
    """All kinds of lists select, and an option that holds a comma is found whole."""
    assert selection("gold|GOLD|silver plus", PLANS) == ["Gold", "Silver Plus"]
    assert selection("yes, please", PLANS) == ["Yes, please"]
    assert selection(["yes, please", "gold"], PLANS) == ["Yes, please", "Gold"]
    assert selection(" ", PLANS) is None


@pytest.mark.parametrize("choose", [option, selection])
def test_an_unknown_option_names_what_is_offered(choose: Callable[..., object]) -> None:
    """The reason lists the account's options, and not the value."""
    with pytest.raises(UnfitError) as caught:
        choose("platinum", PLANS)
    assert caught.value.code == "option_unknown"
    assert "'Silver Plus'" in caught.value.detail
    assert "platinum" not in caught.value.detail


def test_a_long_choice_is_cut() -> None:
    """A message stays readable however many options there are."""
    with pytest.raises(UnfitError) as caught:
        option("x", by_name(f"option {number}" for number in range(100)))
    assert caught.value.detail.endswith(", ….")
