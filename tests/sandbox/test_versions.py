"""The versions of the API: which exist, and which calls belong to each."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.direct_client import LOCATION, DirectClient

COMPANY = {"companyId": "sandbox-company"}


@pytest.mark.parametrize("version", ["2021-07-28", "2023-02-21", "v3"])
def test_the_versions_that_the_vendors_clients_send_are_known(api: DirectClient, version: str) -> None:
    """A contact is written and read in each of them."""
    api.version = version
    ann = api.contact(email="ann@example.com")
    assert api.call("GET", f"/contacts/{ann['id']}") == (200, {"contact": ann})


def test_the_deprecated_lists_are_gone_in_v3(api: DirectClient) -> None:
    """`GET /contacts/` and `GET /users/` belong to the versions before it."""
    api.contact(email="ann@example.com")
    for path in ("/contacts/", "/users/"):
        for version, status in (("2021-07-28", 200), ("2023-02-21", 200), ("v3", 404)):
            api.version = version
            assert api.call("GET", path, query={"locationId": LOCATION})[0] == status


def test_contacts_are_listed_in_pages(api: DirectClient) -> None:
    """A page begins after the last contact of the page before, and holds 100 contacts at most."""
    ids = [api.contact(email=f"p{number}@example.com")["id"] for number in range(3)]
    query = {"locationId": LOCATION, "limit": "2"}
    _, first = api.call("GET", "/contacts/", query=query)
    _, second = api.call("GET", "/contacts/", query={**query, "startAfterId": first["contacts"][-1]["id"]})
    assert sorted(each["id"] for each in (*first["contacts"], *second["contacts"])) == sorted(ids)
    assert (first["count"], len(second["contacts"])) == (3, 1)
    assert api.call("GET", "/contacts/", query={**query, "limit": "101"})[0] == 422


def test_a_contact_is_created_or_refused(api: DirectClient) -> None:
    """A second contact with the same e-mail is refused with the first one's id, unless the account allows it."""
    ann = {"locationId": LOCATION, "email": "ann@example.com", "gender": "female"}
    status, created = api.call("POST", "/contacts/", ann)
    assert (status, created["contact"]["email"]) == (201, "ann@example.com")
    status, refused = api.call("POST", "/contacts/", ann)
    assert (status, refused["meta"]["contactId"], refused["meta"]["matchingField"]) == (
        400,
        created["contact"]["id"],
        "email",
    )
    api.service.account.allow_duplicates = True
    assert api.call("POST", "/contacts/", ann)[0] == 201
    assert api.call("POST", "/contacts/", ann | {"createNewIfDuplicateAllowed": True})[0] == 422


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
def test_users_are_searched(api: DirectClient, version: str) -> None:
    """The search needs the company, and finds by text, id and role; a part of them is selected by skip and limit."""
    api.version = version

    def search(**query: str) -> tuple[int, list[str], int]:
        status, payload = api.call("GET", "/users/search", query={**COMPANY, **query})
        return status, [user["firstName"] for user in payload.get("users", ())], payload.get("count", 0)

    assert search() == (200, ["Ada", "Ben", "Carla"], 3)
    assert search(locationId=LOCATION, skip="1", limit="1") == (200, ["Ben"], 3)
    assert search(query="OKAFOR") == (200, ["Ben"], 1)
    assert search(ids="sandboxUserAdaLovell,sandboxUserCarlaDiaz", role="user") == (200, ["Ada", "Carla"], 2)
    assert search(role="admin") == (200, [], 0)
    assert search(locationId="elsewhere")[0] == 403
    assert api.call("GET", "/users/search", query={"companyId": "other"})[0] == 403
    assert api.call("GET", "/users/search")[0] == 422


def test_one_user_is_read(api: DirectClient) -> None:
    """An unknown id is refused."""
    assert api.call("GET", "/users/sandboxUserBenOkafor")[1]["email"] == "ben.okafor@example.com"
    assert api.call("GET", "/users/nobody")[0] == 400


@pytest.fixture
def agency() -> DirectClient:
    """Return a client with the access token of an agency with two locations, in version v3."""
    api = DirectClient(Service(Settings(more_locations=("second-location",))))
    form = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "grant_type": "refresh_token"}
    pair = api.call("POST", "/oauth/token", form={**form, "refresh_token": "sandbox-agency-refresh-token"})[1]
    api.token, api.version = pair["access_token"], "v3"
    return api


def test_an_agency_finds_its_users_by_email(agency: DirectClient) -> None:
    """Only an agency's token may do that, and each user has the locations that it has access to."""
    body = {**COMPANY, "emails": "Ben.Okafor@example.com, nobody@example.com"}
    status, payload = agency.call("POST", "/users/search/filter-by-email", body)
    assert (status, payload["count"]) == (200, 1)
    assert payload["users"][0]["roles"]["locationIds"] == [LOCATION, "second-location"]
    assert agency.call("POST", "/users/search/filter-by-email", body | {"skip": "1" * 5000})[0] == 422
    assert agency.call("POST", "/users/search/filter-by-email", {"companyId": 5})[0] == 422
    agency.token = "sandbox-token"
    assert agency.call("POST", "/users/search/filter-by-email", body)[0] == 401


def test_an_agency_reads_its_locations(agency: DirectClient) -> None:
    """It finds all of them and reads each; a location's token reaches its own."""
    _, payload = agency.call("GET", "/locations/search", query=COMPANY)
    assert [location["id"] for location in payload["locations"]] == [LOCATION, "second-location"]
    assert agency.call("GET", "/locations/second-location")[1]["location"]["companyId"] == "sandbox-company"
    assert agency.call("GET", "/locations/elsewhere")[0] == 403
    agency.token = "sandbox-token"
    _, payload = agency.call("GET", "/locations/search", query={"limit": "5"})
    assert [location["id"] for location in payload["locations"]] == [LOCATION]
    assert agency.call("GET", "/locations/search", query={"companyId": "other"})[0] == 403


def test_the_location_lists_its_tags(api: DirectClient) -> None:
    """Each tag that a contact has is listed once."""
    api.contact(email="ann@example.com", tags=["VIP", "new"])
    api.contact(email="bob@example.com", tags=["vip"])
    status, payload = api.call("GET", f"/locations/{LOCATION}/tags")
    assert status == 200
    assert sorted(tag["name"] for tag in payload["tags"]) == ["new", "vip"]
