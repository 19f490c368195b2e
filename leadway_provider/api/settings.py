"""The settings of an Airflow connection, checked. This module does not import Airflow."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from leadway_provider.api.credentials import EXTRAS as CREDENTIAL_EXTRAS
from leadway_provider.api.credentials import Credentials, read_credentials
from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.printable import printable_log

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
"""Every setting with the values that it allows, as messages say it."""

LOCATION_ID: Final = r"^[A-Za-z0-9_-]{1,64}$"
"""What the id of a location is, as far as is known; the state store keeps 64 characters."""

_EXTRAS: Final = tuple(name for name in ALLOWED if name != "host")
_BOOLEANS: Final = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)
_LONGEST_ADDRESS: Final = 8000
_log = printable_log(__name__)


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")  # noqa: TRY004 - pydantic collects ValueErrors only
    return value


def _boolean(value: object) -> object:
    return _BOOLEANS.get(value.strip().lower(), value) if isinstance(value, str) else value


class ConnectionSettings(BaseModel):
    """How to reach an account, and how fast.

    Attributes:
        conn_id: the id of the Airflow connection, for messages.
        base_url: scheme, host, port and path prefix, without a slash at the end.
        credentials: the token or the app.
        location_id: the account, or None if each task names it.
        api_version: the value of the `Version` header.
        quota_requests: the calls in an interval, until the API's headers give another number.
        quota_seconds: the length of the interval in seconds.
        timeout: the longest time in seconds for connecting, and for each pause while an answer is read.
        verify: whether the server's certificate is checked, or the path of the certificates to check it against.
        proxy: the address of a proxy; it may hold a password and is never shown.
        state_conn_id: the Airflow connection to the database that keeps rotating tokens, or None for the default.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    conn_id: str
    base_url: str
    credentials: Credentials
    location_id: Annotated[str, Field(pattern=LOCATION_ID)] | None = None
    api_version: str = Field(default="2021-07-28", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    quota_requests: Annotated[int, BeforeValidator(_number), Field(ge=1, le=100_000)] = 100
    quota_seconds: Annotated[float, BeforeValidator(_number), Field(ge=0.1, le=3600)] = 10.0
    timeout: Annotated[float, BeforeValidator(_number), Field(gt=0, le=600)] = 30.0
    verify: Annotated[bool | str, BeforeValidator(_boolean)] = True
    proxy: str | None = Field(default=None, repr=False)
    state_conn_id: str | None = None

    @field_validator("api_version")
    @classmethod
    def _as_published(cls, api_version: str) -> str:
        return api_version.lower()

    @field_validator("verify")
    @classmethod
    def _existing(cls, verify: bool | str) -> bool | str:  # noqa: FBT001 - pydantic calls it
        if isinstance(verify, str) and not Path(verify).exists():
            raise ValueError("no such path")
        return verify

    @field_validator("proxy")
    @classmethod
    def _http_proxy(cls, proxy: str | None) -> str | None:
        if proxy is not None and not _is_proxy(proxy):
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
        """Return the settings in the parts of an Airflow connection; blank parts count as absent.

        Extras with other names are ignored; if such a name is close to a known one, a warning is logged.

        Args:
            conn_id: the connection's id.
            schema: `https` or `http`, if `host` has no scheme.
            host: a host name or an address; the public API if it is absent.
            port: the port, if `host` has none.
            login: the OAuth app's client id, if the connection's extra `auth` requires one.
            password: the private integration token, or the app's client secret.
            extra: the connection's extra fields.
            location_id: the account, instead of the one that the connection names.

        Raises:
            ConnectionSettingsError: a setting can't be used; the message names it and the allowed values.
        """
        given = {name: value for name, value in extra.items() if value not in (None, "")}
        _warn_of_misspelt_extras(conn_id, given)
        values = {name: given[name] for name in _EXTRAS if name in given and name != "allow_http"}
        if location_id:
            values["location_id"] = location_id
        if (allow_http := _boolean(given.get("allow_http", False))) not in (True, False):
            raise _unusable(conn_id, "allow_http")
        base_url = _base_url(conn_id, schema, host, port, allow_http=allow_http is True)
        credentials = read_credentials(conn_id, login=login, password=password, extra=given)
        try:
            return cls.model_validate({"conn_id": conn_id, "base_url": base_url, "credentials": credentials, **values})
        except ValidationError as invalid:
            setting = str(invalid.errors(include_input=False, include_url=False)[0]["loc"][0])
        raise _unusable(conn_id, setting)

    def of_location(self, location_id: str) -> ConnectionSettings:
        """Return the same settings for another account.

        Raises:
            ConnectionSettingsError: the text is not the id of a location.
        """
        if not is_location_id(location_id):
            raise _unusable(self.conn_id, "location_id")
        return self.model_copy(update={"location_id": location_id})

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown, those of the environment's proxy among them."""
        proxy = self.proxy or _proxy_of_environment(self.base_url)
        return (*self.credentials.secrets, *(_secrets_of(proxy) if proxy else ()))

    def proxy_to_use(self) -> str | None:
        """Return the address of the connection's proxy, or else of the environment's, or None.

        Raises:
            ConnectionSettingsError: the environment's proxy is not the address of one.
        """
        if self.proxy or (found := _proxy_of_environment(self.base_url)) is None:
            return self.proxy
        if not _is_proxy(found):
            scheme = urlsplit(self.base_url).scheme.upper()
            raise ConnectionSettingsError(
                f"Connection {self.conn_id!r}: the environment variable {scheme}_PROXY, or ALL_PROXY, in capital or "
                f"small letters, must be {ALLOWED['proxy']}."
            )
        return found

    def account(self, location_id: str | None = None) -> str:
        """Return the given account, or else the one of the connection.

        Raises:
            ConnectionSettingsError: neither names an account.
        """
        if location := location_id or self.location_id:
            return location
        raise ConnectionSettingsError(
            f"Connection {self.conn_id!r} names no account: set its extra `location_id`, or pass `location_id`."
        )

    def ssl_context(self) -> ssl.SSLContext | bool:
        """Return the certificates to check against if the connection names them, else whether to check at all."""
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
            f"Connection {conn_id!r}: host {name!r} would be reached over plain http, which shows the token to the "
            "network. Use https, or set the extra `allow_http` to true."
        )
    bracketed = f"[{name}]" if ":" in name else name
    return f"{scheme}://{bracketed}{f':{port}' if port else ''}{url.path.rstrip('/')}"


def is_location_id(text: str) -> bool:
    """Return True if a text can be the id of a location."""
    return re.fullmatch(LOCATION_ID, text) is not None


def is_loopback(host: str) -> bool:
    """Return True if a host name means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_proxy(address: str) -> bool:
    """Return True for what httpx takes too, whose own errors would quote a part of the address."""
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or any(map(str.isspace, address)):
        return False
    try:
        url = urlsplit(address)
        host = url.hostname or ""
        return url.scheme in ("http", "https") and bool(host) and host.isascii() and url.port != 0
    except ValueError:
        return False


def _proxy_of_environment(base_url: str) -> str | None:
    url = urlsplit(base_url)
    host = url.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


def _secrets_of(proxy: str) -> tuple[str, ...]:
    """Return the address, which may hold a password, and the password, also where the address has no scheme.

    A user without a password is a token.
    """
    before, at, _ = proxy.rpartition("@")
    user, _, password = before.rpartition("://")[2].partition(":") if at else ("", "", "")
    secret = password or user
    return tuple(filter(None, (proxy, secret, unquote(secret))))


def _warn_of_misspelt_extras(conn_id: str, given: Mapping[str, object]) -> None:
    known = (*_EXTRAS, *CREDENTIAL_EXTRAS)
    for name in given.keys() - set(known):
        if near := get_close_matches(name, known, n=1, cutoff=0.8):
            _log.warning("Connection %r: extra %r is unknown and not used; is %r meant?", conn_id, name, near[0])


def _unusable(conn_id: str, setting: str) -> ConnectionSettingsError:
    where = "host" if setting == "host" else f"extra `{setting}`"
    return ConnectionSettingsError(f"Connection {conn_id!r}: {where} must be {ALLOWED[setting]}.")
