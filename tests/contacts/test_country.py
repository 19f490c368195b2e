"""Countries by code and by name."""

from __future__ import annotations

import pytest
from babel import Locale

from leadway_provider.contacts.country import _LANGUAGES, _OTHER_NAMES, _TWO_COUNTRIES, _folded, country
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.country_codes import CODES


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
    """Codes of two letters, three letters or three digits, and names, give the API's code."""
    assert country(written) == code


@pytest.mark.parametrize(
    "written", ["Atlantis", "Untied Kingdom", "XX", "CW", "SS", "MI", "EU", "Europe", "001", "?", "a" * 101]
)
def test_not_a_country_of_the_api(written: object) -> None:
    """Regions, misspelt names and the four ISO codes that the API does not have are refused."""
    with pytest.raises(UnfitError) as caught:
        country(written)
    assert caught.value.code == "country_unknown"


@pytest.mark.parametrize("written", ["Congo", "Kongo", "Korea", "Virgin Islands", "Nga"])
def test_a_name_of_two_countries_is_withheld(written: str) -> None:
    """In everyday use two countries have this name; each of them is found by its full name and its codes."""
    with pytest.raises(UnfitError) as caught:
        country(written)
    assert caught.value.code == "ambiguous"
    assert [country(name) for name in ("NGA", "COG", "Congo, Republic of", "North Korea")] == ["NG", "CG", "CG", "KP"]


def test_every_country_is_found_by_its_english_name() -> None:
    """Every code of the API has a name, and a code is returned unchanged."""
    english = Locale("en").territories
    for code in CODES:
        assert country(code) == code
        if code in english:
            assert country(english[code]) == code


def test_other_names_are_written_in_the_form_of_the_look_up() -> None:
    """An additional name in another form could never be found."""
    assert all(_folded(name) == name for name in _OTHER_NAMES)
    assert set(_OTHER_NAMES.values()) <= CODES


def test_names_in_large_languages_are_found() -> None:
    """The name of every country in the first four languages gives its code."""
    for language in _LANGUAGES.split()[:4]:
        for code, name in Locale(language).territories.items():
            if code in CODES and _folded(name) not in _TWO_COUNTRIES:
                assert country(name) == code
