"""Numbers and money: one reading is sent, two are withheld."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.number import DecimalSeparator, number
from leadway_provider.contacts.reasons import UnfitError


def code_of(value: object) -> str:
    """Return the code with which the value is refused."""
    with pytest.raises(UnfitError) as caught:
        number(value, decimal_separator=None)
    return caught.value.code


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
        ("1.234,50", 1234.5),
        ("1.234,5 €", 1234.5),
        ("R$ 1.500,00", 1500),
        ("US$5", 5),
        ("USD 5", 5),
        ("5 EUR", 5),
        ("CHF 1'200.50", 1200.5),
        ("1 200,50", 1200.5),
        ("1\u202f200", 1200),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("₹1,20,000.50", 120000.5),
        ("1,200.500", 1200.5),
        ("1.200,500", 1200.5),
        ("1,20", 1.2),
        ("0,125", 0.125),
        ("0.125", 0.125),
        ("1234.567", 1234.567),
        (",500", 0.5),
        ("1.", 1),
        ("007", 7),
        ("(1,200.00)", -1200),
        ("1,200.00-", -1200),
        ("$-5", -5),
        ("\u22125", -5),
        ("1.500e3", 1500),
        (1.5, 1.5),
        (Decimal("1.500"), 1.5),
        (b"\x01", 1),
        (b"7", 7),
        (2**53, 2**53),
        (Decimal("1E-400"), 0),
        ("", None),
        (None, None),
    ],
)
def test_numbers(value: object, expected: float | None) -> None:
    """Numbers are sent as JSON numbers, as integers if they are whole."""
    found = number(value, decimal_separator=None)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1,234,50", "number_malformed"),
        ("1.2.3", "number_malformed"),
        ("1,2,3", "number_malformed"),
        ("--5", "number_malformed"),
        ("(-5)", "number_malformed"),
        ("$5 EUR", "number_malformed"),
        ("ABC 5", "number_malformed"),
        ("5 apples", "number_malformed"),
        ("1\n200", "number_malformed"),
        (".", "number_malformed"),
        ("$", "number_malformed"),
        ("9" * 15_000 + "x", "number_malformed"),
        ("9" * 15_000, "number_too_large"),
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
def test_not_a_number(value: object, code: str) -> None:
    """A number that is malformed, not finite or not exact is refused."""
    assert code_of(value) == code


@pytest.mark.parametrize(
    ("written", "with_dot", "with_comma"),
    [
        ("1,200", 1200, 1.2),
        ("$1,200", 1200, 1.2),
        ("€3.000", 3, 3000),
        ("£1.500", 1.5, 1500),
        ("1.500 EUR", 1.5, 1500),
        ("-12.345", -12.345, -12345),
        ("(999,999)", -999999, -999.999),
    ],
)
def test_two_readings_are_withheld_without_a_hint(written: str, with_dot: float, with_comma: float) -> None:
    """A single separator before three digits groups thousands or begins decimals; `decimal_separator` says which."""
    with pytest.raises(UnfitError) as caught:
        number(written, decimal_separator=None)
    assert caught.value.code == "ambiguous"
    assert "thousands" in caught.value.detail
    assert "decimals" in caught.value.detail
    assert not any(character.isdigit() for character in caught.value.detail)
    assert number(written, decimal_separator=".") == with_dot
    assert number(written, decimal_separator=",") == with_comma


@pytest.mark.parametrize("written", ["(1,2)", "(1,50)", "(1, 2)", "(1234,5678)"])
def test_a_pair_of_numbers_is_withheld_without_a_hint(written: str) -> None:
    """A point and a composite value of PostgreSQL are written as a negative amount with a decimal comma is."""
    with pytest.raises(UnfitError) as caught:
        number(written, decimal_separator=None)
    assert (caught.value.code, "a pair" in caught.value.detail) == ("ambiguous", True)
    assert number("(1,50)", decimal_separator=",") == number("(1,50 €)", decimal_separator=None) == -1.5


@pytest.mark.parametrize("separator", [None, ".", ","])
@pytest.mark.parametrize("written", ["1.200,50", "1,200.50", "1200.5", "1200,5", "1 200.5"])
def test_a_hint_changes_nothing_where_one_reading_is_possible(written: str, separator: DecimalSeparator | None) -> None:
    """As with dates, the hint is used only where it is needed."""
    assert number(written, decimal_separator=separator) == 1200.5


def test_percent_is_withheld() -> None:
    """Fifty percent may be 50 or 0.5."""
    assert code_of("50%") == "ambiguous"


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_both_ways_of_writing_an_amount_give_it(value: Decimal) -> None:
    """An amount with two decimals has one reading, however its groups and decimals are separated."""
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(".,", ",."))
    assert number(english, decimal_separator=None) == number(german, decimal_separator=None) == float(value)
