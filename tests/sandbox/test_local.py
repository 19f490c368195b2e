"""A sandbox on a loopback address: which names and origins it answers to."""

from __future__ import annotations

import httpx
import pytest

from leadway_provider.sandbox.local import LocalApp
from leadway_provider.sandbox.server import SandboxServer, application
from leadway_provider.sandbox.service import Service, Settings

PATHS = ("/", "/_sandbox/contacts", "/contacts/x", "/locations/sandbox-location")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example.com", "localhost.example.com", "10.0.0.1", "", "[", "localhost@evil.com"]
)
def test_another_name_is_refused(client: httpx.Client, path: str, host: str) -> None:
    """A name of another site that leads to this machine reads nothing, neither from the API nor from the page."""
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code in (400, 403)  # the server refuses what can't be a name
    assert "ann@example.com" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:80", "sandbox.localhost", "[::1]:8808", "127.3.2.1"])
def test_names_of_this_machine_are_answered(client: httpx.Client, host: str) -> None:
    """With and without a port."""
    assert client.get("/locations/sandbox-location", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://localhost:3000", "null", ""])
def test_a_page_of_another_origin_changes_nothing(server: SandboxServer, client: httpx.Client, origin: str) -> None:
    """A browser names the page's origin with each request that can change something."""
    server.account.upsert({"email": "ann@example.com"})
    for path in ("/_sandbox/reset", "/contacts/upsert"):
        assert client.post(path, headers={"Origin": origin}).status_code == 403
    assert len(server.account) == 1


def test_the_sandboxs_own_page_may_call_it(server: SandboxServer, client: httpx.Client) -> None:
    """Its origin is the address under which it is called."""
    assert client.post("/_sandbox/reset", headers={"Origin": server.url}).status_code == 204


@pytest.mark.parametrize(("host", "is_local"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)])  # noqa: S104 - not bound
def test_another_address_admits_other_names(host: str, is_local: bool) -> None:  # noqa: FBT001 - a table's column
    """Whoever lets the sandbox listen for other machines lets them call it by its name there."""
    assert isinstance(application(Service(Settings()), host), LocalApp) == is_local
