"""Plain values as databases hand them over: text, numbers, yes and no, time zones, web addresses.

Every converter here and beside takes any Python value, gives what the API takes, or None for a blank, and raises
`UnfitError`, and nothing else, for a value that its field can't take. Converting what it gave gives the same again.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

from leadway_provider.contacts.reasons import UnfitError

_DIGITS_AT_MOST: Final = 300
"""More digits than any text field means; Python refuses to write out numbers of some thousands."""
_EXACT: Final = 2**53
"""Beyond this a JSON number loses digits in most readers."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MONEY: Final = re.compile(r"([+-]?)[$€£¥₹]? ?(\d{1,3}(?:,\d{3})+\.\d+|\d+(?:\.\d+)?)", re.ASCII)
_TRUTHS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "\x01"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "\x00"), False),
}
_HOST: Final = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]")
_HOST_LENGTH: Final = 253


def text(value: object) -> str | None:
    """The value as text without surrounding whitespace; None where nothing is left.

    Numbers are written plainly (`12.50` and `12.5` alike are `12.5`), times in ISO form, bytes are read as UTF-8.
    """
    if value is None:
        return None
    found = (value if isinstance(value, str) else _written(value)).strip()
    if not found.isascii():
        _require_unicode(found)
    if "\x00" in found:
        raise UnfitError("text_not_unicode")
    return found or None


def free_text(value: object) -> str | None:
    """Like `text`; what a JSON column holds becomes JSON text again, as databases without a JSON type give it."""
    if isinstance(value, (dict, list)):
        try:
            return text(json.dumps(value, ensure_ascii=False)) if value else None
        except (TypeError, ValueError, RecursionError):
            raise UnfitError("type_unsupported") from None
    return text(value)


def number(value: object) -> int | float | None:
    """The value as a bare JSON number, whole where it is whole.

    Text may carry a currency sign and, before decimals, grouping commas, as PostgreSQL's `money` writes it.
    """
    if isinstance(value, (int, Decimal)):
        found = value
    elif isinstance(value, float):
        found = Decimal(repr(value))
    elif (written := text(value)) is None:
        return None
    elif _NUMBER.fullmatch(written):
        found = Decimal(written)
    elif money := _MONEY.fullmatch(written):
        found = Decimal(money[1] + money[2].replace(",", ""))
    else:
        raise UnfitError("number_malformed")
    if isinstance(found, Decimal) and not found.is_finite():
        raise UnfitError("number_not_finite")
    if not -_EXACT <= found <= _EXACT:
        raise UnfitError("number_too_large")
    nearest = float(found)
    return int(nearest) if nearest.is_integer() else nearest


def boolean(value: object) -> bool | None:
    """Yes or no as databases write it: booleans, 1/0, t/f, true/false, y/n, yes/no, on/off, and one-bit strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        written: str | None = _decoded(value).strip(" ")
    else:
        written = text(value)
    if not written:
        return None
    try:
        return _TRUTHS[written.casefold()]
    except KeyError:
        raise UnfitError("boolean_malformed") from None


def timezone(value: object) -> str | None:
    """The IANA time zone of that name, compared without case."""
    written = text(value)
    if written is None:
        return None
    try:
        return _timezones()[written.casefold()]
    except KeyError:
        raise UnfitError("timezone_unknown") from None


def website(value: object) -> str | None:
    """A web address with a host, as written: `https://example.com/shop` or `example.com`."""
    written = text(value)
    if written is None:
        return None
    if " " in written or not written.isprintable():
        raise UnfitError("website_malformed")
    try:
        parts = urlsplit(written if "://" in written else f"//{written}")
        host, well_formed_port = parts.hostname or "", parts.port != 0
    except ValueError:
        raise UnfitError("website_malformed") from None
    if (
        parts.scheme not in ("", "http", "https")
        or parts.username is not None
        or not well_formed_port
        or len(host) > _HOST_LENGTH
        or not _HOST.fullmatch(host)
    ):
        raise UnfitError("website_malformed")
    return written


@cache
def _timezones() -> dict[str, str]:
    machine_bound = {"localtime", "Factory"}
    return {name.casefold(): name for name in available_timezones() - machine_bound}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _decoded(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, timedelta)):
        return _clock_time(value) if isinstance(value, timedelta) else str(value)
    raise UnfitError("type_unsupported")


def _number_text(value: float | Decimal) -> str:
    if isinstance(value, int) and value.bit_length() > 3 * _DIGITS_AT_MOST:
        raise UnfitError("number_too_large")
    found = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not found.is_finite():
        raise UnfitError("number_not_finite")
    if abs(found.adjusted()) > _DIGITS_AT_MOST or len(found.as_tuple().digits) > _DIGITS_AT_MOST:
        raise UnfitError("number_too_large")
    if found == 0:
        return "0"
    written = format(found, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _decoded(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode()
    except ValueError:
        raise UnfitError("text_not_unicode") from None


def _require_unicode(found: str) -> None:
    try:
        found.encode()
    except UnicodeEncodeError:
        raise UnfitError("text_not_unicode") from None


def _clock_time(value: timedelta) -> str:
    """Hours, minutes and seconds, as databases write the TIME that a driver hands over as a duration."""
    seconds, micro = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if value < timedelta() else ""
    fraction = f".{micro:06}" if micro else ""
    return f"{sign}{hour:02}:{minute:02}:{second:02}{fraction}"
