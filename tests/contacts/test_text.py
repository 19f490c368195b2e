"""Plain values: text, numbers, yes and no, time zones and web addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from leadway_provider.contacts import text
from leadway_provider.contacts.reasons import UnfitError


def code_of(convert: Callable[[object], object], value: object) -> str:
    """The code with which the value is refused."""
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
    ],
)
def test_text_of_every_sql_type(value: object, expected: str | None) -> None:
    """A value becomes the same text whichever database hands it over in whichever type."""
    assert text.text(value) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("\ud800", "text_not_unicode"),
        ("Ada\x00", "text_not_unicode"),
        (b"\xff", "text_not_unicode"),
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
def test_what_is_no_text(value: object, code: str) -> None:
    """What can't be written as Unicode text is refused with its own code, never with a crash."""
    assert code_of(text.text, value) == code


def test_a_json_columns_value_is_json_text_in_a_free_text_field() -> None:
    """A driver that parses JSON columns gives the same text as one that doesn't."""
    assert text.free_text({"plan": "gold", "cities": ["Zürich"]}) == '{"plan": "gold", "cities": ["Zürich"]}'
    assert text.free_text([]) is None
    assert text.free_text({}) is None
    assert code_of(text.free_text, [object()]) == "type_unsupported"
    assert code_of(text.free_text, ["\ud800"]) == "text_not_unicode"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (True, 1),
        (12.5, 12.5),
        (12.0, 12),
        (Decimal("12.50"), 12.5),
        (Decimal("100.00"), 100),
        (" 12.50 ", 12.5),
        ("-3", -3),
        ("+.5", 0.5),
        ("1e3", 1000),
        ("$1,234.50", 1234.5),
        ("-$1,234,567.89", -1234567.89),
        ("€ 5", 5),
        (b"7", 7),
        (2**53, 2**53),
        (Decimal("1E-400"), 0),
        ("", None),
        (None, None),
    ],
)
def test_bare_numbers(value: object, expected: float | None) -> None:
    """Numbers go out bare, whole where they are whole."""
    found = text.number(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1,234", "number_malformed"),
        ("1.234,50", "number_malformed"),
        ("12 apples", "number_malformed"),
        ("1_000", "number_malformed"),
        ("٣", "number_malformed"),
        ("NaN", "number_malformed"),
        (float("inf"), "number_not_finite"),
        (Decimal("NaN"), "number_not_finite"),
        (Decimal("sNaN"), "number_not_finite"),
        (2**53 + 1, "number_too_large"),
        pytest.param(10**5000, "number_too_large", id="endless"),
        ("1e400", "number_too_large"),
        (Decimal("1E+999999"), "number_too_large"),
        ([1], "type_unsupported"),
    ],
)
def test_what_is_no_number(value: object, code: str) -> None:
    """An ambiguous, endless or inexact number is refused rather than guessed."""
    assert code_of(text.number, value) == code


@pytest.mark.parametrize("value", [True, 1, 1.0, Decimal(1), "t", "TRUE", " Yes ", "y", "on", "1", b"1", b"\x01"])
def test_yes_as_databases_write_it(value: object) -> None:
    """Every database's yes is true."""
    assert text.boolean(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, Decimal("0.0"), "f", "False", "N", "no", "OFF", "0", b"0", b"\x00"])
def test_no_as_databases_write_it(value: object) -> None:
    """Every database's no is false."""
    assert text.boolean(value) is False


def test_blank_and_malformed_booleans() -> None:
    """A blank is no answer, and any other word is refused."""
    assert text.boolean(" ") is None
    assert text.boolean(b"") is None
    assert code_of(text.boolean, 2) == "boolean_malformed"
    assert code_of(text.boolean, "perhaps") == "boolean_malformed"


def test_time_zones_are_found_without_case() -> None:
    """A time zone is written as IANA writes it; what only some machines know is none."""
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
def test_web_addresses_stay_as_written(value: str) -> None:
    """A web address is checked, trimmed, and not rewritten."""
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
        "\x01example.com",
        "http://-example.com",
        "1.2.3.4",
        "a." * 200 + "example",
    ],
)
def test_what_is_no_web_address(value: str) -> None:
    """What a browser could not open is refused."""
    assert code_of(text.website, value) == "website_malformed"
