"""E-mail addresses."""

from __future__ import annotations

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
        ("User@XN--mnchen-3ya.de", "user@xn--mnchen-3ya.de"),
        ("o'hara@xn--mnchen-3ya.de", "o'hara@xn--mnchen-3ya.de"),
        ("ada@example.com\u200b", "ada@example.com"),
        ("\ufeffada@example.com\u2060 ", "ada@example.com"),
        (b"ada@example.com", "ada@example.com"),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_trimmed_and_in_lower_case(written: object, expected: str | None) -> None:
    """An address is sent in the form in which the API keeps it."""
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
        "ada\u200b@example.com",
        "ada@localhost",
        "ada@shop.invalid",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 300 + ".com",
        12,
    ],
)
def test_malformed_addresses(written: object) -> None:
    """A text that is not an address, or can't receive mail, is refused."""
    with pytest.raises(UnfitError) as caught:
        identity.email(written)
    assert caught.value.code == "email_malformed"


LABELS = st.text("abz09_+-.", min_size=1, max_size=12)
TOPS = st.sampled_from(
    ["com", "c", "c0m", "local", "test", "onion", "arpa", "invalid", "localhost", "museum", "xn--p1ai"]
)


@settings(max_examples=150, deadline=None)
@given(local=LABELS, repeat=st.integers(1, 8), domain=st.lists(st.text("az09-", min_size=1, max_size=5)), top=TOPS)
def test_the_fast_check_of_addresses_agrees_with_the_library(
    local: str, repeat: int, domain: list[str], top: str
) -> None:
    """An address that passes the fast check is one that email-validator returns unchanged."""
    address = f"{local * repeat}@{'.'.join([*domain, top])}"
    if identity._PLAIN_EMAIL.fullmatch(address):
        assert validate_email(address, check_deliverability=False, strict=True).normalized == address
