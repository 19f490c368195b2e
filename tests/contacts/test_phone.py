"""Phone numbers: one reading is sent, two are withheld."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadway_provider.contacts.phone import _parsed, phone
from leadway_provider.contacts.plain_phone import is_normal, plain_number
from leadway_provider.contacts.reasons import UnfitError


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("+12025550123", None),
        ("+1 (202) 555-0123", None),
        ("+1 202.555.0123 ext. 7", None),
        ("001 202 555 0123", None),
        ("00 1 202 555 0123", "DE"),
        ("00 1 202 555 0123", "US"),
        ("0011 1 202 555 0123", "AU"),
        ("011 1 202 555 0123", "US"),
        ("(202) 555-0123", "US"),
        ("1-202-555-0123", "CA"),
        (12025550123, "US"),
        (2025550123.0, "US"),
        ("202 555 0123", "US"),
        ("202.555.0123", "US"),
        ("202/555-0123", "US"),
        ("(+1) 202 555 0123", None),
        ("+1 (0) 202 555 0123", None),
        ("+001 202 555 0123", None),
        ("tel:+12025550123", None),
        ("Home: 202 555 0123", "US"),
        ("202 555 0123 (home)", "US"),
        ("202-555-0123x45", "US"),
        ("202-555-0123 #45", "US"),
        ("+12025550123;ext=45", None),
        ("'2025550123", "US"),
        ("2025550123.0", "US"),
        ("2025550123.00", "US"),
        ("2025550123,0", "US"),
        ("+12025550123.0", None),
        (Decimal("2025550123.00"), "US"),
        (b"2025550123", "US"),
        ("\u202a+1 202\u200e 555 0123\u202c", None),
        ("\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13", None),
        ("0012025550123", "KR"),
    ],
)
def test_one_number_in_all_notations(written: object, region: str | None) -> None:
    """All notations of a number give the same E.164 number."""
    assert phone(written, region) == "+12025550123"


@pytest.mark.parametrize(
    ("written", "region", "code"),
    [
        ("202 555 0123", None, "phone_region_unknown"),
        ("202 555 0123", "AN", "phone_region_unknown"),
        ("12345", "US", "phone_impossible"),
        ("+1 555 0123", None, "phone_impossible"),
        ("+999 12345678", None, "phone_impossible"),
        ("000-000-0000", "US", "phone_impossible"),
        ("(11) 91234-5678", "US", "phone_impossible"),
        ("1 000 555 0123", "DE", "phone_impossible"),
        ("unknown", "US", "phone_impossible"),
        ("+", None, "phone_impossible"),
        ("1" * 5000, "US", "phone_impossible"),
        ("+" + "1" * 40, None, "phone_impossible"),
        ("+49 30 12345***", None, "phone_impossible"),
        ("+49 30 12345...", None, "phone_impossible"),
        ("+49 30 12345??", None, "phone_impossible"),
        ("+49 30 12345xxx", None, "phone_impossible"),
        ("O2O 7946 O958", "GB", "phone_impossible"),
        ("4f2e5a7b9c", "DE", "phone_impossible"),
        (-2025550123, "US", "phone_impossible"),
        (True, "US", "type_unsupported"),
        (date(1990, 9, 25), "DE", "type_unsupported"),
        (datetime(1990, 9, 25, 8, tzinfo=UTC), "DE", "type_unsupported"),
        (UUID(int=4930123456), "DE", "type_unsupported"),
    ],
)
def test_not_a_number(written: object, region: str | None, code: str) -> None:
    """An impossible number and a number without a country have different codes."""
    with pytest.raises(UnfitError) as caught:
        phone(written, region)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("written", "region", "kinds"),
    [
        ("4915112345678", "DE", ("national", "international")),
        (4915112345678, "DE", ("national", "international")),
        ("49 151 12345678", "DE", ("national", "international")),
        ("491722931234", "DE", ("national", "international")),
        ("491722931234.0", "DE", ("national", "international")),
        ("62812345678", "ID", ("national", "international")),
        ("3.9061234567E11", "IT", ("zeros", "cut off")),
        ("3.012345678e+09", "DE", ("zeros", "cut off")),
        ("3012345678.5", "DE", ("decimals", "dot")),
        (3012345678.5, "DE", ("decimals", "dot")),
        ("+49 30 1234567/68", None, ("one", "two")),
        ("030 1234567 / 68", "DE", ("one", "two")),
        ("2025550123;2025550124", "US", ("one", "two")),
        ("2025550123, 2025550124", "US", ("one", "two")),
        ("2025550123 / 2025550124", "US", ("one", "two")),
        ("2025550123 or 2025550124", "US", ("one", "two")),
        ("2025550123\n2025550124", "US", ("one", "two")),
        ("+12025550123 +12025550124", None, ("one", "two")),
        ("+12025550123 - +12025550124", None, ("one", "two")),
        ("030 12345 030 12346", "DE", ("one", "two")),
        ("030 1234567 Anna", "DE", ("word", "keypad")),
    ],
)
def test_two_readings_are_withheld(written: object, region: str | None, kinds: tuple[str, str]) -> None:
    """The reason names the kinds of both readings, and no digit of the number."""
    with pytest.raises(UnfitError) as caught:
        phone(written, region)
    assert caught.value.code == "ambiguous"
    assert all(kind in caught.value.detail for kind in kinds)
    assert not any(character.isdigit() for character in caught.value.detail)


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("3012345678.0", "DE", "+493012345678"),
        ("+61412345678.0", None, "+61412345678"),
        ("+919876543210.0", None, "+919876543210"),
        ("442079460958", "GB", "+442079460958"),
        ("919876543210", "IN", "+919876543210"),
        ("9198765432", "IN", "+919198765432"),
        ("390612345678", "IT", "+390612345678"),
        ("3912345678", "IT", "+393912345678"),
        ("5511987654321", "BR", "+5511987654321"),
        ("04915112345678", "DE", "+494915112345678"),
        ("030/1234567", "DE", "+49301234567"),
        ("+49 30 / 1234567", None, "+49301234567"),
        ("030.12345678", "DE", "+493012345678"),
        ("+49 30 1234567-0", None, "+493012345670"),
        ("030 1234 0567", "DE", "+493012340567"),
        ("01 42 68 53 00", "FR", "+33142685300"),
        ("+36 (0)1 234 5678", None, "+3612345678"),
        ("+39 (0)6 69812345", None, "+390669812345"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1-800-4MY-TAXI", "US", "+18004698294"),
    ],
)
def test_where_one_reading_is_possible_it_is_taken(written: str, region: str | None, expected: str) -> None:
    """What looks like another reading gives no valid number."""
    assert phone(written, region) == expected


@pytest.mark.parametrize("written", [" ", "\u200b", None, b""])
def test_a_blank_number(written: object) -> None:
    """A text without a visible character is a blank."""
    assert phone(written, "US") is None


@settings(max_examples=200, deadline=None)
@example(national="4915112345678", region="DE")
@given(national=st.text("0123456789", min_size=6, max_size=13), region=st.sampled_from(["DE", "ID", "AT", "US", "IN"]))
def test_digits_never_become_one_of_two_numbers(national: str, region: str) -> None:
    """Digits that are a valid number both with and without their country code in front are withheld."""
    code = str(phonenumbers.country_code_for_region(region))
    readings = [f"+{code}{national}", *([f"+{national}"] if national.startswith(code) else [])]
    parsed = [phonenumbers.parse(each) for each in readings]
    e164 = phonenumbers.PhoneNumberFormat.E164
    valid = {phonenumbers.format_number(each, e164) for each in parsed if phonenumbers.is_valid_number(each)}
    if len(valid) > 1 and not national.startswith("0"):
        with pytest.raises(UnfitError) as caught:
            phone(national, region)
        assert caught.value.code == "ambiguous"


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    national=st.text("0123456789", min_size=4, max_size=13),
)
def test_the_fast_check_of_numbers_agrees_with_the_library(code: int, national: str) -> None:
    """A number that passes the fast check is one that parsing returns unchanged."""
    written = f"+{code}{national}"
    if is_normal(written):
        assert _parsed(written, None) == written


_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@st.composite
def _written_numbers(draw: st.DrawFn) -> tuple[str, str | None]:
    """A number that is near to a valid one of some region, in some notation, and the region that it is read in."""
    region = draw(st.sampled_from(["US", "CA", "GB", "DE", "FR", "AU", "IN", "BR", "IT", *_REGIONS]))
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    example = phonenumbers.example_number_for_type(region, draw(st.sampled_from(kinds)))
    national = str(example.national_number) if example else "12345678"
    changes = draw(st.lists(st.tuples(st.integers(0, len(national) - 1), st.sampled_from("0123456789")), max_size=4))
    digits = list(national)
    for position, digit in changes:
        digits[position] = digit
    code = str(phonenumbers.country_code_for_region(region))
    before = draw(st.sampled_from(["", "", "0", "1", "8", "00", "011", code, f"+{code}", f"+{code}0"]))
    written = before + "".join(digits)[draw(st.integers(0, 1)) :] + draw(st.sampled_from(["", "", "7", "0"]))
    for _ in range(draw(st.integers(0, 4))):
        gap = draw(st.integers(0, len(written)))
        written = written[:gap] + draw(st.sampled_from([" ", "-", ".", "(", ")", ") ", " ("])) + written[gap:]
    return written.strip(), draw(st.sampled_from([region, region, None, "US", "GG"]))


@settings(max_examples=500, deadline=None)
@given(_written_numbers())
def test_plain_numbers_are_what_a_whole_parse_makes_of_them(written: tuple[str, str | None]) -> None:
    """Every number that is read by the metadata alone is the one that the library's parse returns."""
    if found := plain_number(*written):
        assert _parsed(*written) == found


@pytest.mark.parametrize(
    "written", ["+12025550123", "(202) 555-0123", "202-555-0123", "202.555.0123", "1 202 555 0123"]
)
def test_usual_notations_need_no_whole_parse(written: str) -> None:
    """The notations of most numbers are read by the metadata alone."""
    assert plain_number(written, "US") == "+12025550123"
