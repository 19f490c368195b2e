"""E-mail addresses and phone numbers."""

from __future__ import annotations

import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from leadway_provider.contacts import identity
from leadway_provider.contacts.reasons import UnfitError


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  Ada.Lovelace@Example.COM ", "ada.lovelace@example.com"),
        ("ada+news@mail.example.com", "ada+news@mail.example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("zoë@münchen.de", "zoë@münchen.de"),
        (b"ada@example.com", "ada@example.com"),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_trimmed_and_small(written: object, expected: str | None) -> None:
    """An address goes out in the API's own form: trimmed and in small letters."""
    assert identity.email(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada..l@example.com",
        "ada@example..com",
        "ada@-example.com",
        "ada@example.c0m1.1",
        "Ada <ada@example.com>",
        "ada@example.com, bo@example.com",
        "ada @example.com",
        "ada@localhost",
        "ada@shop.invalid",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 300 + ".com",
        12,
    ],
)
def test_malformed_addresses(written: object) -> None:
    """What can't receive mail is malformed."""
    with pytest.raises(UnfitError) as caught:
        identity.email(written)
    assert caught.value.code == "email_malformed"


LABELS = st.text("abz09_+-.", min_size=1, max_size=12)
TOPS = st.sampled_from(
    ["com", "c", "c0m", "local", "test", "onion", "arpa", "invalid", "localhost", "museum", "xn--p1ai"]
)


@settings(max_examples=150, deadline=None)
@given(local=LABELS, repeat=st.integers(1, 8), domain=st.lists(st.text("az09-", min_size=1, max_size=5)), top=TOPS)
def test_the_short_way_agrees_with_the_library(local: str, repeat: int, domain: list[str], top: str) -> None:
    """Whatever is taken without asking email-validator is an address that it takes, unchanged."""
    address = f"{local * repeat}@{'.'.join([*domain, top])}"
    if identity._PLAIN_EMAIL.fullmatch(address):
        assert validate_email(address, check_deliverability=False, strict=True).normalized == address


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
    ],
)
def test_one_number_in_all_its_notations(written: object, region: str | None) -> None:
    """However a warehouse writes a number, it goes out in E.164."""
    assert identity.phone(written, region) == "+12025550123"


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
    ],
)
def test_numbers_that_are_none(written: str, region: str | None, code: str) -> None:
    """An impossible number is told from one that only lacks its country; a guessed one must be valid."""
    with pytest.raises(UnfitError) as caught:
        identity.phone(written, region)
    assert caught.value.code == code


def test_a_blank_is_no_number() -> None:
    """A blank stays a blank."""
    assert identity.phone(" ", "US") is None


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    national=st.text("0123456789", min_size=4, max_size=13),
)
def test_the_short_way_agrees_with_phonenumbers(code: int, national: str) -> None:
    """Whatever is taken without parsing is what parsing it gives."""
    written = f"+{code}{national}"
    if identity._E164.fullmatch(written) and identity._is_settled(written):
        assert identity._parsed(written, None) == written
