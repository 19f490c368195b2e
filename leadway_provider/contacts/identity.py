"""The id of a contact, and the e-mail address by which an account matches it."""

from __future__ import annotations

import re
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_PLAIN_EMAIL: Final = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,63}"
)
"""Addresses that email-validator returns unchanged. Most are of this form, and this check is 40 times as fast."""
_CONTACT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EMAIL_LENGTH: Final = 254


def contact_id(value: object) -> str | None:
    """Return the id of a contact, as it is written; None for a blank.

    Raises:
        UnfitError: the value is not 1 to 64 letters, digits, `-` and `_`.
    """
    written = text(value)
    if written is None or _CONTACT_ID.fullmatch(written):
        return written
    raise UnfitError("contact_id_malformed")


def email(value: object) -> str | None:
    """Return the address trimmed and in lower case, as the API keeps it (observed); None for a blank.

    A domain in the form that the domain name system has, such as `xn--mnchen-3ya.de`, stays in it.

    Raises:
        UnfitError: the value is not an e-mail address, or its domain can never receive mail.
    """
    written = text(value)
    if written is None:
        return None
    lowered = written.lower()
    if len(lowered) > _EMAIL_LENGTH:
        raise UnfitError("email_malformed")
    if _PLAIN_EMAIL.fullmatch(lowered):
        return lowered
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    try:
        found = validate_email(lowered, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise UnfitError("email_malformed") from None
    domain = lowered.rpartition("@")[2]
    return f"{found.local_part}@{domain if domain.isascii() else found.domain}".lower()
