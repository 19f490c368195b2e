"""The hook's connection as Airflow finds it: settings, the test of a connection, and secrets."""

from __future__ import annotations

import json
import logging
import traceback
from urllib.parse import quote, urlsplit

import pytest
from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import Connection as SdkConnection
from airflow.providers.common.compat.sdk import redact

from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    ConnectionSettingsError,
    RefusedError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service
from tests.hooks.account import LOCATION, TOKEN, Connect


def test_a_connection_may_be_a_uri(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URI holds host with scheme, port, token and extra, whose values are all text."""
    address = urlsplit(server.url)
    monkeypatch.setenv(
        "AIRFLOW_CONN_CRM",
        f"leadway://http://:{quote(TOKEN, safe='')}@{address.hostname}:{address.port}/"
        f"?location_id={LOCATION}&quota_requests=50&quota_seconds=5&timeout=20&verify=true",
    )
    with LeadwayHook("crm") as hook:
        assert hook.get_location().id == LOCATION
        assert (hook.settings.quota_requests, hook.settings.quota_seconds) == (50, 5)


def test_an_empty_field_of_the_form_means_the_default(connect: Connect) -> None:
    """Airflow's form stores an empty field as null or as an empty text."""
    empty = connect(api_version="", quota_requests=None, quota_seconds="", timeout=None, verify=None, proxy="")
    with LeadwayHook(empty) as hook:
        assert hook.get_custom_fields()
        assert (hook.settings.quota_requests, hook.settings.api_version) == (100, "2021-07-28")


def test_the_location_of_the_hook_replaces_the_one_of_the_connection(connect: Connect) -> None:
    """The error names the location of the hook, for which this token has no access."""
    with LeadwayHook(connect(), location_id="another") as hook, pytest.raises(AccessDeniedError, match="another"):
        hook.get_custom_fields()


def unchecked_hook(password: str, extra: str) -> LeadwayHook:
    """Return a hook whose connection comes past the checks and the masking of Airflow's own look-up."""

    class UncheckedHook(LeadwayHook):
        @classmethod
        def get_connection(cls, conn_id: str) -> SdkConnection:
            return SdkConnection(conn_id=conn_id, conn_type="leadway", password=password, extra=extra)

    return UncheckedHook("crm")


@pytest.mark.parametrize("text", ["{'refresh_token': 'very-secret'}", '["very-secret"]'])
def test_an_extra_that_is_not_a_json_object_is_not_shown(text: str) -> None:
    """The message names the connection; the text, which may hold secrets, appears nowhere."""
    with pytest.raises(ConnectionSettingsError, match="crm") as caught:
        _ = unchecked_hook(TOKEN, text).settings
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))


def test_the_test_of_a_connection_names_account_and_quota(hook: LeadwayHook) -> None:
    """The message has the name of the account and the calls that are left today."""
    works, message = hook.test_connection()
    assert works, message
    assert f"Sandbox {LOCATION}" in message
    assert "199,998 of 200,000" in message


def test_airflows_own_test_of_a_connection_works(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button in the UI tests the connection as a URI and finds the hook by the type."""
    connection = Connection(
        conn_id="crm",
        conn_type="leadway",
        host=server.url.rpartition(":")[0],
        port=server.port,
        password=TOKEN,
        extra=json.dumps({"location_id": LOCATION, "quota_requests": 50, "proxy": None}),
    )
    monkeypatch.setenv("AIRFLOW_CONN_CRM", connection.get_uri())
    works, message = connection.test_connection()  # type: ignore[no-untyped-call]  # Airflow gives it no types
    assert works, message
    assert LOCATION in message


@pytest.mark.parametrize("refusal", [FaultKind.FORBIDDEN, FaultKind.TOKEN_INVALID])
def test_a_connection_without_the_location_scope_works_too(
    hook: LeadwayHook, sandbox: Service, refusal: FaultKind
) -> None:
    """The scope for the account's name is not needed for a sync, so a 403 or 401 for it does not fail the test."""
    sandbox.faults.add(Fault(refusal, times=None, path=f"/locations/{LOCATION}"))
    works, message = hook.test_connection()
    assert works, message
    assert LOCATION in message


def test_a_wrong_token_fails_the_test_of_a_connection(connect: Connect) -> None:
    """The message names the connection's id and the token, without showing it."""
    with LeadwayHook(connect(password="pit-of-another-account")) as hook:
        works, message = hook.test_connection()
        with pytest.raises(AuthenticationError):
            hook.get_custom_fields()
    assert not works
    assert "token" in message
    assert "pit-of-another-account" not in message


def test_a_wrong_location_fails_the_test_of_a_connection(connect: Connect) -> None:
    """A token of one account does not work for another one."""
    with LeadwayHook(connect(location_id="of-another-token")) as hook:
        works, message = hook.test_connection()
    assert not works
    assert "location" in message


def test_an_unusable_setting_fails_the_test_of_a_connection(connect: Connect) -> None:
    """The result is a message and not an exception."""
    works, message = LeadwayHook(connect(quota_requests=-1)).test_connection()
    assert not works
    assert "crm" in message
    assert "quota_requests" in message


def test_the_token_is_shown_nowhere(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """No repr, no log at any level and no traceback holds the token, with and without errors."""
    shown = []
    with caplog.at_level(logging.DEBUG), LeadwayHook(connect()) as hook:
        hook.upsert_contact(email="ann@example.com")
        hook.test_connection()
        try:
            hook.get_contact("gone")
        except RefusedError as error:
            shown.append("".join(traceback.format_exception(error)))
        shown += [repr(hook), str(hook), repr(hook.settings), str(hook.settings), repr(hook.client()), caplog.text]
    assert len(shown) == 7
    assert [text for text in shown if TOKEN in text] == []


def test_airflow_masks_the_secrets_from_then_on() -> None:
    """Any code that logs a secret logs asterisks, also if Airflow's own look-up did not mask it."""
    secrets = ["pit-only-here", "http://user:proxy-word@127.0.0.1:3128", "oauth-only-here", "proxy-word"]
    extra = {"location_id": "plain-location", "proxy": secrets[1], "client_secret": secrets[2]}
    assert redact(secrets) == secrets
    _ = unchecked_hook(secrets[0], json.dumps(extra)).settings
    assert redact([f"of {secret}" for secret in secrets]) == ["of ***"] * 4
    assert redact("of plain-location") == "of plain-location"
