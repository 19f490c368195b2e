"""OAuth pairs, their rotation, and an agency's location tokens."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, REPEAT_GRACE
from tests.sandbox.clock import Clock
from tests.sandbox.office import LOCATION, Answer, Office

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def refresh(office: Office, token: str) -> Answer:
    """Use a refresh token."""
    form = {**CLIENT, "grant_type": "refresh_token", "refresh_token": token, "user_type": "Location"}
    return office.call("POST", "/oauth/token", form=form)


def test_a_refresh_gives_a_pair_that_works(office: Office) -> None:
    """The access token is the location's; the answer has the published keys."""
    status, pair = refresh(office, "sandbox-refresh-token")
    assert status == 200
    assert (pair["token_type"], pair["expires_in"], pair["userType"]) == ("Bearer", 86399, "Location")
    assert (pair["locationId"], pair["companyId"]) == (LOCATION, "sandbox-company")
    office.token = pair["access_token"]
    assert office.upsert(email="ann@example.com")[0] == 201
    assert refresh(office, pair["refresh_token"])[0] == 200


def test_a_repeat_within_the_grace_gives_the_same_pair(office: Office, clock: Clock) -> None:
    """Once the grace is over the used token is dead."""
    first = refresh(office, "sandbox-refresh-token")
    clock.advance(REPEAT_GRACE)
    assert refresh(office, "sandbox-refresh-token") == first
    clock.advance(0.1)
    status, payload = refresh(office, "sandbox-refresh-token")
    assert (status, payload["error"]) == (400, "invalid_grant")
    assert refresh(office, first[1]["refresh_token"])[0] == 200


def test_an_unused_refresh_token_lives_a_year(office: Office, clock: Clock) -> None:
    """Not a second longer."""
    clock.advance(REFRESH_LIFETIME)
    assert refresh(office, "sandbox-refresh-token")[0] == 400


def test_an_access_token_expires(office: Office, clock: Clock) -> None:
    """The message is another one than for a token that never was."""
    office.token = refresh(office, "sandbox-refresh-token")[1]["access_token"]
    clock.advance(ACCESS_LIFETIME - 1)
    assert office.call("GET", f"/locations/{LOCATION}")[0] == 200
    clock.advance(1)
    status, payload = office.call("GET", f"/locations/{LOCATION}")
    assert (status, payload["message"]) == (401, "Invalid token: access token is invalid")


def test_access_can_be_ended_early(office: Office) -> None:
    """For tests of a 401 in the middle of a run, and of rotated private tokens."""
    office.token = refresh(office, "sandbox-refresh-token")[1]["access_token"]
    office.service.tokens.expire_access()
    assert office.call("GET", f"/locations/{LOCATION}")[0] == 401
    office.service.tokens.add_private("rotated", LOCATION)
    office.service.tokens.revoke("sandbox-token")
    office.token = "sandbox-token"
    assert office.call("GET", f"/locations/{LOCATION}")[0] == 401
    office.token = "rotated"
    assert office.call("GET", f"/locations/{LOCATION}")[0] == 200


def test_a_code_is_good_once(office: Office) -> None:
    """The first pair of an installation."""
    form = {**CLIENT, "grant_type": "authorization_code", "code": "sandbox-code"}
    assert office.call("POST", "/oauth/token", form=form)[0] == 200
    assert office.call("POST", "/oauth/token", form=form)[0] == 400


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 422),
        ({**CLIENT, "grant_type": "password"}, 422),
        ({**CLIENT, "grant_type": "refresh_token"}, 422),
        ({**CLIENT, "client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": "x"}, 401),
        ({**CLIENT, "grant_type": "refresh_token", "refresh_token": "x"}, 400),
    ],
)
def test_a_bad_request_for_tokens_is_refused(office: Office, form: dict[str, str], status: int) -> None:
    """What is missing, who is unknown, what is used up."""
    assert office.call("POST", "/oauth/token", form=form)[0] == status


@pytest.fixture
def agency(clock: Clock) -> Office:
    """Somebody with an agency's access token over two locations."""
    office = Office(Service(Settings(more_locations=("second-location",)), clock=clock, wall=clock))
    office.token = refresh(office, "sandbox-agency-refresh-token")[1]["access_token"]
    return office


def test_an_agency_gets_tokens_for_its_locations(agency: Office) -> None:
    """Each token is good for its own location only, and the agency's for none."""
    assert agency.call("GET", "/locations/second-location")[0] == 403
    form = {"companyId": "sandbox-company", "locationId": "second-location"}
    status, granted = agency.call("POST", "/oauth/locationToken", form=form)
    assert (status, granted["locationId"]) == (200, "second-location")
    assert "refresh_token" not in granted
    agency.token = granted["access_token"]
    assert agency.call("GET", "/locations/second-location")[0] == 200
    assert agency.call("GET", f"/locations/{LOCATION}")[0] == 403


def test_a_foreign_location_is_not_granted(agency: Office) -> None:
    """Nor a location of another company."""
    for form in (
        {"companyId": "sandbox-company", "locationId": "x"},
        {"companyId": "x", "locationId": "second-location"},
    ):
        assert agency.call("POST", "/oauth/locationToken", form=form)[0] == 400


def test_a_private_token_cannot_be_exchanged(office: Office) -> None:
    """Documented; so neither can it list locations."""
    form = {"companyId": "sandbox-company", "locationId": LOCATION}
    assert office.call("POST", "/oauth/locationToken", form=form)[0] == 401
    assert office.call("GET", "/oauth/installedLocations", query={"companyId": "x", "appId": "y"})[0] == 401


def test_installed_locations_are_listed_in_pages(agency: Office) -> None:
    """`count` is of all of them."""
    query = {"companyId": "sandbox-company", "appId": "app", "skip": "1", "limit": "5"}
    status, payload = agency.call("GET", "/oauth/installedLocations", query=query)
    assert status == 200
    assert [location["_id"] for location in payload["locations"]] == ["second-location"]
    assert payload["count"] == 2


def test_no_token_is_shown(office: Office) -> None:
    """Neither settings nor calls nor pairs show a secret when they are printed."""
    pair = office.service.tokens.refresh("sandbox-refresh-token")
    assert pair
    shown = repr(office.service.settings) + repr(pair)
    for secret in ("sandbox-token", "sandbox-secret", "sandbox-refresh-token", pair.access_token, pair.refresh_token):
        assert secret not in shown
