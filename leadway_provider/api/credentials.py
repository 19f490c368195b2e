"""The credentials for the API: a private integration token, or an OAuth app with a refresh token that rotates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.printable import printable_log

AuthKind: TypeAlias = Literal["token", "oauth", "agency"]

EXTRAS: Final = ("auth", "refresh_token", "company_id")
"""The extras of a connection that this module reads."""

_WHERE: Final = {
    "token": "the password",
    "client_id": "login",
    "client_secret": "the password",
    "refresh_token": "extra `refresh_token`",
    "company_id": "extra `company_id`",
}
_MEANING: Final = {
    "token": "the account's private integration token",
    "client_id": "the app's client id",
    "client_secret": "the app's client secret",
    "refresh_token": "the refresh token from connecting the app",
    "company_id": "the agency's id",
}
_log = printable_log(__name__)


def _one_word(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("not one word")
    return secret


_Word: TypeAlias = Annotated[SecretStr, AfterValidator(_one_word)]


class PrivateToken(BaseModel):
    """A private integration token, which stays the same until a person changes it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    token: _Word

    @property
    def app(self) -> str:
        """A name for whatever has a quota of its own (documented: the app), which does not show the token."""
        return f"token {hashlib.sha256(self.token.get_secret_value().encode()).hexdigest()[:16]}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return (self.token.get_secret_value(),)


class OAuthApp(BaseModel):
    """An OAuth app that was connected to one account, or to an agency and with it to many.

    Attributes:
        client_id: the app's client id.
        client_secret: the app's client secret.
        refresh_token: the first refresh token; the API replaces it with every use.
        company_id: the agency if the app was connected to one, else None.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]
    client_secret: _Word
    refresh_token: _Word
    company_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = None

    @property
    def app(self) -> str:
        """As `PrivateToken.app`."""
        return f"app {self.client_id}"[:64]

    @property
    def user_type(self) -> Literal["Company", "Location"]:
        """The API's word for the kind of account that the app was connected to."""
        return "Location" if self.company_id is None else "Company"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return (self.client_secret.get_secret_value(), self.refresh_token.get_secret_value())


Credentials: TypeAlias = PrivateToken | OAuthApp


def read_credentials(
    conn_id: str, *, login: str | None, password: str | None, extra: Mapping[str, object]
) -> Credentials:
    """Return the credentials of an Airflow connection; whitespace around them is removed.

    Args:
        conn_id: the connection's id.
        login: the app's client id, for `oauth` and `agency`.
        password: the private integration token, or the app's client secret.
        extra: the connection's extra fields that are not blank.

    Raises:
        ConnectionSettingsError: a part is missing or can't be used; the message names it.
    """
    auth = extra.get("auth", "token")
    given = {"client_id": login, "client_secret": password, **{name: extra.get(name) for name in EXTRAS[1:]}}
    model: type[Credentials] = OAuthApp
    match auth:
        case "token":
            model, needed = PrivateToken, ["token"]
            given = {"token": password}
            _warn_of_unused(conn_id, extra, ("refresh_token", "company_id"), auth)
        case "oauth":
            needed = ["client_id", "client_secret", "refresh_token"]
            _warn_of_unused(conn_id, extra, ("company_id",), auth)
        case "agency":
            needed = ["client_id", "client_secret", "refresh_token", "company_id"]
        case _:
            raise ConnectionSettingsError(
                f"Connection {conn_id!r}: extra `auth` must be 'token', 'oauth' or 'agency'; left out, it is 'token'."
            )
    values = {name: text for name in needed if (text := str(given[name] or "").strip())}
    if missing := [name for name in needed if name not in values]:
        raise ConnectionSettingsError(
            f"Connection {conn_id!r} lacks what auth {auth!r} needs: "
            + "; ".join(f"{_WHERE[name]} ({_MEANING[name]})" for name in missing)
            + "."
        )
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        name = str(invalid.errors(include_input=False, include_url=False)[0]["loc"][0])
    raise ConnectionSettingsError(
        f"Connection {conn_id!r}: {_WHERE[name]} must be {_MEANING[name]} alone, without spaces, line breaks or the "
        "word Bearer."
    )


def _warn_of_unused(conn_id: str, extra: Mapping[str, object], names: tuple[str, ...], auth: AuthKind) -> None:
    for name in names:
        if name in extra:
            _log.warning(
                "Connection %r: extra `%s` is not used where `auth` is %r; is 'oauth' or 'agency' meant?",
                conn_id,
                name,
                auth,
            )
