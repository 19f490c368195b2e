"""Plain values: text, booleans, time zones and web addresses."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts import text
from leadway_provider.contacts.reasons import UnfitError

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
"""The flag, of which the last characters are invisible."""


def code_of(convert: Callable[[object], object], value: object) -> str:
    """Return the code with which the value is refused."""
    with pytest.raises(UnfitError) as caught:
        convert(value)
    return caught.value.code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Ada\u00a0", "Ada"),
        ("", None),
        (" \t\n", None),
        (None, None),
        (True, "true"),
        (35061, "35061"),
        (35061.0, "35061"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (Decimal("35061.00"), "35061"),
        (Decimal("12.50"), "12.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
        (b" Ada ", "Ada"),
        (bytearray("Zoë", "utf-8"), "Zoë"),
        (memoryview(b"Ada"), "Ada"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(1990, 9, 25), "1990-09-25"),
        (datetime(1990, 9, 25, 8, tzinfo=UTC), "1990-09-25 08:00:00+00:00"),
        (time(8, 30), "08:30:00"),
        (timedelta(days=1), "24:00:00"),
        ("\u200b", None),
        ("\ufeff \u2060\u00ad", None),
        ("\u3164", None),
        ("\u2800", None),
        ("\u200bAda\ufeff", "Ada"),
        ("\u200f Ada \u00a0\u200e", "Ada"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        (f"A {ENGLAND} \u200b", f"A {ENGLAND}"),
        ("Ada\nLee", "Ada Lee"),
        ("Ada\r\n\tLee", "Ada Lee"),
        (b"\x01", "1"),
        (b"\x00", "0"),
        (memoryview(b"\x01"), "1"),
        (b"\xef\xbb\xbfAda", "Ada"),
    ],
)
def test_text_of_every_sql_type(value: object, expected: str | None) -> None:
    """A value becomes the same text, whatever type the driver returns."""
    assert text.text(value) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("\ud800", "text_not_unicode"),
        ("Ada\x00", "text_not_unicode"),
        (b"\xff", "text_not_unicode"),
        ("Ada\x07", "control_character"),
        ("A\x0bda", "control_character"),
        ("\x1b[31mAda", "control_character"),
        ("O\x92Hara", "control_character"),
        ("Ada\x7f", "control_character"),
        ("\x01", "control_character"),
        (b"\x05", "control_character"),
        (memoryview(b"\xc3"), "text_not_unicode"),
        (float("nan"), "number_not_finite"),
        (Decimal("-Infinity"), "number_not_finite"),
        (Decimal("sNaN"), "number_not_finite"),
        pytest.param(10**5000, "number_too_large", id="endless"),
        (Decimal("1E+5000"), "number_too_large"),
        (Decimal("1E-999999"), "number_too_large"),
        ({"a": 1}, "type_unsupported"),
        (["a"], "type_unsupported"),
        (object(), "type_unsupported"),
    ],
)
def test_not_a_text(value: object, code: str) -> None:
    """A value that can't be written as Unicode text is refused with its code."""
    assert code_of(text.text, value) == code


def test_a_long_text_keeps_its_lines() -> None:
    """Line breaks of every kind become line feeds, tabs stay, and other control characters are refused."""
    assert text.free_lines(" one\r\ntwo\rthree\tfour\n") == "one\ntwo\nthree\tfour"
    assert text.free_lines({"a": 1}) == '{"a": 1}'
    assert code_of(text.free_lines, "one\x0ctwo") == "control_character"


@given(value=st.text() | st.binary())
def test_no_control_character_passes(value: object) -> None:
    """Whatever the text is, no control character is in what is sent, and what is sent is trimmed."""
    for convert, allowed in ((text.text, ""), (text.lines, "\t\n")):
        try:
            found = convert(value)
        except UnfitError:
            continue
        if found is not None:
            assert not {each for each in found if unicodedata.category(each) == "Cc"} - {*allowed}
            assert convert(found) == found
            assert found == text.trimmed(found) != ""


def test_json_in_a_free_text_field() -> None:
    """A driver that parses JSON columns gives the same text as one that doesn't."""
    assert text.free_text({"plan": "gold", "cities": ["Zürich"]}) == '{"plan": "gold", "cities": ["Zürich"]}'
    assert text.free_text([]) is None
    assert text.free_text({}) is None
    assert code_of(text.free_text, [object()]) == "type_unsupported"
    assert code_of(text.free_text, ["\ud800"]) == "text_not_unicode"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([Decimal("1.50"), None, True, 2], "[1.5, null, true, 2]"),
        ([Decimal("1E+2"), Decimal("0.1234567890123456789")], '[100, "0.1234567890123456789"]'),
        ([UUID(int=1), date(2020, 1, 2)], '["00000000-0000-0000-0000-000000000001", "2020-01-02"]'),
        ([datetime(2020, 1, 2, 10, tzinfo=UTC), time(8)], '["2020-01-02 10:00:00+00:00", "08:00:00"]'),
        ({"a": [b"a", timedelta(hours=26)], date(2020, 1, 2): 1}, '{"a": ["a", "26:00:00"], "2020-01-02": 1}'),
        ((1, Decimal("1.5")), "[1, 1.5]"),
        ((), None),
    ],
)
def test_an_array_or_struct_of_any_type(value: object, expected: str | None) -> None:
    """What JSON does not have is a number or the text that it has in a column of its own."""
    assert text.free_text(value) == text.free_lines(value) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([Decimal("NaN")], "number_not_finite"),
        ([Decimal(1), float("nan")], "number_not_finite"),
        ([Decimal("1E+999")], "number_too_large"),
        ([{"a": b"\xe9"}], "text_not_unicode"),
        ({None: Decimal(1)}, "type_unsupported"),
    ],
)
def test_an_array_of_what_has_no_text(value: object, code: str) -> None:
    """It is withheld for the reason that its item has."""
    assert code_of(text.free_text, value) == code


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, Decimal(1), "t", "TRUE", " Yes ", "y", "on", "1", b"1", b"\x01", "\x01", "1.0"]
)
def test_true_in_all_forms(value: object) -> None:
    """Every form in which databases write true is accepted."""
    assert text.boolean(value) is True


@pytest.mark.parametrize(
    "value", [False, 0, 0.0, Decimal("0.0"), "f", "False", "N", "no", "OFF", "0", b"0", b"\x00", "\x00", "0.0"]
)
def test_false_in_all_forms(value: object) -> None:
    """Every form in which databases write false is accepted."""
    assert text.boolean(value) is False


def test_blank_and_malformed_booleans() -> None:
    """A blank is not a boolean, and any other word is refused."""
    assert text.boolean(" ") is None
    assert text.boolean(b"") is None
    assert code_of(text.boolean, 2) == "boolean_malformed"
    assert code_of(text.boolean, "perhaps") == "boolean_malformed"


def test_time_zones_are_found_without_case() -> None:
    """A time zone is sent as IANA writes it, and names of one machine are refused."""
    assert text.timezone(" america/chicago ") == "America/Chicago"
    assert text.timezone("") is None
    assert code_of(text.timezone, "Eastern Standard Time") == "timezone_unknown"
    assert code_of(text.timezone, "localtime") == "timezone_unknown"


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com",
        "HTTP://Example.com/a?b=c#d",
        "example.com",
        "www.example.co.uk:8080/shop",
        "münchen.example",
    ],
)
def test_web_addresses_are_sent_as_written(value: str) -> None:
    """A web address is checked and trimmed, and not changed otherwise."""
    assert text.website(f" {value} ") == value


@pytest.mark.parametrize(
    "value",
    [
        "example",
        "n/a",
        "https://",
        "ftp://example.com",
        "javascript:alert(1)",
        "ada@example.com",
        "https://a:b@example.com",
        "http://[::1",
        "http://example.com:99999",
        "http://exa mple.com",
        "http://-example.com",
        "1.2.3.4",
        "a." * 200 + "example",
    ],
)
def test_not_a_web_address(value: str) -> None:
    """An address that a browser can't open is refused."""
    assert code_of(text.website, value) == "website_malformed"
