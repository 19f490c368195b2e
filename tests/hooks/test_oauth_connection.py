"""The hook with an app's connection: where its tokens are kept, and what Airflow does for them."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import redact
from cryptography.fernet import Fernet, MultiFernet

from leadway_provider.exceptions import ConfigurationError, ConnectionSettingsError
from leadway_provider.hooks import secrecy
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings

LOCATION = "sandbox-location"

Connect = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """A local Leadway, shared because it takes a moment to start."""
    with SandboxServer(Settings(burst=None, daily=None, more_locations=("second-location",))) as server:
        yield server


@pytest.fixture(autouse=True)
def sandbox(server: SandboxServer) -> Service:
    """What the local Leadway serves, as if just started."""
    server.service.reset()
    return server.service


@pytest.fixture
def connect(server: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connect:
    """Defines the connection `crm` of an app, and a state database; gives the connection's id."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    state = {"conn_type": "sqlite", "host": str(tmp_path / "elsewhere.db")}
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps(state))

    def define(**extra: object) -> str:
        app = {"auth": "oauth", "refresh_token": "sandbox-refresh-token", "location_id": LOCATION}
        connection = {
            "conn_type": "leadway",
            "host": server.url,
            "login": "sandbox-client",
            "password": "sandbox-secret",
            "extra": app | extra,
        }
        monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(connection))
        return "crm"

    return define


def kept(file: Path) -> list[str]:
    """The secrets in a state file, as they are written there."""
    with closing(sqlite3.connect(file)) as database:
        return [text for (text,) in database.execute("SELECT secret FROM leadway_token")]


def issued(sandbox: Service) -> list[str]:
    """Every token of a pair that the account has given."""
    return [token for token in (*sandbox.tokens._access, *sandbox.tokens._refresh) if token.startswith("sandbox-")]


def test_an_app_works_like_a_token(connect: Connect, sandbox: Service) -> None:
    """Hooks one after another, as tasks have them, use the refresh token once."""
    for _ in range(2):
        with LeadwayHook(connect()) as hook:
            assert hook.get_location().id == LOCATION
            works, message = hook.test_connection()
            assert works, message
    assert sum(call.path == "/oauth/token" for call in sandbox.journal.calls) == 1


def test_tokens_are_kept_beside_the_airflow_home(connect: Connect, tmp_path: Path) -> None:
    """Without a connection for the state it is the file that syncs use too, for its owner's eyes only."""
    with LeadwayHook(connect()) as hook:
        hook.get_location()
    assert len(kept(tmp_path / "leadway_state.db")) == 1
    assert (tmp_path / "leadway_state.db").stat().st_mode & 0o077 == 0


def test_tokens_are_kept_where_the_connection_says(connect: Connect, tmp_path: Path) -> None:
    """`state_conn_id` names the database that all workers reach."""
    with LeadwayHook(connect(state_conn_id="state")) as hook:
        hook.get_location()
    assert len(kept(tmp_path / "elsewhere.db")) == 1
    assert not (tmp_path / "leadway_state.db").exists()


def test_a_private_token_needs_no_state(connect: Connect, tmp_path: Path) -> None:
    """Nothing is opened or written for what doesn't rotate."""
    with LeadwayHook(connect(auth="token", refresh_token="")) as hook:
        hook.client()
    assert list(tmp_path.iterdir()) == []


def test_one_agencys_connection_serves_every_location(connect: Connect) -> None:
    """The task names the location."""
    conn_id = connect(auth="agency", refresh_token="sandbox-agency-refresh-token", company_id="sandbox-company")
    for location_id in (LOCATION, "second-location"):
        with LeadwayHook(conn_id, location_id=location_id) as hook:
            assert hook.get_location().id == location_id


def test_an_agencys_connection_without_a_location_says_so(connect: Connect) -> None:
    """Before anything is sent."""
    conn_id = connect(auth="agency", company_id="sandbox-company", location_id="")
    with pytest.raises(ConnectionSettingsError, match=r"'crm' names no account.*location_id"):
        LeadwayHook(conn_id).get_location()


def test_what_is_kept_is_encrypted_with_airflows_key(connect: Connect, sandbox: Service, tmp_path: Path) -> None:
    """Neither token of the pair is in the file; with the key both are there."""
    with LeadwayHook(connect()) as hook:
        hook.get_location()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [token for token in issued(sandbox) if token.encode() in written]
    assert b"sandbox-secret" not in written
    (secret,) = kept(tmp_path / "leadway_state.db")
    assert [token in secrecy.decrypt(secret) for token in issued(sandbox)].count(True) == 2


def with_key(monkeypatch: pytest.MonkeyPatch, *keys: bytes) -> None:
    """Let Airflow have these Fernet keys, or none."""
    crypto = pytest.importorskip("airflow.sdk.crypto")
    fernet = crypto._RealFernet(MultiFernet([Fernet(key) for key in keys])) if keys else crypto._NullFernet()
    monkeypatch.setattr(crypto, "get_fernet", lambda: fernet)


def test_without_a_key_nothing_is_kept_and_nothing_used_up(
    connect: Connect, sandbox: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens in clear are worse than an error, which says what to set."""
    with_key(monkeypatch)
    with pytest.raises(ConfigurationError, match="fernet_key"):
        LeadwayHook(connect()).get_location()
    assert sandbox.journal.total == 0


def test_a_key_may_be_rotated(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the old key behind the new one all goes on; without it the error says what to do."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    for keys in ((old,), (new, old)):
        with_key(monkeypatch, *keys)
        LeadwayHook(connect()).get_location()
    with_key(monkeypatch, new)
    with pytest.raises(ConfigurationError, match=r"fernet_key can't decrypt.*behind the new one"):
        LeadwayHook(connect()).get_location()


def test_airflow_masks_every_token_from_then_on(connect: Connect, sandbox: Service) -> None:
    """Those that were renewed, and those that an earlier task had kept."""
    with LeadwayHook(connect()) as hook:
        hook.get_location()
    tokens = issued(sandbox)
    assert len(tokens) >= 3
    assert [redact(f"of {token}") for token in tokens if "agency" not in token] == ["of ***"] * 3


@pytest.mark.parametrize(("verify", "warned"), [("false", True), ("true", False)])
def test_certificates_that_are_not_checked_are_warned_about(
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    verify: str,
    warned: bool,  # noqa: FBT001 - a table's column
) -> None:
    """At every run anew, with the connection's name."""
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            _ = LeadwayHook(connect(verify=verify)).settings
        assert ("'crm': the server's certificate is not checked" in caplog.text) is warned
