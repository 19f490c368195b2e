"""The credentials of a connection, and the errors for missing parts."""

from __future__ import annotations

import logging

import pytest

from leadway_provider.api.credentials import OAuthApp, PrivateToken, read_credentials
from leadway_provider.exceptions import ConnectionSettingsError

REFRESH = "refresh-8d1f"
OAUTH = {"auth": "oauth", "refresh_token": REFRESH}
AGENCY = {"auth": "agency", "refresh_token": REFRESH, "company_id": "company-1"}


def test_the_password_is_a_private_integration_token_by_default() -> None:
    """The simplest connection has a private integration token."""
    credentials = read_credentials("crm", login="somebody", password="pit-1 ", extra={})
    assert isinstance(credentials, PrivateToken)
    assert credentials.secrets == ("pit-1",)


@pytest.mark.parametrize(("extra", "user_type"), [(OAUTH, "Location"), (AGENCY, "Company")])
def test_an_app_of_an_account_or_an_agency(extra: dict[str, object], user_type: str) -> None:
    """Login and password belong to the app, and the refresh token is in the extra."""
    credentials = read_credentials("crm", login=" app-1", password="app-secret", extra=extra)
    assert isinstance(credentials, OAuthApp)
    assert (credentials.client_id, credentials.user_type) == ("app-1", user_type)
    assert credentials.secrets == ("app-secret", REFRESH)


def test_one_error_names_every_missing_part() -> None:
    """The message says what belongs into each part."""
    with pytest.raises(ConnectionSettingsError) as caught:
        read_credentials("crm", login=None, password=None, extra={"auth": "agency"})
    for part in ("'crm'", "login", "client id", "password", "client secret", "`refresh_token`", "`company_id`"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "login", "says"),
    [
        ({"auth": "Oauth2"}, "app-1", "`auth` must be"),
        ({**OAUTH, "refresh_token": "Bearer word-1"}, "app-1", "`refresh_token` must be"),
        ({**AGENCY, "company_id": "../x"}, "app-1", "`company_id` must be"),
        (OAUTH, "app 1", "login must be"),
    ],
)
def test_an_unusable_part_is_named_and_not_shown(extra: dict[str, object], login: str, says: str) -> None:
    """The message names the part and does not show its value."""
    with pytest.raises(ConnectionSettingsError, match=says) as caught:
        read_credentials("crm", login=login, password="app-secret", extra=extra)
    assert "word-1" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_unused_refresh_token_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    """A person who forgot `auth` is warned that the refresh token is not used."""
    with caplog.at_level(logging.WARNING):
        read_credentials("crm", login=None, password="pit-1", extra={"refresh_token": REFRESH})
    assert "`refresh_token` is not used" in caplog.text
    assert REFRESH not in caplog.text


def test_secrets_are_not_in_a_repr() -> None:
    """No repr of a token or of an app shows a secret."""
    app = read_credentials("crm", login="app-1", password="app-secret", extra=OAUTH)
    token = read_credentials("crm", login=None, password="pit-1", extra={})
    shown = f"{app!r} {token!r} {app} {token}"
    assert not [secret for secret in (*app.secrets, *token.secrets) if secret in shown]
