"""Phone numbers, as E.164: the one number that a text can mean in its country, or none where it can mean two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias
from uuid import UUID

from leadway_provider.contacts.plain_phone import is_normal, plain_number
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import lines

_LENGTH: Final = 100
_NO_PHONES: Final = (bool, date, time, timedelta, UUID)
"""Types whose digits are not a phone number's."""

_ROUNDED: Final = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+", re.ASCII)
_DECIMAL: Final = re.compile(r"(\+?\d+)[.,](\d+)", re.ASCII)
_AREA_CODE: Final = 6
"""The most digits of an area code with its trunk prefix. Where more come before a dot, it may begin decimals."""
_LABEL: Final = re.compile(r"[^+\d]*")
_EXTENSION: Final = re.compile(
    r"(?<=[\d\s),;.-])(?:;ext=|ext(?:ensi[oó]n|n)?|xtn|x|#|anexo|int|durchwahl|dw|poste|доб)[\s:.=]*\d{1,8}\s*[)\]#]?",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_TOUCHING: Final = re.compile(r"\d[^\W\d_]|[^\W\d_]\d")
_KEYPAD: Final = re.compile(r"\+?[\d\s().-]*[A-Za-z]+(?:[\s.-]+[A-Za-z]+)*[\d\s().-]*", re.ASCII)
"""A number whose letters are one word or phrase, as in 1-800-FLOWERS."""
_KEYPAD_LETTERS: Final = 3
_BETWEEN_NUMBERS: Final = re.compile(r"[;,|&/\\\n\t]|(?<=\d)(?=[^\d+]*\+)")
_NEXT_ZERO: Final = re.compile(r"(?<=\d)\s+(?=0)")
"""Where a second national number can begin without anything between it and the first."""
_ONE_NUMBER: Final = re.compile(r"\+?(?:[\d\s()\[\]\uff08\uff09\uff0e\uff0d\u2010-\u2015\u2212\u00b7_-]|\.(?!\.))*")
"""What one number is made of. Anything else, such as the stars of a masked number, makes it another one."""
_TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_FOREIGN: Final = re.compile(r"[^+\d]*(?:\+|00)")
"""The beginning of a number with its country code. 00 counts as a plus sign even if its region dials another prefix."""

_Reading: TypeAlias = tuple[str, str | None]
"""The kind of a reading, and the E.164 number that it gives, if it gives one."""


def phone(value: object, region: str | None) -> str | None:
    """Return the number in E.164, such as +12025550123; None for a blank. Extensions, which E.164 lacks, are cut off.

    A number that is written with its country code must be possible in that country. A number whose country is taken
    from `region` must be valid there, so that a foreign number does not become the number of another person.

    Args:
        value: the number as the database has it, in digits or any common notation.
        region: two-letter country of a number without a country code; None where it is not known.

    Raises:
        UnfitError: the number is impossible, has two readings, or its country is not known.
    """
    if isinstance(value, _NO_PHONES):
        raise UnfitError("type_unsupported")
    written = lines(value)
    if written is None:
        return None
    if is_normal(written):
        return written
    is_negative = isinstance(value, (int, float, Decimal)) and written.startswith("-")
    if len(written) > _LENGTH or is_negative:
        raise UnfitError("phone_impossible")
    return plain_number(written, region) or _parsed(written, region)


@lru_cache(maxsize=8192)
def _parsed(written: str, region: str | None) -> str:
    if _ROUNDED.fullmatch(written):
        raise UnfitError("ambiguous", "It can be a number that ends with zeros, or one whose last digits were cut off.")
    bare = _without_extension(_LABEL.sub("", _in_ascii(_whole(written)), count=1))
    return _of_words(bare, region) if _WORD.search(bare) else _of_digits(bare, region)


def _in_ascii(written: str) -> str:
    """Return the text without format characters, and with digits and a plus sign of ASCII."""
    if written.isascii():
        return written
    seen = (character for character in written if unicodedata.category(character) != "Cf")
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in seen).replace("\uff0b", "+")


def _whole(written: str) -> str:
    """Return a number that was a float before it was text without its decimals."""
    found = _DECIMAL.fullmatch(written)
    if not found:
        return written
    if not found[2].strip("0"):
        return found[1]
    if len(found[1]) > _AREA_CODE:
        raise UnfitError("ambiguous", "It can be a number with decimals, or a phone number with a dot or comma in it.")
    return written


def _without_extension(bare: str) -> str:
    for found in _EXTENSION.finditer(bare):
        if found.end() == len(bare):
            return bare[: found.start()].rstrip(" ,;.-([")
    return bare


def _of_words(bare: str, region: str | None) -> str:
    """Return the number of a text with letters: they are a remark beside it, or letters of a keypad within it."""
    parts = [part for part in _WORD.split(bare) if re.search(r"\d", part)]
    if len(parts) > 1 and _is_complete(parts[0], region):
        raise _two_numbers()
    readings: list[_Reading] = []
    if len(parts) == 1 and not _TOUCHING.search(bare):
        readings.append(("a number with a word beside it", _attempt(parts[0], region)))
    letters = [character for character in bare.lower() if character.isalpha()]
    if _KEYPAD.fullmatch(bare) and len(letters) >= _KEYPAD_LETTERS and {*letters} != {"x"}:
        import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

        dialled = phonenumbers.convert_alpha_characters_in_number(bare)
        readings.append(("a number with letters of a keypad", _attempt(dialled, region, valid=True)))
    return _only(readings, region, bare)


def _of_digits(bare: str, region: str | None) -> str:
    parts = [part for part in _BETWEEN_NUMBERS.split(bare) if re.search(r"\d", part)]
    halves = [(bare[: gap.start()], bare[gap.end() :]) for gap in _NEXT_ZERO.finditer(bare)]
    if (len(parts) > 1 and _is_complete(parts[0], region)) or any(
        _is_complete(first, region) and _is_complete(second, region) for first, second in halves
    ):
        raise _two_numbers()
    one = bare.replace("/", " ")  # between area code and number
    if not _ONE_NUMBER.fullmatch(one):
        raise UnfitError("phone_impossible")
    return _only(_readings(one.strip(), region), region, one)


def _attempt(bare: str, region: str | None, *, valid: bool = False) -> str | None:
    try:
        found = _of_digits(bare, region)
    except UnfitError:
        return None
    return found if not valid or _is_valid(found) else None


def _is_complete(part: str, region: str | None) -> bool:
    """Return True if a part of a text is a valid number, so that another number can follow it."""
    part = part.strip(" .-")
    if not _ONE_NUMBER.fullmatch(part):
        return False
    return any(found and _is_valid(found) for _, found in _readings(part, region))


def _two_numbers() -> UnfitError:
    return UnfitError("ambiguous", "It can be one phone number or two of them.")


def _only(readings: Iterable[_Reading], region: str | None, bare: str) -> str:
    """Return the number that all possible readings give; of different ones only valid numbers count.

    Raises:
        UnfitError: there is none, or more than one.
    """
    by_number: dict[str, str] = {}
    for kind, found in readings:
        if found:
            by_number.setdefault(found, kind)
    if len(by_number) > 1:
        by_number = {found: kind for found, kind in by_number.items() if _is_valid(found)} or by_number
    if len(by_number) > 1:
        raise UnfitError("ambiguous", f"It can be {' or '.join(by_number.values())}.")
    if by_number:
        return next(iter(by_number))
    is_national = re.search(r"\d", bare) and not _FOREIGN.match(bare)
    raise UnfitError("phone_region_unknown" if is_national and not _calling_code(region) else "phone_impossible")


def _readings(one: str, region: str | None) -> Iterable[_Reading]:
    """Return every reading of the text of one number."""
    if _FOREIGN.match(one):
        without_zero = _TRUNK_ZERO.sub("", one)
        yield "an international number", _international(without_zero)
        if without_zero != one:
            yield "an international number with the zero in brackets", _international(one)
        if not one.startswith("+"):
            yield "a number as it is dialled in its country", _e164(one, region)
        return
    yield "a national number", _e164(one, region)
    code = _calling_code(region)
    if code and re.sub(r"\D", "", one).startswith(code) and (found := _international(one)) and _is_valid(found):
        yield "an international number without its plus sign", found


def _international(one: str) -> str | None:
    return _e164("+" + re.sub(r"\D", "", one).lstrip("0"), None)


def _e164(one: str, region: str | None) -> str | None:
    """Return the number, which must be possible if it has a country code, and valid if `region` gives it one."""
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    try:
        found = phonenumbers.parse(one, known, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    source = phonenumbers.CountryCodeSource
    is_stated = found.country_code_source in (source.FROM_NUMBER_WITH_PLUS_SIGN, source.FROM_NUMBER_WITH_IDD)
    is_possible = phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not is_possible or not (is_stated or phonenumbers.is_valid_number(found)):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _is_valid(e164: str) -> bool:
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    return phonenumbers.is_valid_number(phonenumbers.parse(e164))


def _calling_code(region: str | None) -> str | None:
    """Return the digits of a region's country code; None for a region that has none."""
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    code = phonenumbers.country_code_for_region(region) if region else 0
    return str(code) if code else None
