"""The page and the control endpoints, which are not part of the API."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from leadway_provider.sandbox.file import load, save
from leadway_provider.sandbox.page import PER_PAGE, REFRESH
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings


def fill(server: SandboxServer, count: int) -> None:
    """Create contacts in the account."""
    for number in range(count):
        server.account.upsert({"email": f"person{number}@example.com", "firstName": f"Person {number}"})


def test_the_page_lists_contacts_and_counts(server: SandboxServer, client: httpx.Client) -> None:
    """The page shows the contacts and the number of calls."""
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
    """Markup in a contact's values is shown as text."""
    server.account.upsert({"email": "ann@example.com", "firstName": "<script>alert(1)</script>", "tags": ["<b>"]})
    page = httpx.get(server.url).text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    "fault", ['{"times": 1e400}', '{"after": NaN}', '{"seconds": Infinity}', '{"seconds": 1e400}', '{"kind": "?"}']
)
def test_a_fault_without_bound_is_422(server: SandboxServer, fault: str) -> None:
    """What JSON can't express is refused, and the answer is JSON."""
    body = f'[{{"kind": "500", {fault[1:]}]'
    answer = httpx.post(f"{server.url}/_sandbox/faults", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert httpx.get(f"{server.url}/_sandbox/faults").json() == []


def test_the_page_shows_contacts_in_parts(server: SandboxServer) -> None:
    """Every contact is on one page, and a number beyond the last page shows the last one."""
    fill(server, PER_PAGE + 1)
    pages = [httpx.get(server.url, params={"page": number}).text for number in (0, 1, 2, 9)]
    assert [page.count("@example.com") for page in pages] == [PER_PAGE, PER_PAGE, 1, 1]
    assert "page=2" in pages[1]
    assert "page 2 of 2" in pages[3]


def test_the_page_finds_contacts(server: SandboxServer) -> None:
    """A text is looked for in every field, whatever its case, and stays in the links and in the form."""
    fill(server, 3)
    found = httpx.get(server.url, params={"search": "PERSON 1"}).text
    assert found.count("@example.com") == 1
    assert "value='PERSON 1'" in found
    assert "No contact has this text." in httpx.get(server.url, params={"search": "nobody"}).text
    hostile = httpx.get(server.url, params={"search": "'><script>"}).text
    assert "<script>" not in hostile
    assert "&#x27;&gt;&lt;script&gt;" in hostile


def test_the_page_loads_again_where_that_is_chosen(server: SandboxServer) -> None:
    """A link begins it, another one ends it, and the page has what is left of the daily quota."""
    page = httpx.get(server.url).text
    assert "http-equiv='refresh'" not in page
    assert f"refresh={REFRESH}" in page
    assert "<dt>Left of the daily quota</dt>" in page
    again = httpx.get(server.url, params={"refresh": REFRESH}).text
    assert f"<meta http-equiv='refresh' content='{REFRESH}'>" in again
    assert "stop refreshing" in again


def test_the_page_leads_to_the_other_accounts() -> None:
    """Each account has a link with the number of its contacts; words are not broken inside."""
    with SandboxServer(Settings(more_locations=("north-shop",))) as server:
        fill(server, 2)
        page = httpx.get(server.url).text
    assert "<strong>sandbox-location (2)</strong>" in page
    assert "<a href='/?location=north-shop&amp;page=1'>north-shop (0)</a>" in page
    assert "anywhere" not in page


def test_a_sandbox_with_a_file_remembers(tmp_path: Path) -> None:
    """Contacts, their identities, deleted ids and unused refresh tokens are there at the next start."""
    file = tmp_path / "kept" / "leadway.json"
    service = Service(Settings())
    load(service, file)  # there is none yet
    _, ann = service.account.upsert({"email": "ann@example.com", "tags": ["vip"]})
    _, bob = service.account.upsert({"email": "bob@example.com"})
    service.account.delete(bob.id)
    pair = service.tokens.refresh("sandbox-refresh-token")
    assert pair
    save(service, file)
    assert file.stat().st_mode & 0o777 == 0o600

    again = Service(Settings())
    load(again, file)
    is_new, same = again.account.upsert({"email": "ann@example.com", "firstName": "Ann"})
    assert (is_new, same.id, list(same.tags)) == (False, ann.id, ["vip"])
    assert again.account.was_deleted(bob.id)
    assert [contact.id for contact in again.account.searchable] == [ann.id]
    assert again.tokens.refresh(pair.refresh_token)
    file.write_text("[]")
    with pytest.raises(ValueError, match="is not a file of a sandbox"):
        load(again, file)


def test_the_page_shows_one_location(server: SandboxServer) -> None:
    """The page shows the first location unless another is named."""
    fill(server, 1)
    assert "person0@example.com" not in httpx.get(server.url, params={"location": "second-location"}).text


def test_contacts_are_served_as_json(server: SandboxServer) -> None:
    """Contacts are returned as JSON, oldest first, in whole or in part."""
    fill(server, 5)
    answer = httpx.get(f"{server.url}/_sandbox/contacts", params={"offset": 3, "limit": 1}).json()
    assert answer["total"] == 5
    assert [contact["email"] for contact in answer["contacts"]] == ["person3@example.com"]


def test_statistics_and_calls_hold_nothing_personal(server: SandboxServer, client: httpx.Client) -> None:
    """Statistics are counts, and a call is its method, path, time and status."""
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
    """Faults can be added, listed and removed, and an unknown kind is refused."""
    controls = f"{server.url}/_sandbox/faults"
    added = httpx.post(controls, json=[{"kind": "503", "times": 2, "path": "/locations/*"}])
    assert added.status_code == 201
    assert client.get("/locations/sandbox-location").status_code == 503
    assert [(fault["kind"], fault["applied"]) for fault in httpx.get(controls).json()] == [("503", 1)]
    assert httpx.delete(controls).status_code == 204
    assert client.get("/locations/sandbox-location").status_code == 200
    assert httpx.post(controls, json=[{"kind": "teapot"}]).status_code == 422


def test_habits_can_be_set_over_http(server: SandboxServer, client: httpx.Client) -> None:
    """A habit that is not sent stays as it is, an unknown one is refused, and a reset restores the settings."""
    habits = f"{server.url}/_sandbox/habits"
    server.account.upsert({"email": "ann@example.com"})
    _, bob = server.account.upsert({"email": "bob@example.com"})

    def rename(email: str | None) -> int:
        return client.put(f"/contacts/{bob.id}", json={"email": email}).status_code

    assert rename("ann@example.com") == 400
    assert httpx.patch(habits, json={"refuses_taken_identities": False}).status_code == 204
    assert (rename("ann@example.com"), bob.email) == (200, "bob@example.com")
    assert httpx.patch(habits, json={"clears_identities": False}).status_code == 204
    assert (rename(None), rename("ann@example.com"), bob.email) == (200, 200, "bob@example.com")
    assert httpx.patch(habits, json={"moods": True}).status_code == 422
    assert (
        httpx.patch(habits, params={"location": "second-location"}, json={"allow_duplicates": True}).status_code == 204
    )
    assert [account.allow_duplicates for account in server.service.accounts.values()] == [False, True]
    httpx.post(f"{server.url}/_sandbox/reset")
    assert (server.account.refuses_taken_identities, server.account.clears_identities) == (True, True)


def test_contacts_can_be_merged_over_http(server: SandboxServer, client: httpx.Client) -> None:
    """Two contacts of the location can be merged, and anything else is refused."""
    _, ann = server.account.upsert({"email": "ann@example.com"})
    _, bob = server.account.upsert({"email": "bob@example.com"})
    merge = f"{server.url}/_sandbox/merge"
    assert httpx.post(merge, json={"contact_id": bob.id, "into": ann.id}).status_code == 204
    assert client.get(f"/contacts/{bob.id}").status_code == 400
    assert client.get(f"/contacts/{ann.id}").json()["contact"]["additionalEmails"] == ["bob@example.com"]
    assert httpx.post(merge, json={"contact_id": bob.id, "into": ann.id}).status_code == 404
    assert httpx.post(merge, json={"contact_id": ann.id, "into": ann.id}).status_code == 404


def test_a_reset_removes_everything(server: SandboxServer, client: httpx.Client) -> None:
    """A reset removes contacts, calls and faults and frees the quotas, and control calls are never counted."""
    client.post("/contacts/upsert", json={"locationId": "sandbox-location", "email": "ann@example.com"})
    httpx.post(f"{server.url}/_sandbox/faults", json=[{"kind": "500"}])
    assert httpx.post(f"{server.url}/_sandbox/reset").status_code == 204
    assert (len(server.account), server.journal.total) == (0, 0)
    answer = client.get("/locations/sandbox-location")
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "99")
