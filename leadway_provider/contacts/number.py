"""Numbers and amounts of money, from SQL numbers and from text as people and warehouses write it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Final, Literal, TypeAlias

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import lines

DecimalSeparator: TypeAlias = Literal[".", ","]

_EXACT: Final = 2**53
"""Larger JSON numbers lose digits in most readers."""
_LONGEST: Final = 400
"""More characters than any number that the API can hold has."""
_SYMBOL: Final = "[$£¥€฿\u20a0-\u20cf]"
_CURRENCY: Final = rf"(?:[A-Z]{{1,2}}{_SYMBOL}|{_SYMBOL}|[A-Z]{{3}})"
_AMOUNT: Final = re.compile(
    rf"(?P<minus>[+\u2212-]?)\s?(?P<before>{_CURRENCY})?\s?(?P<minus_within>[+\u2212-]?)"
    r"(?P<number>[\d.,][\d., \u00a0\u2009\u202f'\u2019]*?)"
    rf"\s?(?P<after>{_CURRENCY})?\s?(?P<minus_behind>[\u2212-]?)",
    re.ASCII,
)
_MACHINE: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d{1,3}", re.ASCII)
_PAIR: Final = re.compile(r"\(\s*\d+,\s*(?!\d{3}\s*\))\d+\s*\)", re.ASCII)
"""What a point, a range or a composite value of two numbers is written as, and a negative amount in some countries."""
_ONE_SEPARATOR: Final = re.compile(r"(\d*)[.,](\d*)", re.ASCII)
_EITHER: Final = re.compile(r"0*[1-9]\d*", re.ASCII)
"""Digits before a single separator that may be grouped thousands, if there are at most three of them."""
_GROUPED: Final = (
    re.compile(r"(\d{1,3}(?:,\d{3}){2,})(?:\.(\d*))?|(\d{1,3},\d{3})\.(\d+)", re.ASCII),
    re.compile(r"(\d{1,3}(?:\.\d{3}){2,})(?:,(\d*))?|(\d{1,3}\.\d{3}),(\d+)", re.ASCII),
    re.compile(r"(\d{1,2}(?:,\d{2})+,\d{3})(?:\.(\d+))?", re.ASCII),  # as in India
    re.compile(r"(\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+)(?:[.,](\d+))?", re.ASCII),
    re.compile(r"(\d{1,3}(?:['\u2019]\d{3})+)(?:[.,](\d+))?", re.ASCII),
)
"""Numbers whose form has one reading: the digits of the whole part in groups, and the decimals."""


def number(value: object, *, decimal_separator: DecimalSeparator | None) -> int | float | None:
    """Return the value as a JSON number, an integer if it is whole; None for a blank.

    Text may have a currency, a minus before or behind it, brackets for a negative amount, and grouped digits. Where it
    can be read in one way only, it is read so: `1.200,50` and `1,200.50` are the same, and `0,5` is a half.

    Args:
        value: the number.
        decimal_separator: what begins the decimals of a text that has two readings, such as `1,200`.

    Raises:
        UnfitError: the value is not a number, has two readings, or is not one that JSON can hold exactly.
    """
    if isinstance(value, (int, Decimal)):
        found: int | Decimal = value
    elif isinstance(value, float):
        found = Decimal(repr(value))
    elif (written := lines(value)) is None:
        return None
    else:
        found = _parsed(written, decimal_separator)
    if isinstance(found, Decimal) and not found.is_finite():
        raise UnfitError("number_not_finite")
    if not -_EXACT <= found <= _EXACT:
        raise UnfitError("number_too_large")
    nearest = float(found)
    return int(nearest) if nearest.is_integer() else nearest


def _parsed(written: str, separator: DecimalSeparator | None) -> Decimal:
    if len(written) > _LONGEST:
        raise UnfitError("number_too_large" if written.isdecimal() else "number_malformed")
    if _MACHINE.fullmatch(written):
        return Decimal(written)
    if written.endswith("%"):
        raise UnfitError("ambiguous", "It can be a number of percent or a share: divide it in SQL, or cut the sign.")
    in_brackets = written.startswith("(") and written.endswith(")")
    if separator is None and _PAIR.fullmatch(written):
        raise UnfitError("ambiguous", "It can be a negative number or a pair of two numbers: set decimal_separator.")
    found = _AMOUNT.fullmatch(written[1:-1].strip() if in_brackets else written)
    if not found:
        raise UnfitError("number_malformed")
    signs = [sign for name in ("minus", "minus_within", "minus_behind") if (sign := found[name])]
    currencies = [currency for name in ("before", "after") if (currency := found[name])]
    if len(signs) + in_brackets > 1 or len(currencies) > 1 or not all(map(_is_currency, currencies)):
        raise UnfitError("number_malformed")
    size = Decimal(_plain(found["number"], separator))
    return -size if in_brackets or (signs and signs[0] != "+") else size


def _plain(written: str, separator: DecimalSeparator | None) -> str:
    """Return digits as Python reads them, without groups and with a dot before decimals."""
    if written.isdecimal():
        return written
    if one := _ONE_SEPARATOR.fullmatch(written):
        return _of_one_separator(written, one[1], one[2], separator)
    for form in _GROUPED:
        if found := form.fullmatch(written):
            whole, *decimals = [part for part in found.groups() if part]
            return f"{re.sub(r'[^0-9]', '', whole)}.{decimals[0] if decimals else 0}"
    raise UnfitError("number_malformed")


def _of_one_separator(written: str, before: str, behind: str, separator: DecimalSeparator | None) -> str:
    if not before and not behind:
        raise UnfitError("number_malformed")
    may_group = len(before) <= 3 and len(behind) == 3 and _EITHER.fullmatch(before)  # noqa: PLR2004 - a group's digits
    if may_group and separator is None:
        raise UnfitError(
            "ambiguous", "It can be a number of thousands or one with three decimals: set decimal_separator."
        )
    if may_group and separator not in written:  # type: ignore[operator]  # it is not None
        return before + behind
    return f"{before or 0}.{behind or 0}"


def _is_currency(written: str) -> bool:
    return not (written.isalpha() and len(written) == len("EUR")) or written in _currencies()


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies  # noqa: PLC0415 - 40 ms that parsing a DAG can't spare

    return frozenset(list_currencies())
