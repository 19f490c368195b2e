"""Countries: the API's two-letter codes, from codes and names as warehouses write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_CODES: Final = """
    AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BV BW BY BZ CA
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA
    RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
    TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""

CODES: Final = frozenset(_CODES.split())
"""The codes that the API documents: ISO 3166-1 without BL, BQ, CW and SS, with AN (dissolved) and XK (Kosovo)."""

_LANGUAGES: Final = (
    "es pt fr de it nl pl sv da nb fi cs sk hu ro bg hr sr sl el et lv lt tr ru uk ar he fa hi th vi id ms ja ko zh"
)
"""Languages beside English whose names of countries are understood."""

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
    "congo": "CG",
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
"""Formal, former and everyday names, and codes of others, that CLDR's list of display names lacks."""


def country(value: object) -> str | None:
    """The API's two-letter code; None for a blank.

    Understood are two-letter, three-letter and numeric ISO codes, English names, formal and everyday, and the names
    in the languages of Europe and in the large ones of Asia, all without regard to case, accents and punctuation.

    Raises:
        UnfitError: no country that the API has a code for is called so.
    """
    written = text(value)
    if written is None:
        return None
    if written in CODES:
        return written
    if found := _named(written):
        return found
    raise UnfitError("country_unknown")


@lru_cache(maxsize=1024)
def _named(written: str) -> str | None:
    if (code := written.upper()) in CODES:
        return code
    name = _folded(written)
    return _OTHER_NAMES.get(name) or _english().get(name) or _foreign().get(name)


@cache
def _english() -> Mapping[str, str]:
    """English names and the longer ISO codes."""
    from babel.core import get_global  # noqa: PLC0415 - 40 ms that parsing a DAG can't spare

    codes = {
        other.casefold(): current[0]
        for other, current in get_global("territory_aliases").items()
        if len(other) == len("USA") and len(current) == 1 and current[0] in CODES
    }
    return codes | _names("en")


@cache
def _foreign() -> Mapping[str, str]:
    """Names in the other languages; one that means two countries means none."""
    found: dict[str, str | None] = {}
    for language in _LANGUAGES.split():
        for name, code in _names(language).items():
            found[name] = code if found.get(name, code) == code else None
    return {name: code for name, code in found.items() if code}


def _names(language: str) -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415 - 40 ms that parsing a DAG can't spare

    return {_folded(name): code for code, name in Locale(language).territories.items() if code in CODES}


def _folded(name: str) -> str:
    """The name in small letters, without accents, dots, brackets and articles."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace(".", "").replace("&", " and "))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = ("saint" if word == "st" else word for word in re.findall(r"[^\W_]+", plain) if word != "the")
    return " ".join(words)
