"""The page for people and the controls for tests, neither of which is part of the API."""

from __future__ import annotations

import httpx

from leadway_provider.sandbox.page import PER_PAGE
from leadway_provider.sandbox.server import SandboxServer


def fill(server: SandboxServer, count: int) -> None:
    """Put contacts into the account."""
    for number in range(count):
        server.account.upsert({"email": f"person{number}@example.com", "firstName": f"Person {number}"})


def test_the_page_lists_contacts_and_counts(server: SandboxServer, client: httpx.Client) -> None:
    """A person sees what was written, and how many calls it took."""
    plan = next(field for field in server.account.custom_fields if field.name == "Plan")
    client.post(
        "/contacts/upsert",
        json={
            "locationId": "sandbox-location",
            "email": "ann@example.com",
            "tags": ["vip"],
            "customFields": [{"id": plan.id, "field_value": "Pro"}],
        },
    )
    page = httpx.get(server.url)
    assert page.headers["Content-Type"].startswith("text/html")
    for text in (
        "ann@example.com",
        "vip",
        "Plan: Pro",
        "<dt>Calls</dt><dd>1</dd>",
        "<dt>Refused with 429</dt><dd>0</dd>",
    ):
        assert text in page.text


def test_the_page_escapes_what_it_shows(server: SandboxServer) -> None:
    """A contact's name is text, whatever it holds."""
    server.account.upsert({"email": "ann@example.com", "firstName": "<script>alert(1)</script>", "tags": ["<b>"]})
    page = httpx.get(server.url).text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_is_paged(server: SandboxServer) -> None:
    """Every contact is on one page, and a page beyond the last is the last."""
    fill(server, PER_PAGE + 1)
    pages = [httpx.get(server.url, params={"page": number}).text for number in (0, 1, 2, 9)]
    assert [page.count("@example.com") for page in pages] == [PER_PAGE, PER_PAGE, 1, 1]
    assert "page=2" in pages[1]
    assert "page 2 of 2" in pages[3]


def test_the_page_shows_each_location(server: SandboxServer) -> None:
    """The first one unless another is named."""
    fill(server, 1)
    assert "person0@example.com" not in httpx.get(server.url, params={"location": "second-location"}).text


def test_contacts_are_served_as_json(server: SandboxServer) -> None:
    """Oldest first, a part of them where it is asked for."""
    fill(server, 5)
    answer = httpx.get(f"{server.url}/_sandbox/contacts", params={"offset": 3, "limit": 1}).json()
    assert answer["total"] == 5
    assert [contact["email"] for contact in answer["contacts"]] == ["person3@example.com"]


def test_statistics_and_calls_are_served_without_anything_personal(server: SandboxServer, client: httpx.Client) -> None:
    """Counts, and of each call its method, path, time and status."""
    client.post("/contacts/upsert", json={"locationId": "sandbox-location", "email": "ann@example.com"})
    client.get("/contacts/search/duplicate", params={"locationId": "sandbox-location", "email": "ann@example.com"})
    statistics = httpx.get(f"{server.url}/_sandbox/statistics").json()
    assert statistics["contacts"] == {"sandbox-location": 1, "second-location": 0}
    assert (statistics["calls"], statistics["statuses"], statistics["quotaRefusals"]) == (2, {"200": 1, "201": 1}, 0)
    calls = httpx.get(f"{server.url}/_sandbox/calls", params={"limit": 1})
    (call,) = calls.json()["calls"]
    assert (call["method"], call["path"], call["status"]) == ("GET", "/contacts/search/duplicate", 200)
    assert set(call) == {"method", "path", "at", "status"}
    assert "ann@example.com" not in calls.text
    assert "sandbox-token" not in calls.text


def test_faults_can_be_set_over_http(server: SandboxServer, client: httpx.Client) -> None:
    """Added, listed with what they struck, and taken away; a bad one is refused."""
    controls = f"{server.url}/_sandbox/faults"
    added = httpx.post(controls, json=[{"kind": "503", "times": 2, "path": "/locations/*"}])
    assert added.status_code == 201
    assert client.get("/locations/sandbox-location").status_code == 503
    assert [(fault["kind"], fault["struck"]) for fault in httpx.get(controls).json()] == [("503", 1)]
    assert httpx.delete(controls).status_code == 204
    assert client.get("/locations/sandbox-location").status_code == 200
    assert httpx.post(controls, json=[{"kind": "teapot"}]).status_code == 422


def test_a_reset_forgets_everything(server: SandboxServer, client: httpx.Client) -> None:
    """Contacts, calls, faults and what was used of the quotas; the controls themselves are never counted."""
    client.post("/contacts/upsert", json={"locationId": "sandbox-location", "email": "ann@example.com"})
    httpx.post(f"{server.url}/_sandbox/faults", json=[{"kind": "500"}])
    assert httpx.post(f"{server.url}/_sandbox/reset").status_code == 204
    assert (len(server.account), server.journal.total) == (0, 0)
    answer = client.get("/locations/sandbox-location")
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "99")
