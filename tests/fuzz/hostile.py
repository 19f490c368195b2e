"""Texts, JSON documents and cells that were made to be misread, from a generator of random numbers."""

from __future__ import annotations

import enum
import ipaddress
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, Final
from uuid import UUID

from leadway_provider.contacts.unreadable import UnreadableValue

PIECES: Final[tuple[str, ...]] = (
    *"017.,-+exaZT/\\:;|#?%=$€()[]{}<>\"'`@ \t\n\v\f\r\x00\x01\x7f\x85\xa0\xad",
    *"\u200b\u2028\u202e\u2060\ufeff\ufffd\ufffe\ud800\udfff\u0301\u3164\u2800",
    *"äßİ\u0131\u017fKÅﬁ٣१①²Ⅷ一😀\U0010ffff",
    *("//", "00", "  ", "\r\n", "\x1b[2J", "\x1b]0;t\x07", "E5", "a@b.", "www.", "http://", "xn--", "%20", "&#39;"),
    *("\\u00fc", "\U0001f3f4\U000e0067\U000e007f", "true", "null", "nan", "-inf", "None", "pm", "GMT", "+00:00", "BC"),
    "contact not found",
)
SEEDS: Final[tuple[str, ...]] = tuple(
    """ann@example.com
Ann@Example.COM
zoë@münchen.de
user@xn--mnchen-3ya.de
"a b"@example.com
a@[127.0.0.1]
+12025550123
(202) 555-0123
0049 30 901820
+49 30 1234567/68
3.9061234567E11
4915112345678
1,200.50
€3.000
-0.0
1e308
\u0663\u066b\u0665
1_000
1999-12-31
12/31/1999
01.02.90
20224-01-05
0044-03-15 BC
infinity
2000-02-29T24:00:00+02:00
31 Dec 1999
https://example.com/a?b#c
EXAMPLE.com:80
http://[::1]/
https://example.com/////
America/Chicago
Germany
de
Korea, Republic of
active
permanent
yes
a|b;c,d
["x", "[y]"]
{p,q}
{"p\\"",NULL}
{{a},{b}}
{"all": {"status": "active", "message": "m"}}
{"Call": true, "RCS": {"status": "active"}}
[[[]]]
VIP
Gold
hills, high
user1
ve9EPM428h8vShlRW1KT""".splitlines()
)
_NUMBERS: Final = (
    *(0, 1, -1, 255, 2**31, 2**53, 2**53 + 1, 2**63, 2**64),
    *(-(2**63) - 1, 10**30, 10**400, 0.1, -0.0, 1e16, 5e-324),
)
_ODD_NUMBERS: Final = (1e308, float("nan"), float("inf"), float("-inf"))
_DECIMALS: Final = ("0", "-0", "1.00", "1E+5", "1E-30", "1E+999999", "1E-999999", "NaN", "sNaN", "-Infinity", "9" * 60)
_TIMES: Final = (*[2] * 200, 2000)
_LENGTHS: Final = (1000, 20_000, 100_000)


class _Level(enum.IntEnum):
    ONE = 1


class _Text(str):
    __slots__ = ()


class _Speechless:
    """An object that a driver made, and that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class _Empty:
    pass


def text(random: Random) -> str:
    """Return a text: few pieces, a right value with a few changes, one piece many times, or any characters."""
    shape = random.random()
    if shape < 0.35:
        return "".join(random.choices(PIECES, k=random.randrange(8)))
    if shape < 0.75:
        return _changed(random, random.choice(SEEDS))
    if shape < 0.95:
        length = random.randrange(2, 60) if random.random() < 0.995 else random.choice(_LENGTHS)
        piece = random.choice(PIECES)
        beginning = random.choice(SEEDS)[: random.randrange(4)]
        return beginning + piece * max(1, length // len(piece)) + random.choice(PIECES)
    codes = (random.randrange(sys.maxunicode + 1) >> random.choice((0, 8, 13)) for _ in range(random.randrange(12)))
    return "".join(map(chr, codes))


def _changed(random: Random, seed: str) -> str:
    found = seed
    for _ in range(random.randrange(4)):
        start = random.randrange(len(found) + 1)
        end = min(len(found), start + random.randrange(3))
        found = found[:start] + random.choice(PIECES) + found[end:]
    return found


def json_value(random: Random, depth: int = 3) -> Any:
    """Return a value that JSON can express, and some that only Python's JSON can."""
    kind = random.randrange(10 if depth else 7)
    if kind < 3:
        return text(random)
    if kind < 5:
        return random.choice(_NUMBERS) if random.random() < 0.98 else random.choice(_ODD_NUMBERS)
    if kind < 7:
        return random.choice((None, True, False, "", [], {}))
    if kind < 9:
        return [json_value(random, depth - 1) for _ in range(random.randrange(4))]
    return {text(random)[:40]: json_value(random, depth - 1) for _ in range(random.randrange(4))}


def changed_document(random: Random, document: Any, share: float) -> Any:
    """Return a JSON document, where about that share of all its values has become another one or is missing."""
    if random.random() < share:
        return json_value(random)
    if isinstance(document, dict):
        kept = {
            name: changed_document(random, value, share)
            for name, value in document.items()
            if random.random() > share / 2
        }
        if random.random() < share:
            kept[random.choice([*kept, "meta", "message"])] = json_value(random)
        return kept
    if isinstance(document, list):
        changed = [changed_document(random, value, share) for value in document if random.random() > share / 2]
        return changed * (random.choice(_TIMES) if random.random() < share / 2 else 1)
    return document


def changed_bytes(random: Random, data: bytes) -> bytes:
    """Return bytes that were cut, repeated, nested or overwritten."""
    start = random.randrange(len(data) + 1)
    end = random.randrange(start, len(data) + 1)
    match random.randrange(6):
        case 0:
            return data[:start]
        case 1:
            return data[:end] + data[start:]
        case 2:
            return data[:start] + random.randbytes(random.randrange(1, 4)) + data[end:]
        case 3:
            depth = random.choice((10, 900, 3000, 100_000)) if random.random() < 0.05 else 3
            return data[:start] + random.choice((b"[", b'{"a":')) * depth + data[start:]
        case 4:
            return (
                data[:start]
                + random.choice((b"NaN", b"1e400", b"-" * 9, b"9" * 5000, b'"\\ud800"', b"\xff", b"\x00"))
                + data[end:]
            )
        case _:
            return data + data[start:end] * random.choice((1, 2, 50))


def cell(random: Random) -> Any:
    """Return a cell of a row, of any type that a driver may return."""
    if random.random() < 0.6:
        return text(random)
    return random.choice(_CELLS)(random)


def _moment(random: Random) -> datetime:
    zone = random.choice((None, UTC, timezone(timedelta(hours=-23, minutes=-59)), timezone(timedelta(seconds=1))))
    return datetime.min.replace(tzinfo=zone) + timedelta(seconds=random.randrange(1, 315_537_897_599))


def _nested(random: Random) -> Any:
    found: Any = text(random)
    for _ in range(random.choice((2, 60, 900, 5000)) if random.random() < 0.1 else 2):
        found = [found] if random.random() < 0.5 else {"all": found}
    return found


def _collection(random: Random) -> Any:
    made: Sequence[Callable[[list[Any]], Any]] = (
        list,
        tuple,
        lambda it: {str(each)[:9] for each in it},
        lambda it: frozenset(map(str, it)),
    )
    return random.choice(made)([json_value(random, 1) for _ in range(random.randrange(4))])


_CELLS: Final[tuple[Callable[[Random], Any], ...]] = (
    lambda random: random.choice((*_NUMBERS, *_ODD_NUMBERS)),
    lambda random: random.getrandbits(random.choice((8, 64, 2000, 60_000))),
    lambda random: random.choice((None, True, False)),
    lambda random: Decimal(random.choice(_DECIMALS)),
    lambda random: Decimal(random.randrange(10**9)).scaleb(-random.randrange(12)),
    lambda random: text(random).encode("utf-8", "surrogatepass"),
    lambda random: bytearray(random.randbytes(random.randrange(5))),
    lambda random: memoryview(random.randbytes(random.randrange(5))),
    _moment,
    lambda random: _moment(random).date(),
    lambda random: _moment(random).timetz(),
    lambda random: random.choice(
        (date.min, date.max, datetime.min, datetime.max, time.max, timedelta.max, timedelta.min)  # noqa: DTZ901 - as drivers return them
    ),
    lambda random: timedelta(seconds=random.randrange(-(10**6), 10**6), microseconds=random.randrange(10**6)),
    lambda random: UUID(int=random.getrandbits(128)),
    json_value,
    lambda random: json.dumps(json_value(random)),
    _nested,
    lambda random: random.choice(("[", '{"a":', '["', "{{")) * random.choice((3, 900, 5000)) + text(random),
    _collection,
    lambda random: UnreadableValue(random.choice(("date_out_of_range", "text_not_unicode", "type_unsupported"))),
    lambda random: random.choice(
        (Fraction(1, 3), 1j, _Level.ONE, _Text("a@b.example"), ipaddress.ip_address("::1"), range(3))
    ),
    lambda random: random.choice((_Empty(), _Empty, _Speechless(), iter(()))),
)
