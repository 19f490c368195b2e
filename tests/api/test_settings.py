"""What a connection may say, and what is said about one that can't be used."""

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
    """Read a connection that says nothing but a token, with these changes."""
    given: dict[str, Any] = {"schema": None, "host": None, "port": None, "password": TOKEN, "extra": extra or {}}
    return ConnectionSettings.from_connection("crm", **(given | parts))


def test_a_token_is_enough() -> None:
    """Everything else has a default: the public API, its documented quota, checked certificates."""
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
    """Host, scheme and port may come in the ways that people fill in a connection's form."""
    assert read(**parts).base_url == base_url


@pytest.mark.parametrize("parts", [{"host": "http://api.example.com"}, {"host": "api.example.com", "schema": "http"}])
def test_a_token_is_not_sent_in_clear(parts: dict[str, Any]) -> None:
    """Plain http to another machine is refused, with the way to allow it."""
    with pytest.raises(ConnectionSettingsError, match=r"'crm'.*plain http.*allow_http"):
        read(**parts)


def test_values_as_text() -> None:
    """Numbers and truth values may be given as text, as a form or a URI gives them; blanks count as absent."""
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
    """A location that is passed stands above the connection's."""
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
    """The error names connection and setting, says what is allowed, and doesn't repeat the value."""
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
    """A host that is none is refused without being repeated: it may hold a password."""
    with pytest.raises(ConnectionSettingsError, match=r"Connection 'crm': host must be") as caught:
        read(host=host)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("password", [None, "", "  ", f"Bearer {TOKEN}", f"{TOKEN}\nX: y", "tøken"])
def test_a_bad_token(password: str | None) -> None:
    """A token that can't be one is refused and not shown."""
    with pytest.raises(ConnectionSettingsError, match="'crm'") as caught:
        read(password=password)
    assert TOKEN not in str(caught.value)


def test_whitespace_around_a_token_is_a_slip_of_the_clipboard() -> None:
    """It is removed."""
    assert read(password=f" {TOKEN}\n").secrets == (TOKEN,)


def test_secrets_are_not_shown() -> None:
    """Neither the token nor a proxy's password is in the settings' repr."""
    shown = repr(read({"proxy": "http://user:hunter2@127.0.0.1:3128"}))
    assert TOKEN not in shown
    assert "hunter2" not in shown


def test_extras_of_others_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """An extra of somebody else is ignored; one that looks like a slip is warned about with what may be meant."""
    with caplog.at_level(logging.WARNING):
        settings = read({"team": "growth", "quota_request": 5})
    assert settings.quota_requests == 100
    assert "team" not in caplog.text
    assert "'quota_request'" in caplog.text
    assert "'quota_requests'" in caplog.text


def test_own_certificates(tmp_path: Path) -> None:
    """`verify` may be a file or a folder of certificates; a file that holds none is an error of that setting."""
    assert read({"verify": certifi.where()}).ssl_context()
    assert read({"verify": str(tmp_path)}).ssl_context()
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConnectionSettingsError, match="`verify`"):
        read({"verify": str(tmp_path / "empty.pem")}).ssl_context()
