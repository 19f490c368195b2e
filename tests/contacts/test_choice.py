"""Tags, options and lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadway_provider.contacts.choice import items, option, options_of, selection, tags
from leadway_provider.contacts.reasons import UnfitError

PLANS = options_of(["Gold", "Silver Plus", "Yes, please"])


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
    """SQL arrays, JSON lists, delimited texts and the text form of PostgreSQL arrays give the same list."""
    assert items(value) == ["VIP", "new lead"]


def test_a_text_is_split_at_one_kind_of_delimiter() -> None:
    """A name may contain a comma if the list has another delimiter."""
    assert items("Doe, Jane; Roe, Richard") == ["Doe, Jane", "Roe, Richard"]


def test_items_need_not_be_text() -> None:
    """Numbers and booleans in a JSON list are written as text."""
    assert items([1, 2.5, True]) == ["1", "2.5", "true"]
    assert items("[1, 2.5, true, null]") == ["1", "2.5", "true"]


@pytest.mark.parametrize("value", [None, "", " ", ",,", "\u200b", b""])
def test_no_text_is_blank(value: object) -> None:
    """A null, and a text without an item, is a blank."""
    assert items(value) is None


@pytest.mark.parametrize("value", [[], (), set(), "[]", "{}", "{ }", b"{}", "[null]", "{NULL}", [None, ""]])
def test_an_empty_array_is_empty(value: object) -> None:
    """An array without a text is not a blank, in whatever form a driver returns it."""
    assert items(value) == []
    assert tags(value) == []
    assert selection(value, PLANS) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"a\\"b",c\\,d,"NULL",null}', ['a"b', "c,d", "NULL", "null"]),
        ('{ "a" , b c }', ["a", "b c"]),
        ("[2:3]={a,b}", ["a", "b"]),
    ],
)
def test_arrays_as_postgresql_writes_them(value: str, expected: list[str]) -> None:
    """Quotes, escapes, NULL and bounds are read as PostgreSQL means them."""
    assert items(value) == expected


def test_a_tag_may_be_written_in_brackets() -> None:
    """A text that begins with a bracket need not be JSON."""
    assert items("[vip], [new]") == ["[vip]", "[new]"]
    assert items("[vip]") == ["[vip]"]
    assert items("new (2026), vip (a)") == ["new (2026)", "vip (a)"]
    assert items('"vip", pipe 5"') == ['"vip"', 'pipe 5"']


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([["a"]], "list_malformed"),
        ("[[1]]", "list_malformed"),
        ('{"a": 1}', "list_malformed"),
        ("{{a,b},{c,d}}", "list_malformed"),
        ("{a,}", "list_malformed"),
        ("['a', 'b']", "list_malformed"),
        ("[a|b]", "list_malformed"),
        ("(a,b)", "list_malformed"),
        ('"a,b",c', "list_malformed"),
        ('a, "b,c"', "list_malformed"),
        pytest.param("{" + " " * 100_000 + "{}", "list_malformed", id="spaces"),
        ({"a": 1}, "type_unsupported"),
        (["\ud800"], "text_not_unicode"),
        ([b"\xff"], "text_not_unicode"),
    ],
)
def test_not_a_list(value: object, code: str) -> None:
    """A nested list, an object and a list in a form of another language are refused with their code."""
    with pytest.raises(UnfitError) as caught:
        items(value)
    assert caught.value.code == code


def test_very_deep_json_is_text() -> None:
    """JSON that is nested deeper than Python can read does not end the run."""
    assert items("[" * 100_000) == ["[" * 100_000]


def test_tags_are_in_lower_case_and_unique() -> None:
    """Tags are sent in the form in which the API keeps them, each once."""
    assert tags("VIP, vip, New") == ["vip", "new"]
    assert tags(" ") is None


def test_an_option_is_sent_as_the_account_writes_it() -> None:
    """Case and spacing of the warehouse make no difference."""
    assert option(" silver  plus", PLANS) == "Silver Plus"
    assert option("", PLANS) is None
    assert option("anything", options_of(())) == "anything"


def test_a_selection_holds_each_option_once() -> None:
    """Every form of a list is accepted, and so is one option that contains a comma."""
    assert selection("gold|GOLD|silver plus", PLANS) == ["Gold", "Silver Plus"]
    assert selection("yes, please", PLANS) == ["Yes, please"]
    assert selection(["yes, please", "gold"], PLANS) == ["Yes, please", "Gold"]
    assert selection(" ", PLANS) is None


def test_a_field_may_take_other_texts() -> None:
    """Where the account allows it, any text is sent as it is, and an option as the account writes it."""
    plans = options_of(["Gold"], are_open=True)
    assert option(" Platinum ", plans) == "Platinum"
    assert option("GOLD", plans) == "Gold"
    assert selection("gold|Platinum", plans) == ["Gold", "Platinum"]


def test_options_that_differ_only_in_case() -> None:
    """As it is written an option is found; in another case it can be two, and is withheld."""
    plans = options_of(["Gold", "gold"])
    assert [option("Gold", plans), option("gold", plans)] == ["Gold", "gold"]
    assert selection("Gold", plans) == ["Gold"]
    with pytest.raises(UnfitError) as caught:
        option("GOLD", plans)
    assert caught.value.code == "ambiguous"


def test_how_a_name_is_composed_makes_no_difference() -> None:
    """Accents as characters of their own, and invisible characters at the ends, name the same option."""
    assert option("Zoe\u0308\u200b", options_of(["Zo\u00eb"])) == "Zo\u00eb"


@pytest.mark.parametrize("choose", [option, selection])
def test_an_unknown_option_is_refused_with_the_list_of_options(choose: Callable[..., object]) -> None:
    """The reason lists the account's options, and not the value."""
    with pytest.raises(UnfitError) as caught:
        choose("platinum", PLANS)
    assert caught.value.code == "option_unknown"
    assert "'Silver Plus'" in caught.value.detail
    assert "platinum" not in caught.value.detail


def test_a_long_list_of_options_is_cut() -> None:
    """A message lists only the first options of a field with very many."""
    with pytest.raises(UnfitError) as caught:
        option("x", options_of(f"option {number}" for number in range(100)))
    assert caught.value.detail.endswith(", ….")
