"""Countries by code and by name."""

from __future__ import annotations

import pytest
from babel import Locale

from leadway_provider.contacts.country import _LANGUAGES, _OTHER_NAMES, CODES, _folded, country
from leadway_provider.contacts.reasons import UnfitError


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("US", "US"),
        ("us ", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("840", "US"),
        ("United States", "US"),
        ("United States of America (the)", "US"),
        ("UK", "GB"),
        ("GBR", "GB"),
        ("united  kingdom", "GB"),
        ("England", "GB"),
        ("Brasil", "BR"),
        ("BRAZIL", "BR"),
        ("Deutschland", "DE"),
        ("Alemania", "DE"),
        ("España", "ES"),
        ("Espana", "ES"),
        ("Österreich", "AT"),
        ("日本", "JP"),
        ("Россия", "RU"),
        ("Russia", "RU"),
        ("Russian Federation", "RU"),
        ("Korea, Republic of", "KR"),
        ("South Korea", "KR"),
        ("Viet Nam", "VN"),
        ("Côte d\u2019Ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("St. Lucia", "LC"),
        ("Bosnia and Herzegovina", "BA"),
        ("Congo, The Democratic Republic of the", "CD"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Czech Republic", "CZ"),
        ("Hong Kong", "HK"),
        ("Kosovo", "XK"),
        ("XKX", "XK"),
        ("Netherlands Antilles", "AN"),
        ("", None),
        (None, None),
    ],
)
def test_codes_and_names(written: object, code: str | None) -> None:
    """Codes, alpha-3 codes and names, as warehouses write them, give the API's code."""
    assert country(written) == code


@pytest.mark.parametrize("written", ["Atlantis", "XX", "CW", "SS", "MI", "EU", "Europe", "001", "?", {}.__class__])
def test_what_the_api_has_no_code_for(written: object) -> None:
    """Regions, misspellings and the four ISO codes that the API lacks are refused."""
    with pytest.raises(UnfitError) as caught:
        country(written)
    assert caught.value.code in ("country_unknown", "type_unsupported")


def test_every_code_is_understood_by_its_english_name() -> None:
    """No code of the API's list is missing from the names, and codes are their own normal form."""
    english = Locale("en").territories
    for code in CODES:
        assert country(code) == code
        if code in english:
            assert country(english[code]) == code


def test_other_names_are_in_the_form_that_they_are_looked_up_in() -> None:
    """An extra name that is not folded could never be found."""
    assert all(_folded(name) == name for name in _OTHER_NAMES)
    assert set(_OTHER_NAMES.values()) <= CODES


def test_no_language_gives_a_country_another_ones_english_name() -> None:
    """A foreign name never shadows an English one, and each country's Spanish, French and German name is known."""
    for language in _LANGUAGES.split()[:4]:
        for code, name in Locale(language).territories.items():
            if code in CODES:
                assert country(name) == code
