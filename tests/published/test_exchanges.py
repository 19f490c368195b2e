"""Every call of the provider and every answer of the sandbox is as the service's published descriptions say."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from leadway_provider.api.auth import AgencyToken
from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.oauth import OAuthToken
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.exceptions import ApiError
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.store.state import StateStore
from tests.api.clients import client_of, settings_for
from tests.operators.people import ANN, counted, fill, sync_people
from tests.operators.task import Warehouse
from tests.operators.test_mapping_over_http import PARTS
from tests.published.operations import Operation, operations
from tests.published.recording import Exchanged, RecordingServer

LOCATION = "sandbox-location"
NOT_FOUND = 404


def problems(recorded: Iterable[Exchanged], version: str) -> list[str]:
    """Return what is not as described, with the call that it is about."""
    found: list[str] = []
    for exchanged in recorded:
        known = [each for each in operations(version) if each.matches(exchanged.method, exchanged.path)]
        if not known:
            found.append(f"{exchanged.method} {exchanged.path} is not described")
        else:
            call = f"{known[0].name} ({exchanged.status})"
            found += [f"{call}: {problem}" for problem in _of(exchanged, known[0], version)]
    return found


def _of(exchanged: Exchanged, operation: Operation, version: str) -> Iterable[str]:
    if exchanged.version != version:
        yield f"it names version {exchanged.version}"
    if operation.bearer and not exchanged.headers.get("authorization", "").startswith("Bearer "):
        yield "it has no token"
    if missing := [name for name, required in operation.query.items() if required and name not in exchanged.query]:
        yield f"its query lacks {missing}"
    if unknown := exchanged.query.keys() - operation.query.keys():
        yield f"its query has {sorted(unknown)}"
    if operation.body is None:
        if exchanged.body:
            yield "it has a body"
    elif exchanged.media_type not in operation.media_types:
        yield f"its body is {exchanged.media_type}"
    elif exchanged.status != 422:
        yield from (f"request: {error}" for error in _errors(operation.body, exchanged.sent))
    yield from (f"answer: {error}" for error in _errors(operation.answer(exchanged.status), exchanged.answered))


def _errors(schema: dict[str, Any], value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]


def names(recorded: Iterable[Exchanged], version: str) -> set[str]:
    """Return the described calls that were recorded."""
    return {
        each.name
        for exchanged in recorded
        for each in [each for each in operations(version) if each.matches(exchanged.method, exchanged.path)][:1]
    }


def test_the_runs_of_a_sync(versioned: Warehouse, sandbox: RecordingServer, version: str) -> None:
    """Every target, contacts that are known, tags in every mode, refusals, users, and departed rows."""
    people = [{"email": f"person{number}@example.com", **columns} for number, (columns, _) in enumerate(PARTS)]
    fill(versioned, *people)
    assert counted(sync_people())["created"] == len(PARTS)
    fill(versioned, *({**person, "city": "Oslo", "company_name": "Example Ltd"} for person in people[:-20]))
    removal = RemovalPolicy(on_removed="delete", max_removed=0.9)
    assert counted(sync_people("second", removal=removal))["updated"] == len(PARTS) - 20
    modes: tuple[Literal["add", "replace", "remove"], ...] = ("add", "replace", "remove")
    for run, tags_mode in enumerate(modes):
        fill(versioned, {"email": ANN, "tags": f"tag {run}", "first_name": f"Ann {run}"})
        sync_people(f"tags {run}", sync_name="tags", rules=ContactRules(tags_mode=tags_mode))
    fill(versioned, {"email": ANN, "assigned_to": "ben.okafor@example.com"})
    sync_people("users", sync_name="users")
    assert problems(sandbox.recorded, version) == []
    assert names(sandbox.recorded, version) >= {
        "POST /contacts/upsert",
        "PUT /contacts/{contactId}",
        "DELETE /contacts/{contactId}",
        "POST /contacts/bulk/tags/update/{type}",
        "GET /locations/{locationId}/customFields",
        "GET /users/search" if version == "v3" else "GET /users/",
    }


def test_another_version_sends_nothing_again(
    versioned: Warehouse, sandbox: RecordingServer, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a row became does not depend on the version, so a connection can change it at any time."""
    row = {"email": ANN, "dnd.whatsapp": "active", "custom.Plan": "Pro", "assigned_to": "ben.okafor@example.com"}
    fill(versioned, row)
    assert counted(sync_people()) == {"created": 1}
    connection = json.loads(os.environ["AIRFLOW_CONN_LEADWAY_DEFAULT"])
    connection["extra"]["api_version"] = "2021-07-28" if version == "v3" else "v3"
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
    assert counted(sync_people("second")) == {"unchanged": 1}
    assert len(sandbox.journal.writes) == 1


def test_the_calls_of_the_client(sandbox: RecordingServer, version: str) -> None:
    """Each method, where it succeeds and where it is refused: with 400, 401, 403 and 422."""

    async def act(client: LeadwayClient) -> None:
        ann = (await client.upsert_contact({"email": ANN, "phone": "+12025550101", "tags": ["a"]})).contact_id
        bob = (await client.upsert_contact({"email": "bob@example.com"})).contact_id
        await client.get_contact(ann)
        await client.find_duplicate(email=ANN)
        await client.find_duplicate(phone="+12025550199")
        await client.add_tags(ann, ["b"])
        await client.remove_tags(ann, ["a"])
        await client.update_tags("add", [ann, bob, "nobody"], ["c"])
        await client.update_tags("remove", [ann], ["c"])
        await client.update_contact(ann, {"email": None, "source": None, "firstName": "Ann"})
        await client.get_custom_fields()
        await client.get_location()
        await client.get_users()
        for refused in (
            client.get_contact("nobody"),
            client.delete_contact("nobody"),
            client.update_contact(bob, {"phone": "+12025550101"}),
            client.update_contact(ann, {"country": "Atlantis"}),
        ):
            with suppress(ApiError):
                await refused
        await client.delete_contact(ann)

    for location_id, token in ((LOCATION, "sandbox-token"), ("second-location", "sandbox-token"), (LOCATION, "none")):
        settings = settings_for(sandbox.url, location_id=location_id, token=token, api_version=version)
        with suppress(ApiError):
            asyncio.run(entered(client_of(sandbox, settings=settings), act))
    assert {exchanged.status for exchanged in sandbox.recorded} == {200, 201, 400, 401, 403, 422}
    assert problems(sandbox.recorded, version) == []
    only_of_the_sandbox = {
        "POST /contacts/",
        "GET /contacts/",
        "POST /contacts/search",
        "GET /locations/search",
        "GET /locations/{locationId}/customFields/{id}",
        "GET /locations/{locationId}/tags",
        "GET /users/{userId}",
        "POST /users/search/filter-by-email",
        *({"GET /users/search"} if version != "v3" else ()),
    }
    described = {each.name for each in operations(version) if "/oauth/" not in each.template}
    assert names(sandbox.recorded, version) == described - only_of_the_sandbox


async def entered(client: LeadwayClient, act: Any) -> None:
    """Do something with an open client."""
    async with client:
        await act(client)


@pytest.mark.parametrize("auth", ["oauth", "agency"])
def test_the_calls_about_tokens(sandbox: RecordingServer, version: str, tmp_path: Path, auth: str) -> None:
    """An app of one account and an agency's app renew their tokens, also after the API has refused them."""
    token = "sandbox-agency-refresh-token" if auth == "agency" else "sandbox-refresh-token"
    company = {"company_id": "sandbox-company"} if auth == "agency" else {}
    settings = ConnectionSettings.from_connection(
        "crm",
        schema=None,
        host=sandbox.url,
        port=None,
        login="sandbox-client",
        password="sandbox-secret",
        extra={"location_id": LOCATION, "auth": auth, "refresh_token": token, "api_version": version, **company},
    )
    state = StateStore.open_file(tmp_path / "tokens.db")
    app = settings.credentials
    assert isinstance(app, OAuthApp)
    tokens: Any = OAuthToken(app, state.tokens(str, str), conn_id="crm", host=settings.base_url)
    if app.company_id:
        tokens = AgencyToken(tokens, company_id=app.company_id, location_id=LOCATION, conn_id="crm")

    async def act(client: LeadwayClient) -> None:
        await client.get_users()
        sandbox.tokens.expire_access()
        await client.get_location()

    asyncio.run(entered(LeadwayClient(settings, tokens=tokens), act))
    state.close()
    assert problems(sandbox.recorded, version) == []
    exchange = "POST /oauth/location-token" if version == "v3" else "POST /oauth/locationToken"
    expected = {"POST /oauth/token", *([exchange] if auth == "agency" else [])}
    assert {name for name in names(sandbox.recorded, version) if "/oauth/" in name} == expected


def test_what_only_the_sandbox_serves(sandbox: RecordingServer, version: str) -> None:
    """The calls that others than the provider make: creation, lists, searches, and an agency's calls."""
    form = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "grant_type": "refresh_token"}
    form |= {"refresh_token": "sandbox-agency-refresh-token"}
    if version == "v3":
        form = {"clientId": "sandbox-client", "clientSecret": "sandbox-secret", "grantType": "refresh_token"}
        form |= {"refreshToken": "sandbox-agency-refresh-token"}
    company = {"companyId": "sandbox-company"}
    dnd = {"sms" if version == "v3" else "SMS": {"status": "active", "message": "STOP"}}
    ann = {"locationId": LOCATION, "email": ANN, "firstName": "Ann", "tags": ["a"], "dndSettings": dnd}
    plan = sandbox.account.custom_fields[2].id
    with httpx.Client(base_url=sandbox.url, headers={"Version": version}) as client:
        granted = client.post("/oauth/token", data=form).json()
        own = {"Authorization": "Bearer sandbox-token"}
        agency = {"Authorization": f"Bearer {granted.get('accessToken') or granted.get('access_token')}"}
        for headers, method, path, query, body in (
            (own, "POST", "/contacts/", {}, ann),
            (own, "POST", "/contacts/", {}, ann),
            (own, "POST", "/contacts/search", {}, {"locationId": LOCATION, "pageLimit": 5}),
            (own, "GET", f"/locations/{LOCATION}/customFields/{plan}", {}, None),
            (own, "GET", f"/locations/{LOCATION}/customFields/unknown", {}, None),
            (own, "GET", f"/locations/{LOCATION}/tags", {}, None),
            (own, "GET", "/locations/search", company, None),
            (own, "GET", "/users/search", {**company, "limit": "2"}, None),
            (own, "GET", "/users/sandboxUserBenOkafor", {}, None),
            (own, "GET", "/users/nobody", {}, None),
            (own, "POST", "/users/search/filter-by-email", {}, {**company, "emails": ANN}),
            (agency, "POST", "/users/search/filter-by-email", {}, {**company, "emails": "ben.okafor@example.com"}),
            (agency, "GET", "/locations/search", company, None),
            (agency, "GET", f"/locations/{LOCATION}", {}, None),
            (agency, "GET", "/oauth/installed-locations", {**company, "appId": "app"}, None),
            (agency, "GET", "/oauth/installedLocations", {**company, "appId": "app"}, None),
            (own, "GET", "/contacts/", {"locationId": LOCATION, "limit": "1"}, None),
            (own, "GET", "/users/", {"locationId": LOCATION}, None),
        ):
            client.request(method, path, params=query, headers=headers, json=body)
    described = [each for each in sandbox.recorded if each.status != NOT_FOUND]
    assert problems(described, version) == []
    gone = {(each.method, each.path) for each in sandbox.recorded if each.status == NOT_FOUND}
    before, since = (
        {("GET", "/oauth/installed-locations")},
        {
            ("GET", "/oauth/installedLocations"),
            ("GET", "/contacts/"),
            ("GET", "/users/"),
        },
    )
    assert gone == (since if version == "v3" else before)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"path": "/contact/upsert"}, "is not described"),
        ({"body": b'{"locationId": "x", "dndSettings": {"SMS": {"status": "active"}}}'}, "'SMS' was unexpected"),
        ({"body": b'{"locationId": "x", "customFields": [{"id": "f", "value": 1}]}'}, "'value' was unexpected"),
        ({"body": b'{"email": "ann@example.com"}'}, "'locationId' is a required property"),
        ({"answer": b'{"new": true, "contact": {"id": "c", "dndSettings": {"SMS": {}}}}'}, "'SMS' was unexpected"),
        ({"answer": b'{"contact": {"id": 5}, "new": true}'}, "5 is not of type 'string'"),
        ({"headers": {"version": "v3", "authorization": "Bearer x"}}, "its body is"),
        ({"query": {"limit": "1"}}, "its query has ['limit']"),
    ],
)
def test_what_is_not_as_described_is_found(change: dict[str, Any], says: str) -> None:
    """The checks above find a wrong path, name, type, header and query."""
    headers = {"version": "v3", "authorization": "Bearer x", "content-type": "application/json"}
    right = {"method": "POST", "path": "/contacts/upsert", "query": {}, "headers": headers, "status": 200}
    right |= {"body": b'{"locationId": "x"}', "answer": b'{"new": true, "contact": {"id": "c"}}'}
    assert problems([Exchanged(**right)], "v3") == []  # type: ignore[arg-type]  # a table of changes
    (found,) = problems([Exchanged(**right | change)], "v3")  # type: ignore[arg-type]  # a table of changes
    assert says in found
