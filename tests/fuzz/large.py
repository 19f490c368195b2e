"""One answer that is as large as an answer may be: long texts, long lists, deep ones, and many names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from leadway_provider.api.network import MAX_BODY
from tests.fuzz.answers import ASKED, SETTINGS, Answer, read_answer
from tests.fuzz.hostile import PIECES, json_value

_HERE: Final = "\ue000here"
_PARTS: Final = (
    *(b"1", b"-0", b"true", b"null", b"[]", b"{}", b"[[]]", b'""', b'"a"', b"1.5", b"1e9"),
    b"1.2345678901234567890123e-300",
    b"9" * 19,
    b"9" * 4000,
    b"0." + b"7" * 700 + b"e-307",
    *(b'{"id":"c1"}', b'{"_id":"c1"}', b'{"id":"c1","value":"g"}', b'{"contactId":"c1","type":"error"}'),
    *(b'{"id":"c","name":"n","dataType":"TEXT","picklistOptions":["a"]}', b'["' + b"a" * 300 + b'"]'),
    b"[" * 400 + b"]" * 400,
)
_MANY: Final = (10_000, 20_000, 37_000, 74_000, 10**9)


def draw_large(random: Random) -> Callable[[], object]:
    """Return the reading of an answer in which one place has very much, up to the size of the largest answer."""
    version, call, right = random.choice(ASKED)
    document = _marked(random, right)
    before, _, behind = json.dumps(document, ensure_ascii=False).encode().partition(f'"{_HERE}"'.encode())
    body = before + _much(random, MAX_BODY - len(before) - len(behind)) + behind
    answer = Answer(random.choice((200, 200, 200, 201, 400, 401, 422, 500)), (), body)
    return lambda: read_answer(SETTINGS[version], call, answer)


def _marked(random: Random, document: Any) -> Any:
    """Return the document with a mark in place of one of its values."""
    places = [*_places(document, ())]
    marked = json.loads(json.dumps(document))
    *way, last = random.choice(places)
    around = marked
    for step in way:
        around = around[step]
    around[last] = _HERE
    return marked


def _places(value: Any, way: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*way, step)
        yield from _places(inner, (*way, step))


def _much(random: Random, room: int) -> bytes:
    """Return JSON of about that many bytes."""
    kind = random.randrange(4)
    if kind == 0:  # one text
        piece = json.dumps(random.choice(PIECES) + random.choice(PIECES), ensure_ascii=random.random() < 0.5)
        unit = piece.encode("utf-8", "surrogatepass")[1:-1] or b"a"
        return b'"' + unit * ((room - 2) // len(unit)) + b'"'
    if kind == 1:  # names
        count = min(room // 16, random.choice(_MANY))
        return b"{" + b",".join(b'"%07x":%d' % (each, each % 9) for each in range(count)) + b"}"
    if kind == 2:  # one part many times
        part = random.choice(_PARTS)
    else:
        part = json.dumps(json_value(random)).encode() if random.random() < 0.9 else b'{"a":[1]}'
    return b"[" + b",".join([part] * min(max(1, room // (len(part) + 1)), random.choice(_MANY))) + b"]"
