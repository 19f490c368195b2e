"""Countries: the API's two-letter codes, from codes and names as warehouses write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text
from leadway_provider.country_codes import CODES

_LONGEST: Final = 100
"""More characters than any name has."""
_LANGUAGES: Final = (
    "es pt fr de it nl pl sv da nb fi cs sk hu ro bg hr sr sl el et lv lt tr ru uk ar he fa hi th vi id ms ja ko zh"
)
"""Languages other than English whose names of countries are accepted."""

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "great britain and northern ireland": "GB",
    "united kingdom of great britain and northern ireland": "GB",
    "uk": "GB",
    "united states of america": "US",
    "el": "GR",
    "xkx": "XK",
    "bolivia plurinational state of": "BO",
    "brunei darussalam": "BN",
    "burma": "MM",
    "cabo verde": "CV",
    "congo republic of": "CG",
    "republic of congo": "CG",
    "congo democratic republic of": "CD",
    "democratic republic of congo": "CD",
    "czech republic": "CZ",
    "east timor": "TL",
    "falkland islands malvinas": "FK",
    "holland": "NL",
    "holy see": "VA",
    "holy see vatican city state": "VA",
    "hong kong": "HK",
    "iran islamic republic of": "IR",
    "ivory coast": "CI",
    "korea republic of": "KR",
    "republic of korea": "KR",
    "korea democratic people s republic": "KP",
    "korea democratic people s republic of": "KP",
    "democratic people s republic of korea": "KP",
    "lao people s democratic republic": "LA",
    "libyan arab jamahiriya": "LY",
    "macao": "MO",
    "macau": "MO",
    "macedonia": "MK",
    "macedonia former yugoslav republic of": "MK",
    "micronesia federated states of": "FM",
    "moldova republic of": "MD",
    "myanmar": "MM",
    "netherlands antilles": "AN",
    "palestine": "PS",
    "palestine state of": "PS",
    "palestinian territory": "PS",
    "palestinian territory occupied": "PS",
    "people s republic of china": "CN",
    "pitcairn": "PN",
    "republic of china": "TW",
    "republic of ireland": "IE",
    "russian federation": "RU",
    "saint helena ascension and tristan da cunha": "SH",
    "saint martin french part": "MF",
    "sint maarten dutch part": "SX",
    "slovak republic": "SK",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "taiwan province of china": "TW",
    "tanzania united republic of": "TZ",
    "turkey": "TR",
    "united states minor outlying islands": "UM",
    "vatican": "VA",
    "venezuela bolivarian republic of": "VE",
    "virgin islands british": "VG",
    "virgin islands us": "VI",
    "heard island and mcdonald islands": "HM",
}
"""Formal, former and everyday names, and codes of other standards, that CLDR's display names do not include."""

_TWO_COUNTRIES: Final = frozenset({"congo", "corea", "coree", "kongo", "korea", "nga", "virgin islands"})
"""Names that two countries have in everyday use, and `nga`: Vietnamese for Russia, and a code of Nigeria."""


def country(value: object) -> str | None:
    """Return the API's two-letter code of a country; None for a blank.

    Accepted are two-letter, three-letter and numeric ISO codes, formal and everyday English names, and names in the
    languages of Europe and in widely spoken languages of Asia. Case, accents and punctuation make no difference.

    Raises:
        UnfitError: the value is not a code or name of a country that the API has a code for, or it can be two.
    """
    written = text(value)
    if written is None:
        return None
    if written in CODES:
        return written
    if len(written) > _LONGEST:
        raise UnfitError("country_unknown")
    if code := _code(written):
        return code
    if _folded(written) in _TWO_COUNTRIES:
        raise UnfitError("ambiguous", "It can be the name of one country or of another: write the two-letter code.")
    raise UnfitError("country_unknown")


@lru_cache(maxsize=1024)
def _code(written: str) -> str | None:
    if (code := written.upper()) in CODES:
        return code
    name = _folded(written)
    if name in _TWO_COUNTRIES and not (written.isupper() and len(written) == len("USA")):
        return None
    return _OTHER_NAMES.get(name) or _english().get(name) or _foreign().get(name)


@cache
def _english() -> Mapping[str, str]:
    """Return the codes by English name, by three-letter code and by numeric code."""
    from babel.core import get_global  # noqa: PLC0415 - 40 ms that parsing a DAG can't spare

    codes = {
        other.casefold(): current[0]
        for other, current in get_global("territory_aliases").items()
        if len(other) == len("USA") and len(current) == 1 and current[0] in CODES
    }
    return codes | _names("en")


@cache
def _foreign() -> Mapping[str, str]:
    """Return the codes by name in the other languages. A name that means two countries is left out."""
    codes: dict[str, str | None] = {}
    for language in _LANGUAGES.split():
        for name, code in _names(language).items():
            codes[name] = code if codes.get(name, code) == code else None
    return {name: code for name, code in codes.items() if code}


def _names(language: str) -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415 - 40 ms that parsing a DAG can't spare

    return {_folded(name): code for code, name in Locale(language).territories.items() if code in CODES}


def _folded(name: str) -> str:
    """Return the name in lower case, without accents, punctuation and the word `the`."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace(".", "").replace("&", " and "))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = ("saint" if word == "st" else word for word in re.findall(r"[^\W_]+", plain) if word != "the")
    return " ".join(words)
