"""The hook with the connection of an OAuth app: where its tokens are stored, encrypted and masked."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import redact
from cryptography.fernet import Fernet

from leadway_provider.clock import SYSTEM_CLOCK, Clock, utc_now
from leadway_provider.exceptions import ConfigurationError, ConnectionSettingsError
from leadway_provider.hooks import secrecy
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.airflow_version import VERSION, forget_fernet
from tests.services import airflow_connection, mariadb_database, postgres_database
from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS

LOCATION = "sandbox-location"

Connect = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """Serve a local Leadway for all tests, because its start takes a moment."""
    with SandboxServer(Settings(burst=None, daily=None, more_locations=("second-location",))) as server:
        yield server


@pytest.fixture(autouse=True)
def sandbox(server: SandboxServer) -> Service:
    """Return what the local Leadway serves, reset."""
    server.service.reset()
    return server.service


@pytest.fixture
def connect(server: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connect:
    """Return a function that defines the app's connection `crm` and a state database, and returns the id."""
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


def stored_secrets(file: Path) -> list[str]:
    """Return the secrets in a state file, as they are stored."""
    with closing(sqlite3.connect(file)) as database:
        return [text for (text,) in database.execute("SELECT secret FROM leadway_token")]


def issued(sandbox: Service) -> list[str]:
    """Return every access and refresh token that the account has granted."""
    return [token for token in (*sandbox.tokens._access, *sandbox.tokens._refresh) if token.startswith("sandbox-")]


@pytest.mark.parametrize(
    ("extra", "calls"),
    [
        ({}, ["/oauth/token", "/locations/sandbox-location", "/users/search"]),
        (
            {"auth": "agency", "company_id": "sandbox-company", "refresh_token": "sandbox-agency-refresh-token"},
            ["/oauth/token", "/oauth/location-token", "/users/search"],
        ),
    ],
)
def test_an_app_in_version_v3(connect: Connect, sandbox: Service, extra: dict[str, object], calls: list[str]) -> None:
    """An app of one account and an agency's app use the calls of v3 only."""
    with LeadwayHook(connect(api_version="v3", **extra)) as hook:
        assert len(hook.get_users()) == 3
    assert [call.path for call in sandbox.journal.calls] == calls


def test_an_app_works_like_a_private_token(connect: Connect, sandbox: Service) -> None:
    """Several hooks, one after another as in tasks, use the refresh token once."""
    for _ in range(2):
        with LeadwayHook(connect()) as hook:
            assert hook.get_location().id == LOCATION
            works, message = hook.test_connection()
            assert works, message
    assert sum(call.path == "/oauth/token" for call in sandbox.journal.calls) == 1


def test_tokens_are_renewed_by_the_clock_of_the_hook(connect: Connect, sandbox: Service) -> None:
    """For a clock that is a day ahead the stored access token is too old."""
    tomorrow = Clock(now=lambda: utc_now() + timedelta(days=1))
    for clock in (SYSTEM_CLOCK, SYSTEM_CLOCK, tomorrow):
        with LeadwayHook(connect(), clock=clock) as hook:
            hook.get_location()
    assert sum(call.path == "/oauth/token" for call in sandbox.journal.calls) == 2


def test_tokens_are_stored_in_the_airflow_home_by_default(connect: Connect, tmp_path: Path) -> None:
    """Without a connection for the state, a file that only its owner can read holds the tokens."""
    with LeadwayHook(connect()) as hook:
        hook.get_location()
    assert len(stored_secrets(tmp_path / "leadway_state.db")) == 1
    assert (tmp_path / "leadway_state.db").stat().st_mode & 0o077 == 0


def test_tokens_are_stored_where_the_connection_says(connect: Connect, tmp_path: Path) -> None:
    """The database of `state_conn_id` holds the tokens."""
    with LeadwayHook(connect(state_conn_id="state")) as hook:
        hook.get_location()
    assert len(stored_secrets(tmp_path / "elsewhere.db")) == 1
    assert not (tmp_path / "leadway_state.db").exists()


@pytest.mark.parametrize("driver", [*POSTGRES_DRIVERS, *MARIADB_DRIVERS])
def test_tokens_are_stored_with_each_driver(
    connect: Connect, sandbox: Service, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the way of the state's own connection: two hooks use the refresh token once, and no token is readable."""
    with postgres_database() if driver in POSTGRES_DRIVERS else mariadb_database() as server:
        url = server.set(drivername=f"{server.get_backend_name()}+{driver}")
        conn_id = connect(state_conn_id="state")
        monkeypatch.setenv("AIRFLOW_CONN_STATE", airflow_connection(url))
        for _ in range(2):
            with LeadwayHook(conn_id) as hook:
                assert hook.get_location().id == LOCATION
        assert sum(call.path == "/oauth/token" for call in sandbox.journal.calls) == 1
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            secret = connection.scalars(sa.text("SELECT secret FROM leadway_token")).one()
    assert not [token for token in issued(sandbox) if token in secret]
    assert [token in secrecy.decrypt(secret) for token in issued(sandbox)].count(True) == 2


def test_a_private_token_needs_no_state(connect: Connect, tmp_path: Path) -> None:
    """No database is opened or written for a token that does not rotate."""
    with LeadwayHook(connect(auth="token", refresh_token="")) as hook:
        hook.client()
    assert list(tmp_path.iterdir()) == []


def test_one_agencys_connection_serves_every_location(connect: Connect) -> None:
    """Each hook names its location."""
    conn_id = connect(auth="agency", refresh_token="sandbox-agency-refresh-token", company_id="sandbox-company")
    for location_id in (LOCATION, "second-location"):
        with LeadwayHook(conn_id, location_id=location_id) as hook:
            assert hook.get_location().id == location_id


def test_an_agencys_connection_without_a_location_is_an_error(connect: Connect) -> None:
    """The error comes before a call is sent."""
    conn_id = connect(auth="agency", company_id="sandbox-company", location_id="")
    with pytest.raises(ConnectionSettingsError, match=r"'crm' names no account.*location_id"):
        LeadwayHook(conn_id).get_location()


def test_the_test_of_an_agencys_connection_needs_no_location(connect: Connect) -> None:
    """It serves all accounts, and its test says how many there are; with a location it is tested like any other."""
    agency = {"auth": "agency", "refresh_token": "sandbox-agency-refresh-token", "company_id": "sandbox-company"}
    with LeadwayHook(connect(**agency, location_id="")) as hook:
        assert hook.test_connection() == (True, "The agency's token works; its app is installed in 2 accounts.")
    with LeadwayHook(connect(**agency)) as hook:
        assert LOCATION in hook.test_connection()[1]


def test_stored_tokens_are_encrypted_with_airflows_key(connect: Connect, sandbox: Service, tmp_path: Path) -> None:
    """Neither token is readable in the file, and with the key both are."""
    with LeadwayHook(connect()) as hook:
        hook.get_location()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [token for token in issued(sandbox) if token.encode() in written]
    assert b"sandbox-secret" not in written
    (secret,) = stored_secrets(tmp_path / "leadway_state.db")
    assert [token in secrecy.decrypt(secret) for token in issued(sandbox)].count(True) == 2


UseKeys = Callable[..., None]


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseKeys]:
    """Return a function that sets the Fernet keys of Airflow's configuration; no key at all is possible too."""

    def use(*keys: bytes) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", ",".join(key.decode() for key in keys))
        forget_fernet()

    yield use
    forget_fernet()


def test_without_a_key_nothing_is_stored_and_nothing_is_used_up(
    connect: Connect, sandbox: Service, use_keys: UseKeys
) -> None:
    """Tokens are never stored in clear text: the error says what to set, and no call is sent."""
    use_keys()
    with pytest.raises(ConfigurationError, match="fernet_key"):
        LeadwayHook(connect()).get_location()
    assert sandbox.journal.total == 0


@pytest.mark.skipif(VERSION < (3, 2), reason="with such a key, Airflow 3.1 finds no connection that has a password")
def test_an_unusable_key_is_like_no_key(connect: Connect, sandbox: Service, use_keys: UseKeys) -> None:
    """The error names the setting and does not repeat what is set there."""
    use_keys(b"not-a-fernet-key")
    with pytest.raises(ConfigurationError, match="fernet_key") as caught:
        LeadwayHook(connect()).get_location()
    assert "not-a-fernet-key" not in str(caught.value)
    assert sandbox.journal.total == 0


def test_a_key_may_be_rotated(connect: Connect, use_keys: UseKeys) -> None:
    """With the old key after the new one the tokens stay readable; without it the error says what to do."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    for keys in ((old,), (new, old)):
        use_keys(*keys)
        LeadwayHook(connect()).get_location()
    use_keys(new)
    with pytest.raises(ConfigurationError, match=r"fernet_key can't decrypt.*after the new one"):
        LeadwayHook(connect()).get_location()


def test_airflow_masks_every_token(connect: Connect, sandbox: Service) -> None:
    """Both renewed tokens and stored ones are masked."""
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
    """Every run logs the warning, with the connection's name."""
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            _ = LeadwayHook(connect(verify=verify)).settings
        assert ("'crm': the server's certificate is not checked" in caplog.text) is warned
