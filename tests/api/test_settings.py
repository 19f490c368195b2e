"""The settings of a connection, and the errors for settings that can't be used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import certifi
import pytest

from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.exceptions import ConnectionSettingsError

TOKEN = "pit-3f2c9a7e-secret"


def read(extra: Mapping[str, object] | None = None, **parts: Any) -> ConnectionSettings:
    """Return the settings of a connection that has a token and these parts."""
    given: dict[str, Any] = {"schema": None, "host": None, "port": None, "password": TOKEN, "extra": extra or {}}
    return ConnectionSettings.from_connection("crm", **(given | parts))


def test_a_token_is_enough() -> None:
    """Every other setting has a default: the public API, its documented quota, and checked certificates."""
    settings = read()
    assert settings.base_url == "https://services.leadconnectorhq.com"
    assert settings.secrets == (TOKEN,)
    assert (settings.quota_requests, settings.quota_seconds, settings.timeout) == (100, 10.0, 30.0)
    assert (settings.api_version, settings.verify, settings.proxy) == ("2021-07-28", True, None)
    assert settings.location_id is None


@pytest.mark.parametrize(
    ("parts", "base_url"),
    [
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "api.example.com", "port": 0}, "https://api.example.com"),
        ({"host": "https://api.example.com/"}, "https://api.example.com"),
        ({"host": "https://api.example.com/crm/", "port": 8443}, "https://api.example.com:8443/crm"),
        ({"host": "api.example.com", "schema": "https", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "api.example.com:8443", "port": 1}, "https://api.example.com:8443"),
        ({"host": "127.0.0.1", "port": 8000}, "http://127.0.0.1:8000"),
        ({"host": "localhost:8000"}, "http://localhost:8000"),
        ({"host": "::1", "port": 8000}, "http://[::1]:8000"),
        ({"host": "[::1]:8000"}, "http://[::1]:8000"),
        ({"host": "127.0.0.1", "schema": "https"}, "https://127.0.0.1"),
        ({"host": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000"),
        ({"host": "http://proxy.example.com", "extra": {"allow_http": True}}, "http://proxy.example.com"),
        ({"host": "proxy.example.com", "schema": "http", "extra": {"allow_http": "yes"}}, "http://proxy.example.com"),
        ({"host": "  "}, "https://services.leadconnectorhq.com"),
    ],
)
def test_the_address(parts: dict[str, Any], base_url: str) -> None:
    """Host, scheme and port may be given in the forms that people use in a connection form."""
    assert read(**parts).base_url == base_url


@pytest.mark.parametrize("parts", [{"host": "http://api.example.com"}, {"host": "api.example.com", "schema": "http"}])
def test_a_token_is_not_sent_over_plain_http(parts: dict[str, Any]) -> None:
    """Plain http to another machine is an error that says how to allow it."""
    with pytest.raises(ConnectionSettingsError, match=r"'crm'.*plain http.*allow_http"):
        read(**parts)


def test_values_as_text() -> None:
    """Numbers and booleans may be given as text, as in a form or a URI, and blanks count as absent."""
    extra = {
        "location_id": "loc-1",
        "api_version": "v3",
        "quota_requests": "25",
        "quota_seconds": "2.5",
        "timeout": "7",
        "verify": "False",
        "proxy": "",
    }
    settings = read(extra)
    assert (settings.location_id, settings.api_version) == ("loc-1", "v3")
    assert (settings.quota_requests, settings.quota_seconds, settings.timeout) == (25, 2.5, 7.0)
    assert settings.verify is False
    assert settings.proxy is None


def test_the_task_may_name_the_account() -> None:
    """A location that is passed replaces the one of the connection."""
    assert read({"location_id": "loc-1"}, location_id="loc-2").location_id == "loc-2"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("quota_requests", 0),
        ("quota_requests", -5),
        ("quota_requests", "many"),
        ("quota_requests", 2.5),
        ("quota_requests", True),
        ("quota_seconds", 0),
        ("quota_seconds", "nan"),
        ("quota_seconds", "-10"),
        ("timeout", 0),
        ("timeout", "inf"),
        ("verify", "/no/such/certificates.pem"),
        ("verify", 7),
        ("proxy", "proxy.example.com:3128"),
        ("proxy", "socks5://127.0.0.1"),
        ("allow_http", "perhaps"),
        ("api_version", "2021-07-28\r\nX-Evil: 1"),
        ("location_id", "../users"),
    ],
)
def test_a_bad_extra(setting: str, value: object) -> None:
    """The error names connection, setting and allowed values, and does not repeat the value."""
    with pytest.raises(ConnectionSettingsError) as caught:
        read({setting: value})
    assert str(caught.value).startswith(f"Connection 'crm': extra `{setting}` must be ")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "host",
    ["https://user:pass@api.example.com", "ftp://api.example.com", "https://", "https://api.example.com:99999",
     "https://api.example.com/?a=b", "api example.com"],
)  # fmt: skip
def test_a_bad_host(host: str) -> None:
    """The error does not repeat the host, because it may hold a password."""
    with pytest.raises(ConnectionSettingsError, match=r"Connection 'crm': host must be") as caught:
        read(host=host)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("password", [None, "", "  ", f"Bearer {TOKEN}", f"{TOKEN}\nX: y", "tøken"])
def test_a_bad_token(password: str | None) -> None:
    """A token of the wrong form is an error that does not show it."""
    with pytest.raises(ConnectionSettingsError, match="'crm'") as caught:
        read(password=password)
    assert TOKEN not in str(caught.value)


def test_whitespace_around_a_token_is_removed() -> None:
    """It often comes from copying and pasting."""
    assert read(password=f" {TOKEN}\n").secrets == (TOKEN,)


def test_secrets_are_not_shown() -> None:
    """The repr of the settings shows neither the token nor the proxy's password."""
    shown = repr(read({"proxy": "http://user:hunter2@127.0.0.1:3128"}))
    assert TOKEN not in shown
    assert "hunter2" not in shown


def test_unknown_extras_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """An unknown extra with nearly the name of a known one is warned about, with the known name."""
    with caplog.at_level(logging.WARNING):
        settings = read({"team": "growth", "quota_request": 5})
    assert settings.quota_requests == 100
    assert "team" not in caplog.text
    assert "'quota_request'" in caplog.text
    assert "'quota_requests'" in caplog.text


def test_own_certificates(tmp_path: Path) -> None:
    """`verify` may be a file or a folder of certificates, and a file without any is an error of that setting."""
    assert read({"verify": certifi.where()}).ssl_context()
    assert read({"verify": str(tmp_path)}).ssl_context()
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConnectionSettingsError, match="`verify`"):
        read({"verify": str(tmp_path / "empty.pem")}).ssl_context()
