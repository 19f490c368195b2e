"""Plain values as database drivers return them: text, booleans, time zones, web addresses.

Every converter, here and in the other modules, takes any Python value. It returns what the API takes, or None for a
blank, and raises `UnfitError`, and nothing else, for a value that its field can't take. Converting a result once more
returns the same result.
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
"""More digits than any text field needs. Python refuses to write numbers of some thousands of digits."""
_BITS: Final = {b"\x00": "0", b"\x01": "1"}
"""A bit as MariaDB's and MySQL's drivers return it. As text it would be a control character, so it has one reading."""
_WHITESPACE: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_FORMAT: Final = (
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0001, 0xE0001),
    (0xE0020, 0xE007F),
)
"""Unicode's format characters (category Cf), but for those that are seen, such as the Arabic signs before numbers."""
_FILLERS: Final = "\u2800\u3164\uffa0"
"""Characters that are not spaces and look like one; they are used to pass an empty name as one."""
_INVISIBLE: Final = (
    _WHITESPACE + _FILLERS + "".join(chr(code) for first, last in _FORMAT for code in range(first, last + 1))
)
_FLAG: Final = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAKS: Final = re.compile(r"[\t\n\u2028\u2029]+")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0", "\x01"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0", "\x00"), False),
}
_HOST: Final = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]")
_HOST_LENGTH: Final = 253
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_AUTHORITY_LENGTH: Final = _HOST_LENGTH + len(":65535")
"""A longer text is not a host with a port. Python's parser takes long for it if it has many accents."""


def text(value: object) -> str | None:
    """Return the value as text of one line, trimmed as `trimmed` does it; None where nothing is left.

    Numbers are written without exponent and trailing zeros (`12.50` becomes `12.5`), times in ISO form. Bytes are read
    as UTF-8, and one byte that is a bit (0 or 1) as `0` or `1`. A line break or a tab within the text becomes a space.

    Raises:
        UnfitError: the value has a type that is not plain, is not Unicode text, or has another control character.
    """
    if type(value) is str and value.isascii() and value.isprintable():  # as most values are
        return value.strip(" ") or None
    found = lines(value)
    return found if found is None or found.isprintable() else _LINE_BREAKS.sub(" ", found)


def lines(value: object) -> str | None:
    """Return what `text` returns, but with its line breaks, each of them as a line feed, and its tabs.

    Raises:
        UnfitError: as for `text`.
    """
    if value is None:
        return None
    found = trimmed(value if isinstance(value, str) else _written(value))
    if not found.isprintable():
        found = _checked(found)
    return found or None


def trimmed(written: str) -> str:
    """Return the text without the whitespace and the invisible characters, such as U+200B, at its ends."""
    found = written.strip()
    if found.isascii() or (found.isprintable() and found[0] not in _FILLERS and found[-1] not in _FILLERS):
        return found
    return _strip_invisible(found)


def free_text(value: object) -> str | None:
    """Return what `text` returns; a list or object, such as a document, an array or a struct, becomes JSON text.

    Raises:
        UnfitError: the value can't be written as text.
    """
    return text(_as_json(value) if isinstance(value, (dict, list, tuple)) else value)


def free_lines(value: object) -> str | None:
    """Return what `lines` returns; a list or object, such as a document, an array or a struct, becomes JSON text.

    Raises:
        UnfitError: the value can't be written as text.
    """
    return lines(_as_json(value) if isinstance(value, (dict, list, tuple)) else value)


def boolean(value: object) -> bool | None:
    """Return the boolean that a value stands for; None for a blank.

    Accepted are booleans, 1/0, t/f, true/false, y/n, yes/no, on/off in any case, and strings of one bit.

    Raises:
        UnfitError: the value is not a boolean.
    """
    if isinstance(value, bool):
        return value
    is_bit = isinstance(value, str) and value in ("\x00", "\x01")  # as some drivers return it
    written = str(value) if is_bit else text(value)
    if written is None:
        return None
    try:
        return _BOOLEANS[written.casefold()]
    except KeyError:
        raise UnfitError("boolean_malformed") from None


def timezone(value: object) -> str | None:
    """Return the IANA time zone of that name, which is compared without case; None for a blank.

    Raises:
        UnfitError: the value is not a name of an IANA time zone.
    """
    written = text(value)
    if written is None:
        return None
    try:
        return _timezones()[written.casefold()]
    except KeyError:
        raise UnfitError("timezone_unknown") from None


def website(value: object) -> str | None:
    """Return a web address with a host, such as `https://example.com/shop` or `example.com`, as it is written.

    It is None for a blank.

    Raises:
        UnfitError: the value is not a web address.
    """
    written = text(value)
    if written is None:
        return None
    if " " in written or not written.isprintable():
        raise UnfitError("website_malformed")
    address = written if "://" in written else f"//{written}"
    if len(_AUTHORITY.match(address.partition("//")[2])[0]) > _AUTHORITY_LENGTH:  # type: ignore[index]  # it matches all
        raise UnfitError("website_malformed")
    try:
        parts = urlsplit(address)
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
        return _BITS.get(bytes(value)) or _decoded(value)
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


def _checked(written: str) -> str:
    """Return a text that is not all printable characters of ASCII, with one kind of line break.

    Format characters within it, such as the joiners of emoji and of Persian, stay.
    """
    try:
        written.encode()
    except UnicodeEncodeError:
        raise UnfitError("text_not_unicode") from None
    if "\x00" in written:  # as in UTF-16 that was read as UTF-8
        raise UnfitError("text_not_unicode")
    if _CONTROL.search(written):
        raise UnfitError("control_character")
    return written.replace("\r\n", "\n").replace("\r", "\n")


def _strip_invisible(written: str) -> str:
    found = written.lstrip(_INVISIBLE)
    kept = found.rstrip(_INVISIBLE)
    # The flags of England, Scotland and Wales end with invisible characters that belong to them.
    if flag := _FLAG.match(found, max(kept.rfind("\U0001f3f4"), 0)):
        return found[: max(len(kept), flag.end())]
    return kept


def _as_json(value: dict[object, object] | list[object] | tuple[object, ...]) -> str | None:
    if not value:
        return None
    try:
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        except TypeError:
            return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise UnfitError("type_unsupported") from None
    except ValueError:
        raise UnfitError("number_not_finite") from None


def _plain(value: object) -> object:
    """Return what JSON can hold of a value within an array or a struct: a number, or the text that it has elsewhere."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _written(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        written = _number_text(value)
        found = json.loads(written)
        return found if isinstance(found, int) or Decimal(repr(found)) == value else written
    return value if value is None or isinstance(value, (str, int, float)) else _written(value)


def _clock_time(value: timedelta) -> str:
    """Return hours, minutes and seconds, as databases write a TIME that the driver returns as a duration."""
    seconds, micro = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if value < timedelta() else ""
    fraction = f".{micro:06}" if micro else ""
    return f"{sign}{hour:02}:{minute:02}:{second:02}{fraction}"
