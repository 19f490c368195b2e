"""The two fields that an account matches contacts by: e-mail and phone."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_PLAIN_EMAIL: Final = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,63}"
)
"""Addresses that email-validator takes as they are, and most real ones are: checking them costs a fortieth this way."""
_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_EMAIL_LENGTH: Final = 254
_PHONE_LENGTH: Final = 100
_FOREIGN: Final = re.compile(r"\D*00[\D0]*[1-9]", re.ASCII)
"""How a number begins that has the international prefix 00 for the plus, though its region may dial another."""


def email(value: object) -> str | None:
    """The address trimmed and lower-cased, as the API keeps it; None for a blank.

    Raises:
        UnfitError: the address is malformed, or of a domain that never receives mail.
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
        return validate_email(lowered, check_deliverability=False, strict=True).normalized.lower()
    except EmailNotValidError:
        raise UnfitError("email_malformed") from None


def phone(value: object, region: str | None) -> str | None:
    """The number in E.164, such as +12025550123; None for a blank. E.164 has no extensions: they are cut off.

    A number that is written with its country code must be possible there. One whose country is inferred from
    `region` must be valid, so that a foreign number can't turn into somebody else's.

    Args:
        value: the number as the database has it, in digits or any common notation.
        region: two-letter country of a number without a country code; None where nothing tells.

    Raises:
        UnfitError: the number is impossible, or its country unknown.
    """
    written = text(value)
    if written is None:
        return None
    if _E164.fullmatch(written) and _is_settled(written):
        return written
    if len(written) > _PHONE_LENGTH:
        raise UnfitError("phone_impossible")
    return _parsed(written, region)


@lru_cache(maxsize=8192)
def _parsed(written: str, region: str | None) -> str:
    try:
        return _read(written, region)
    except UnfitError:
        if not _FOREIGN.match(written):
            raise
    return _read("+" + written.lstrip("0( -"), None)


def _read(written: str, region: str | None) -> str:
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    try:
        found = phonenumbers.parse(written, known, keep_raw_input=True)
    except phonenumbers.NumberParseException as failure:
        no_country = failure.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        guessed = known is None and not written.startswith(("+", "\uff0b"))
        raise UnfitError("phone_region_unknown" if no_country and guessed else "phone_impossible") from None
    source = phonenumbers.CountryCodeSource
    stated = found.country_code_source in (source.FROM_NUMBER_WITH_PLUS_SIGN, source.FROM_NUMBER_WITH_IDD)
    possible = phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or not (stated or phonenumbers.is_valid_number(found)):
        raise UnfitError("phone_impossible")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _is_settled(written: str) -> bool:
    """Whether parsing could change nothing: the length is possible, and no trunk prefix is left in the number."""
    for digits in (1, 2, 3):
        if settled := _national_forms(int(written[1 : digits + 1])):
            lengths, prefix = settled
            national = written[digits + 1 :]
            return len(national) in lengths and not national.startswith(("0", prefix))
    return False


@cache
def _national_forms(country_code: int) -> tuple[frozenset[int], str] | None:
    """How long that country's numbers are and which digit precedes them at home; None where it is not that simple."""
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(country_code)
    if regions is None:
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])
    prefix = metadata and (metadata.national_prefix_for_parsing or "0")
    if not metadata or not prefix or len(prefix) > 1 or metadata.general_desc is None:
        return None
    return frozenset(metadata.general_desc.possible_length), prefix
