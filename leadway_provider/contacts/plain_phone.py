"""Phone numbers in plain notation, at a twentieth of the time that a whole parse takes.

What is returned is what a whole parse would return: the checks are those of `phonenumbers` on the same metadata, in one
compiled expression for each region. Whatever is not certain here is left to the whole parse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_SEPARATED: Final = re.compile(r"\+?[(]?\d(?:[ \d()-]|\.(?!\.))*", re.ASCII)
"""A number in digits and separators."""
_TRUNK_ZERO: Final = re.compile(r"\( ?0")
_NOT_DIGITS: Final = str.maketrans("", "", "+()-. ")
_TYPES: Final = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
    *("fixed_line", "mobile"),
)
"""The types that `phonenumbers` tries a number against; it is valid if it is of one of them."""


def plain_number(written: str, region: str | None) -> str | None:
    """Return the number in E.164; None where only a whole parse can say what it is.

    Args:
        written: the number, trimmed.
        region: two-letter country of a number without a country code; None where it is not known.
    """
    if not _SEPARATED.fullmatch(written) or written.count(".") == 1:  # one dot may begin decimals
        return None
    second = written.find(" 0") + 1
    if second and _can_be_a_number(written[second:], region):
        return None
    digits = written.translate(_NOT_DIGITS)
    if written[0] == "+":
        e164 = f"+{digits}"
        return e164 if is_normal(e164) and not _TRUNK_ZERO.search(written) else None
    rules = _region(region) if region else None
    return rules.e164(digits) if rules else None


def _can_be_a_number(part: str, region: str | None) -> bool:
    """Return True unless a part that begins with a zero is certainly too short for a number of the region."""
    if region is None or part.startswith("00"):
        return part.startswith("00")
    rules = _region(region)
    return rules is None or len(part.translate(_NOT_DIGITS)) >= rules.shortest


def is_normal(written: str) -> bool:
    """Return True if parsing can't change the number: its length is possible, and it has no trunk prefix."""
    if not _E164.fullmatch(written):
        return False
    for digits in (1, 2, 3):
        if forms := _national_forms(int(written[1 : digits + 1])):
            lengths, prefix = forms
            national = written[digits + 1 :]
            return len(national) in lengths and not national.startswith(("0", prefix))
    return False


@cache
def _national_forms(country_code: int) -> tuple[frozenset[int], str] | None:
    """Return the lengths of a country's numbers and its trunk prefix, the digit before numbers dialled within it.

    It is None for a country without these, or with a longer prefix: its numbers must be parsed.
    """
    metadata = _main_metadata(country_code)
    prefix = metadata and (metadata.national_prefix_for_parsing or "0")
    if not metadata or not prefix or len(prefix) > 1 or metadata.general_desc is None:
        return None
    return frozenset(metadata.general_desc.possible_length), prefix


def _main_metadata(country_code: int) -> Any:
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(country_code)
    if regions is None:
        return None
    return phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbering plan of one region.

    Attributes:
        leading: where the regions of one country code are told apart by their first digits, these digits.
        general: what every number of the region matches.
        types: by length, what a valid number matches.
    """

    leading: re.Pattern[str] | None
    general: re.Pattern[str]
    types: dict[int, re.Pattern[str]]

    def is_valid(self, national: str) -> bool:
        of_length = self.types.get(len(national))
        return bool(of_length and self.general.fullmatch(national) and of_length.fullmatch(national))


@dataclass(frozen=True, slots=True)
class _Region:
    """How numbers without a country code are read in one region.

    Attributes:
        code: the country code.
        abroad: what begins an international call.
        trunk: the digit before numbers that are dialled within the country, or None.
        own: the region's own plan.
        lengths: of numbers of the region, and of the country code's main region.
        plans: of all regions of the country code.
        shortest: the digits of the country's shortest numbers.
    """

    code: str
    abroad: re.Pattern[str] | None
    trunk: str | None
    own: _Plan
    lengths: frozenset[int]
    plans: tuple[_Plan, ...]
    shortest: int

    def e164(self, digits: str) -> str | None:
        """Return a number that is valid in the country; None for one that has another reading too."""
        if digits.startswith("00") or (self.abroad and self.abroad.match(digits)):
            return None
        if digits.startswith(self.code) and (self.code != self.trunk or self.own.general.fullmatch(digits)):
            return None  # it may be a number with its country code; where the trunk prefix is the same, both are one
        national = digits
        if self.trunk and digits.startswith(self.trunk):
            is_whole, rest = self.own.general.fullmatch(digits), digits[1:]
            national = digits if is_whole and not self.own.general.fullmatch(rest) else rest
        if national.startswith("0") or len(national) not in self.lengths or not self._is_valid(national):
            return None
        return f"+{self.code}{national}"

    def _is_valid(self, national: str) -> bool:
        if len(self.plans) == 1:
            return self.plans[0].is_valid(national)
        for plan in self.plans:
            if plan.leading is None:
                if plan.is_valid(national):
                    return True
            elif plan.leading.match(national):
                return plan.is_valid(national)
        return False


@cache
def _region(region: str) -> _Region | None:
    """Return how numbers are read in a region; None where only a whole parse can do it."""
    import phonenumbers  # noqa: PLC0415 - 60 ms that parsing a DAG can't spare

    if region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    main = _main_metadata(metadata.country_code)
    trunk = metadata.national_prefix_for_parsing
    if metadata.national_prefix_transform_rule or (trunk and not (len(trunk) == 1 and trunk.isdigit())):
        return None
    names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[metadata.country_code]
    plans = [_plan(phonenumbers.PhoneMetadata.metadata_for_region(name, None)) for name in names]
    return _Region(
        code=str(metadata.country_code),
        abroad=re.compile(metadata.international_prefix) if metadata.international_prefix else None,
        trunk=trunk,
        own=_plan(metadata),
        lengths=frozenset(metadata.general_desc.possible_length).intersection(main.general_desc.possible_length),
        plans=tuple(plans),
        shortest=min(min(plan.types) for plan in plans),
    )


def _plan(metadata: Any) -> _Plan:
    general = metadata.general_desc
    types: dict[int, re.Pattern[str]] = {}
    for length in general.possible_length:
        patterns = [
            f"(?:{each.national_number_pattern})"
            for each in (getattr(metadata, name) for name in _TYPES)
            if each and each.national_number_pattern and (not each.possible_length or length in each.possible_length)
        ]
        if patterns:
            types[length] = re.compile("|".join(patterns))
    return _Plan(
        leading=re.compile(metadata.leading_digits) if metadata.leading_digits else None,
        general=re.compile(general.national_number_pattern),
        types=types,
    )
