"""Answers that quote parts of values in many disguises, as an API that means no harm or every harm could."""

from __future__ import annotations

import base64
import codecs
import html
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

SHORTEST = 3
"""The shortest slice that is looked for: an area code, initials, a syllable. Any text has shorter ones by chance."""
SHORTEST_OF_DIGITS = 6
"""The same for digits, of which times, counts and ids consist too."""

ROWS: list[dict[str, Any]] = [
    {
        "id": 1,
        "email": "qzxwyv.kjqu@vwxq-zjk.example.com",
        "first_name": "Zoëjqx Wvykç",
        "phone": "+12025550147",
        "city": "Xyqwö Vjkz",
        "company_name": 'Qwvz & "Jxky" <Zqj>',
        "website": "https://zvqj.example.com/Xwqk?jz=vq",
        "tags": "wqzvip,jxqold",
        "notes": "Vqzj xwk jyqv\u00a0wzx, kqj!",
    },
    {
        "id": 2,
        "email": "vjqzk@example.com",
        "first_name": "Jxqz",
        "phone": "+12025550199",
        "city": "Kwzqj",
        "company_name": "Vxzq",
        "website": "https://example.com/kzxq",
        "tags": "qkzx",
        "notes": "Zkqxj wvq",
    },
]  # fmt: skip
"""Values in letters that follow each other in no English word."""
VALUES = [str(value) for row in ROWS for name, value in row.items() if name != "id"]

DISGUISES: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "URL": lambda text: quote(text, safe=""),
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "without blanks": lambda text: "".join(text.split()),
    "ASCII": lambda text: unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode(),
    "full width": lambda text: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "reversed": lambda text: text[::-1],
    "translated": lambda text: codecs.encode(text, "rot13"),
    "in hexadecimal": lambda text: text.encode().hex(),
}
SENTENCES = (
    "{}",
    "'{}'",
    "{} must be a string",
    "{} must be an email",
    "property {} should not exist",
    "each value in {} must be a string",
    "email must be {}",
    "email {}",
    "email must be an email: {}…",
    "firstName must be one of the following values: {}",
    "phone must be longer than or equal to {} characters",
    "customFields.{}.field_value must be a string",
    "customFields.0.{} must be a string",
    "dndSettings.{}.status must be an object",
    "Contact with id {} not found",
    "Invalid parameter: {}",
    "Cannot GET {}",
    "Unexpected token {} in JSON at position {}",
    "This location does not allow duplicated contacts. {}",
)


@dataclass(frozen=True)
class Piece:
    """A slice of a value.

    Attributes:
        text: the slice.
        disguise: the disguise's name.
        shown: the slice in its disguise.
    """

    text: str
    disguise: str
    shown: str

    def is_in(self, text: str) -> bool:
        """Return True if a text has the slice in its disguise, in any case."""
        return self.shown.strip().casefold() in text


def pieces(value: str) -> Iterator[Piece]:
    """Return every slice of a value in every disguise."""
    digits = sum(map(str.isdecimal, value)) > len(value) // 2
    least = SHORTEST_OF_DIGITS if digits else SHORTEST
    slices = {value[start:end] for start in range(len(value)) for end in range(start + least, len(value) + 1)}
    for text in sorted(each for each in slices if len(each.strip()) >= least):
        for disguise, put_on in DISGUISES.items():
            if len((shown := put_on(text)).strip()) >= least:
                yield Piece(text, disguise, shown)


def quoting(chosen: list[Piece], random: Random, sent: str) -> bytes:
    """Return the body of a refusal that quotes these pieces wherever a body has a place for text.

    Ids quote what was sent: another person's value can't be told from an id.
    """
    messages = [random.choice(SENTENCES).replace("{}", piece.shown) for piece in chosen]
    start = random.randrange(len(sent) - SHORTEST)
    plain = sent[start : start + random.randint(SHORTEST, 9)]
    body = {
        "statusCode": 422,
        "message": messages if random.random() < 0.8 else messages[0],
        "error": messages[-1],
        "details": messages,
        "traceId": plain,
        "meta": {
            "contactName": messages[0],
            "contactId": plain,
            "matchingField": random.choice(["email", messages[1]]),
        },
    }
    if random.random() < 0.5:
        del body["meta"]
    return json.dumps(body).encode()
