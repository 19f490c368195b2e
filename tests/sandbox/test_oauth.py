"""OAuth token pairs, their rotation, and an agency's location tokens."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.request import JsonAnswer
from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, REPEAT_GRACE
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import LOCATION, DirectClient

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def refresh(api: DirectClient, token: str) -> JsonAnswer:
    """Use a refresh token."""
    form = {**CLIENT, "grant_type": "refresh_token", "refresh_token": token, "user_type": "Location"}
    return api.call("POST", "/oauth/token", form=form)


def test_a_refresh_returns_a_pair_that_works(api: DirectClient) -> None:
    """The answer has the published keys, and both tokens of the pair are accepted."""
    status, pair = refresh(api, "sandbox-refresh-token")
    assert status == 200
    assert (pair["token_type"], pair["expires_in"], pair["userType"]) == ("Bearer", 86399, "Location")
    assert (pair["locationId"], pair["companyId"]) == (LOCATION, "sandbox-company")
    api.token = pair["access_token"]
    assert api.upsert(email="ann@example.com")[0] == 201
    assert refresh(api, pair["refresh_token"])[0] == 200


def test_a_repeat_within_the_grace_returns_the_same_pair(api: DirectClient, clock: Clock) -> None:
    """After the grace the used token is refused."""
    first = refresh(api, "sandbox-refresh-token")
    clock.advance(REPEAT_GRACE)
    assert refresh(api, "sandbox-refresh-token") == first
    clock.advance(0.1)
    status, payload = refresh(api, "sandbox-refresh-token")
    assert (status, payload["error"]) == (400, "invalid_grant")
    assert refresh(api, first[1]["refresh_token"])[0] == 200


def test_an_unused_refresh_token_is_valid_for_a_year(api: DirectClient, clock: Clock) -> None:
    """A refresh token is refused after a year."""
    clock.advance(REFRESH_LIFETIME)
    assert refresh(api, "sandbox-refresh-token")[0] == 400


def test_an_access_token_expires(api: DirectClient, clock: Clock) -> None:
    """An expired token has another message than an unknown one."""
    api.token = refresh(api, "sandbox-refresh-token")[1]["access_token"]
    clock.advance(ACCESS_LIFETIME - 1)
    assert api.call("GET", f"/locations/{LOCATION}")[0] == 200
    clock.advance(1)
    status, payload = api.call("GET", f"/locations/{LOCATION}")
    assert (status, payload["message"]) == (401, "Invalid token: access token is invalid")


def test_tokens_can_be_expired_and_revoked(api: DirectClient) -> None:
    """Access tokens can be expired early, and private tokens be revoked and replaced."""
    api.token = refresh(api, "sandbox-refresh-token")[1]["access_token"]
    api.service.tokens.expire_access()
    assert api.call("GET", f"/locations/{LOCATION}")[0] == 401
    api.service.tokens.add_private("rotated", LOCATION)
    api.service.tokens.revoke("sandbox-token")
    api.token = "sandbox-token"
    assert api.call("GET", f"/locations/{LOCATION}")[0] == 401
    api.token = "rotated"
    assert api.call("GET", f"/locations/{LOCATION}")[0] == 200


def test_a_code_can_be_used_once(api: DirectClient) -> None:
    """An authorization code returns a pair only the first time."""
    form = {**CLIENT, "grant_type": "authorization_code", "code": "sandbox-code"}
    assert api.call("POST", "/oauth/token", form=form)[0] == 200
    assert api.call("POST", "/oauth/token", form=form)[0] == 400


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
def test_a_bad_request_for_tokens_is_refused(api: DirectClient, form: dict[str, str], status: int) -> None:
    """Missing or unknown values, a wrong secret and an unknown token are refused, each with its status."""
    assert api.call("POST", "/oauth/token", form=form)[0] == status


@pytest.fixture
def agency(clock: Clock) -> DirectClient:
    """Return a client with the access token of an agency with two locations."""
    api = DirectClient(Service(Settings(more_locations=("second-location",)), clock=clock, wall=clock))
    api.token = refresh(api, "sandbox-agency-refresh-token")[1]["access_token"]
    return api


def test_an_agency_gets_tokens_for_its_locations(agency: DirectClient) -> None:
    """A location token is valid for its own location only, and the agency's token for no location's contacts."""
    assert agency.call("GET", "/locations/second-location/customFields")[0] == 403
    form = {"companyId": "sandbox-company", "locationId": "second-location"}
    status, granted = agency.call("POST", "/oauth/locationToken", form=form)
    assert (status, granted["locationId"]) == (200, "second-location")
    assert "refresh_token" not in granted
    agency.token = granted["access_token"]
    assert agency.call("GET", "/locations/second-location")[0] == 200
    assert agency.call("GET", f"/locations/{LOCATION}")[0] == 403


def test_an_unknown_location_is_not_granted(agency: DirectClient) -> None:
    """An unknown location and another company are refused."""
    for form in (
        {"companyId": "sandbox-company", "locationId": "x"},
        {"companyId": "x", "locationId": "second-location"},
    ):
        assert agency.call("POST", "/oauth/locationToken", form=form)[0] == 400


def test_a_private_token_cannot_be_exchanged(api: DirectClient) -> None:
    """A private token returns no location token (documented) and lists no locations."""
    form = {"companyId": "sandbox-company", "locationId": LOCATION}
    assert api.call("POST", "/oauth/locationToken", form=form)[0] == 401
    assert api.call("GET", "/oauth/installedLocations", query={"companyId": "x", "appId": "y"})[0] == 401


def test_installed_locations_are_listed_in_pages(agency: DirectClient) -> None:
    """`skip` and `limit` select a part, and `count` is the number of all locations."""
    query = {"companyId": "sandbox-company", "appId": "app", "skip": "1", "limit": "5"}
    status, payload = agency.call("GET", "/oauth/installedLocations", query=query)
    assert status == 200
    assert [location["_id"] for location in payload["locations"]] == ["second-location"]
    assert payload["count"] == 2


@pytest.mark.parametrize("name", ["skip", "limit"])
@pytest.mark.parametrize("text", ["1" * 5000, "-1", "1e400", "x"])
def test_a_part_of_the_locations_without_bound_is_422(agency: DirectClient, name: str, text: str) -> None:
    """The numbers have 15 digits at most."""
    query = {"companyId": "sandbox-company", "appId": "app", name: text}
    assert agency.call("GET", "/oauth/installedLocations", query=query)[0] == 422


V3_CLIENT = {"clientId": "sandbox-client", "clientSecret": "sandbox-secret"}


def test_version_v3_has_camel_case_in_both_directions(api: DirectClient) -> None:
    """A form or JSON with the names of v3 returns a pair with the names of v3, and the other names are missing."""
    api.version = "v3"
    sent = {**V3_CLIENT, "grantType": "refresh_token", "refreshToken": "sandbox-refresh-token", "userType": "Location"}
    status, pair = api.call("POST", "/oauth/token", form=sent)
    assert status == 200
    assert {"accessToken", "refreshToken", "tokenType", "expiresIn", "userId"} <= set(pair)
    assert not {"access_token", "refresh_token"} & set(pair)
    assert api.call("POST", "/oauth/token", {**sent, "refreshToken": pair["refreshToken"]})[0] == 200
    api.token = pair["accessToken"]
    assert api.call("GET", f"/locations/{LOCATION}")[0] == 200
    assert refresh(api, "sandbox-refresh-token")[1]["message"] == [
        "clientId must be a string",
        "clientSecret must be a string",
        "grantType must be a string",
    ]


def test_version_v3_has_its_own_paths_for_an_agency(agency: DirectClient) -> None:
    """The location token and the pages of the locations; each path belongs to its versions only."""
    agency.version = "v3"
    form = {"companyId": "sandbox-company", "locationId": "second-location"}
    assert agency.call("POST", "/oauth/locationToken", form=form)[0] == 404
    assert agency.call("POST", "/oauth/location-token", form=form)[1]["accessToken"]
    query = {"companyId": "sandbox-company", "appId": "app", "pageSize": "1"}
    assert agency.call("GET", "/oauth/installedLocations", query=query)[0] == 404
    ids, pages = [], 0
    while pages < 5:
        _, payload = agency.call("GET", "/oauth/installed-locations", query=query)
        ids += [item["_id"] for item in payload["items"]]
        pages += 1
        if not payload["pagination"]["hasNextPage"]:
            break
        query = {**query, "pageToken": payload["pagination"]["nextPageToken"]}
    assert (ids, pages) == ([LOCATION, "second-location"], 2)
    assert agency.call("GET", "/oauth/installed-locations", query=query | {"pageToken": "?"})[0] == 422
    agency.version = "2021-07-28"
    assert agency.call("POST", "/oauth/location-token", form=form)[0] == 404


def test_no_secret_is_in_a_repr(api: DirectClient) -> None:
    """The texts of settings and pairs hold no token and no secret."""
    pair = api.service.tokens.refresh("sandbox-refresh-token")
    assert pair
    shown = repr(api.service.settings) + repr(pair)
    for secret in ("sandbox-token", "sandbox-secret", "sandbox-refresh-token", pair.access_token, pair.refresh_token):
        assert secret not in shown
