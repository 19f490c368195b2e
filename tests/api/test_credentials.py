"""Who calls, as a connection says it, and what is said about one that says too little."""

from __future__ import annotations

import logging

import pytest

from leadway_provider.api.credentials import OAuthApp, PrivateToken, read_credentials
from leadway_provider.exceptions import ConnectionSettingsError

REFRESH = "refresh-8d1f"
OAUTH = {"auth": "oauth", "refresh_token": REFRESH}
AGENCY = {"auth": "agency", "refresh_token": REFRESH, "company_id": "company-1"}


def test_the_password_is_a_token_where_nothing_else_is_said() -> None:
    """The simplest connection has a private integration token."""
    credentials = read_credentials("crm", login="somebody", password="pit-1 ", extra={})
    assert isinstance(credentials, PrivateToken)
    assert credentials.secrets == ("pit-1",)


@pytest.mark.parametrize(("extra", "user_type"), [(OAUTH, "Location"), (AGENCY, "Company")])
def test_an_app_of_an_account_or_an_agency(extra: dict[str, object], user_type: str) -> None:
    """Login and password are the app's, the refresh token is in the extra."""
    credentials = read_credentials("crm", login=" app-1", password="app-secret", extra=extra)
    assert isinstance(credentials, OAuthApp)
    assert (credentials.client_id, credentials.user_type) == ("app-1", user_type)
    assert credentials.secrets == ("app-secret", REFRESH)


def test_what_is_missing_is_named_all_at_once() -> None:
    """One error names every field to fill in, and what belongs there."""
    with pytest.raises(ConnectionSettingsError) as caught:
        read_credentials("crm", login=None, password=None, extra={"auth": "agency"})
    for said in ("'crm'", "login", "client id", "password", "client secret", "`refresh_token`", "`company_id`"):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "login", "says"),
    [
        ({"auth": "Oauth2"}, "app-1", "`auth` must be"),
        ({**OAUTH, "refresh_token": "Bearer word-1"}, "app-1", "`refresh_token` must be"),
        ({**AGENCY, "company_id": "../x"}, "app-1", "`company_id` must be"),
        (OAUTH, "app 1", "login must be"),
    ],
)
def test_what_can_not_be_used_is_named_and_not_shown(extra: dict[str, object], login: str, says: str) -> None:
    """The message says which field, without its value."""
    with pytest.raises(ConnectionSettingsError, match=says) as caught:
        read_credentials("crm", login=login, password="app-secret", extra=extra)
    assert "word-1" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_refresh_token_without_its_kind_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody who fills it in and leaves `auth` alone learns why it isn't used."""
    with caplog.at_level(logging.WARNING):
        read_credentials("crm", login=None, password="pit-1", extra={"refresh_token": REFRESH})
    assert "`refresh_token` is not used" in caplog.text
    assert REFRESH not in caplog.text


def test_secrets_are_not_in_a_repr() -> None:
    """Neither of a token nor of an app."""
    app = read_credentials("crm", login="app-1", password="app-secret", extra=OAUTH)
    token = read_credentials("crm", login=None, password="pit-1", extra={})
    shown = f"{app!r} {token!r} {app} {token}"
    assert not [secret for secret in (*app.secrets, *token.secrets) if secret in shown]
