"""What an Airflow connection says about the API, checked; no Airflow here."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from leadway_provider.api.credentials import EXTRAS as CREDENTIAL_EXTRAS
from leadway_provider.api.credentials import Credentials, read_credentials
from leadway_provider.exceptions import ConnectionSettingsError

DEFAULT_HOST: Final = "https://services.leadconnectorhq.com"

ALLOWED: Final = {
    "host": "a host name or an http(s) address without user, query or fragment",
    "location_id": "letters, digits, `-` and `_`",
    "api_version": "a version such as `2021-07-28` or `v3`",
    "quota_requests": "a whole number from 1 to 100000: calls in an interval",
    "quota_seconds": "a number from 0.1 to 3600: the interval's seconds",
    "timeout": "a number of seconds above 0 and up to 600",
    "verify": "true, false, or the path of a file or folder of certificates",
    "proxy": "an address that begins with http:// or https://",
    "allow_http": "true or false",
    "state_conn_id": "the id of a connection to a SQL database",
}
"""Every setting and what it may be, as errors tell it."""

_EXTRAS: Final = tuple(name for name in ALLOWED if name != "host")
_SWITCHES: Final = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)
_log = logging.getLogger(__name__)


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a truth value is no number")  # noqa: TRY004 - pydantic collects ValueErrors only
    return value


def _switch(value: object) -> object:
    return _SWITCHES.get(value.strip().lower(), value) if isinstance(value, str) else value


class ConnectionSettings(BaseModel):
    """How to reach an account, and how fast.

    Attributes:
        conn_id: the Airflow connection's id, for messages.
        base_url: scheme, host, port and path prefix, without a slash at the end.
        credentials: who calls.
        location_id: the account, or None where each use names it.
        api_version: sent as the `Version` header.
        quota_requests: calls in an interval, until the API tells better.
        quota_seconds: the interval in seconds.
        timeout: seconds that connecting, and each pause while an answer is read, may take.
        verify: whether the server's certificate is checked, or what it is checked against.
        proxy: the address of a proxy; it may hold a password and is never shown.
        state_conn_id: the Airflow connection of the database where rotating tokens are kept, or None for the default.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    conn_id: str
    base_url: str
    credentials: Credentials
    location_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    api_version: str = Field(default="2021-07-28", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    quota_requests: Annotated[int, BeforeValidator(_number), Field(ge=1, le=100_000)] = 100
    quota_seconds: Annotated[float, BeforeValidator(_number), Field(ge=0.1, le=3600)] = 10.0
    timeout: Annotated[float, BeforeValidator(_number), Field(gt=0, le=600)] = 30.0
    verify: Annotated[bool | str, BeforeValidator(_switch)] = True
    proxy: str | None = Field(default=None, repr=False)
    state_conn_id: str | None = None

    @field_validator("verify")
    @classmethod
    def _existing(cls, verify: bool | str) -> bool | str:  # noqa: FBT001 - pydantic calls it
        if isinstance(verify, str) and not Path(verify).exists():
            raise ValueError("no such path")
        return verify

    @field_validator("proxy")
    @classmethod
    def _http_proxy(cls, proxy: str | None) -> str | None:
        if proxy is not None and not (urlsplit(proxy).scheme in ("http", "https") and urlsplit(proxy).hostname):
            raise ValueError("not an address of a proxy")
        return proxy

    @classmethod
    def from_connection(
        cls,
        conn_id: str,
        *,
        schema: str | None,
        host: str | None,
        port: int | None,
        login: str | None = None,
        password: str | None,
        extra: Mapping[str, object],
        location_id: str | None = None,
    ) -> ConnectionSettings:
        """Read the parts of an Airflow connection; blank parts count as absent.

        Extras with names of others are left alone; one that looks like a slip of ours is warned about.

        Args:
            conn_id: the connection's id.
            schema: `https` or `http`, where `host` carries no scheme.
            host: a host name or an address; the public API where absent.
            port: the port, where `host` carries none.
            login: the OAuth app's client id, where the connection's extra `auth` asks for one.
            password: the private integration token, or the app's client secret.
            extra: the connection's extra fields.
            location_id: the account, above the one that the connection names.

        Raises:
            ConnectionSettingsError: a setting can't be used; the message names it and says what is allowed.
        """
        given = {name: value for name, value in extra.items() if value not in (None, "")}
        _warn_of_slips(conn_id, given)
        values = {name: given[name] for name in _EXTRAS if name in given and name != "allow_http"}
        if location_id:
            values["location_id"] = location_id
        if (allow_http := _switch(given.get("allow_http", False))) not in (True, False):
            raise _unusable(conn_id, "allow_http")
        base_url = _base_url(conn_id, schema, host, port, allow_http=allow_http is True)
        credentials = read_credentials(conn_id, login=login, password=password, extra=given)
        try:
            return cls.model_validate({"conn_id": conn_id, "base_url": base_url, "credentials": credentials, **values})
        except ValidationError as invalid:
            setting = str(invalid.errors(include_input=False, include_url=False)[0]["loc"][0])
        raise _unusable(conn_id, setting)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return (*self.credentials.secrets, *((self.proxy,) if self.proxy else ()))

    def account(self, location_id: str | None = None) -> str:
        """The account to talk to: the one that is passed, else the connection's.

        Raises:
            ConnectionSettingsError: neither is there.
        """
        if location := location_id or self.location_id:
            return location
        raise ConnectionSettingsError(
            f"Connection {self.conn_id!r} names no account: set its extra `location_id`, or pass `location_id`."
        )

    def ssl_context(self) -> ssl.SSLContext | bool:
        """The certificates to check against where the connection names them, else whether to check at all."""
        if isinstance(self.verify, bool):
            return self.verify
        path = Path(self.verify)
        try:
            if path.is_dir():
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError):
            pass
        raise _unusable(self.conn_id, "verify")


def _base_url(conn_id: str, schema: str | None, host: str | None, port: int | None, *, allow_http: bool) -> str:
    address = (host or "").strip() or DEFAULT_HOST
    if "://" not in address:
        if address.count(":") > 1 and not address.startswith("["):
            address = f"[{address}]"
        address = f"{schema}://{address}" if schema else f"//{address}"
    try:
        url = urlsplit(address)
        name, port = url.hostname, url.port or port
    except ValueError:
        raise _unusable(conn_id, "host") from None
    if not name or any(c.isspace() for c in address) or "@" in url.netloc or url.query or url.fragment:
        raise _unusable(conn_id, "host")
    scheme = url.scheme or ("http" if is_loopback(name) else "https")
    if scheme not in ("http", "https"):
        raise _unusable(conn_id, "host")
    if scheme == "http" and not allow_http and not is_loopback(name):
        raise ConnectionSettingsError(
            f"Connection {conn_id!r}: host {name!r} is to be reached over plain http, which would show the token to "
            "the network. Use https, or set the extra `allow_http` to true."
        )
    place = f"[{name}]" if ":" in name else name
    return f"{scheme}://{place}{f':{port}' if port else ''}{url.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _warn_of_slips(conn_id: str, given: Mapping[str, object]) -> None:
    known = (*_EXTRAS, *CREDENTIAL_EXTRAS)
    for name in given.keys() - set(known):
        if near := get_close_matches(name, known, n=1, cutoff=0.8):
            _log.warning("Connection %r: extra %r is not known and not used; is %r meant?", conn_id, name, near[0])


def _unusable(conn_id: str, setting: str) -> ConnectionSettingsError:
    where = "host" if setting == "host" else f"extra `{setting}`"
    return ConnectionSettingsError(f"Connection {conn_id!r}: {where} must be {ALLOWED[setting]}.")
