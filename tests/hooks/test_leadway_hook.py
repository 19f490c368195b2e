"""The hook's methods against a local Leadway over HTTP, through connections as Airflow resolves them."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import pytest
from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import Connection as SdkConnection
from airflow.providers.common.compat.sdk import redact

from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    ConnectionSettingsError,
    MappingError,
    RefusedError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings

TOKEN = "pit-9f3b6c1e-sandbox"
LOCATION = "sandbox-location"

Connect = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """A local Leadway, shared because it takes a moment to start."""
    with SandboxServer(Settings(token=TOKEN, location_id=LOCATION)) as server:
        yield server


@pytest.fixture(autouse=True)
def sandbox(server: SandboxServer) -> Service:
    """What the local Leadway serves, as if just started."""
    server.service.reset()
    return server.service


@pytest.fixture
def connect(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Defines the connection `crm` as a JSON environment variable, with changes; gives its id."""

    def define(*, password: str = TOKEN, host: str = server.url, **extra: object) -> str:
        connection = {
            "conn_type": "leadway",
            "host": host,
            "password": password,
            "extra": {"location_id": LOCATION, **extra},
        }
        monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(connection))
        return "crm"

    return define


@pytest.fixture
def hook(connect: Connect) -> Iterator[LeadwayHook]:
    """A hook with everything right."""
    with LeadwayHook(connect()) as hook:
        yield hook


def test_a_contact_is_written_and_read_back(hook: LeadwayHook) -> None:
    """What upsert_contact writes is what get_contact and find_duplicate read."""
    answer = hook.upsert_contact({"email": "ann@example.com", "firstName": "Ann"})
    assert answer.new
    assert hook.get_contact(answer.contact_id).first_name == "Ann"
    found = hook.find_duplicate(email="ann@example.com")
    assert found is not None
    assert found.id == answer.contact_id
    assert not hook.upsert_contact(email="ann@example.com", last_name="Lee").new


def test_nobody_is_found_where_nobody_is(hook: LeadwayHook) -> None:
    """find_duplicate answers None, not an error, for somebody the account doesn't know."""
    assert hook.find_duplicate(phone="+12025550100") is None


def test_names_in_either_spelling_reach_the_api_in_its_own(hook: LeadwayHook, sandbox: Service) -> None:
    """A dict, keyword arguments and both spellings of a name end in one request in the API's names."""
    hook.upsert_contact({"email": "ann@example.com", "postalCode": "10001"}, first_name="Ann", address_1="1 Main St")
    assert sandbox.journal.upserts[0].body == {
        "locationId": LOCATION,
        "email": "ann@example.com",
        "postalCode": "10001",
        "firstName": "Ann",
        "address1": "1 Main St",
    }


def test_a_field_given_twice_is_an_error_before_anything_is_sent(hook: LeadwayHook, sandbox: Service) -> None:
    """Two spellings of one field would leave it to chance which value is sent."""
    with pytest.raises(MappingError, match="firstName"):
        hook.upsert_contact({"email": "ann@example.com", "firstName": "Ann"}, first_name="Anna")
    assert not sandbox.journal.upserts


def test_a_contact_that_names_a_location_is_an_error_before_anything_is_sent(
    hook: LeadwayHook, sandbox: Service
) -> None:
    """The hook's location would win in silence, and the contact land in an account that nobody meant."""
    with pytest.raises(MappingError, match="LeadwayHook"):
        hook.upsert_contact(email="ann@example.com", location_id="another")
    assert not sandbox.journal.upserts


def test_tags_are_added_and_removed(hook: LeadwayHook, sandbox: Service) -> None:
    """Tags change one by one, beside those that the contact has."""
    contact_id = hook.upsert_contact(email="ann@example.com", tags=["vip"]).contact_id
    assert set(hook.add_tags(contact_id, ["customer"]).tags) == {"vip", "customer"}
    hook.remove_tags(contact_id, ["vip"])
    assert sandbox.account.contacts[0].tags == ["customer"]


def test_the_accounts_custom_fields_and_name_are_read(hook: LeadwayHook, sandbox: Service) -> None:
    """Both come as typed models, complete."""
    assert [field.id for field in hook.get_custom_fields()] == [field.id for field in sandbox.account.custom_fields]
    assert hook.get_location().name == f"Sandbox {LOCATION}"


def test_a_refusal_carries_status_reasons_and_no_value(hook: LeadwayHook) -> None:
    """What the API refuses is a RefusedError with its reasons, and says nothing of the contact."""
    with pytest.raises(RefusedError) as caught:
        hook.upsert_contact(email="ann.example", first_name="Annabel")
    assert caught.value.status == 422
    assert caught.value.reasons == ("email must be an email",)
    assert "Annabel" not in str(caught.value)


def test_the_calls_of_a_hook_share_one_client(hook: LeadwayHook) -> None:
    """A loop over contacts must not open a connection, and lose sight of the quota, for each of them."""
    sessions = set()
    for number in range(3):
        hook.upsert_contact(email=f"ann{number}@example.com")
        sessions.add(hook._session)
    assert len(sessions) == 1


def test_the_clients_of_a_hook_keep_to_one_quota(hook: LeadwayHook) -> None:
    """Closing a hook, or going on with its asynchronous client, must not grant the quota anew."""
    hook.get_custom_fields()
    hook.close()
    daily = hook.client().pacer.daily
    assert daily is not None
    hook.get_custom_fields()
    again = hook.client().pacer.daily
    assert again is not None
    assert again.remaining == daily.remaining - 1


def test_a_closed_hook_works_again(connect: Connect) -> None:
    """Closing is for letting go; the next call opens anew, and closing twice does nothing."""
    with LeadwayHook(connect()) as hook:
        hook.get_custom_fields()
    hook.close()
    assert hook.get_custom_fields()
    hook.close()


def test_a_forgotten_close_is_silent(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A hook that is simply dropped closes its HTTP connection itself: no warning, nothing logged."""
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        LeadwayHook(connect()).get_custom_fields()
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_hook_that_is_dropped_amid_an_event_loop_is_silent_too(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """The collector may find a hook while somebody else's loop runs; that loop must not be disturbed."""
    hooks = [LeadwayHook(connect())]
    hooks[0].get_custom_fields()
    session = hooks[0]._session
    assert session is not None

    async def drop() -> None:
        before = set(threading.enumerate())
        hooks.clear()
        gc.collect()
        for thread in set(threading.enumerate()) - before:
            thread.join()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(drop())
    with pytest.raises(RuntimeError, match="closed"):
        session[0].get_loop()
    assert [str(warning.message) for warning in caught] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_blocking_call_inside_an_event_loop_says_what_to_use(hook: LeadwayHook, sandbox: Service) -> None:
    """The error names the way that works there, and the way works."""

    async def wrong() -> None:
        hook.get_custom_fields()

    async def right() -> int:
        async with hook.client() as client:
            return len(await client.get_custom_fields())

    with pytest.raises(ConfigurationError, match=r"async with hook\.client\(\)"):
        asyncio.run(wrong())
    assert asyncio.run(right()) == len(sandbox.account.custom_fields)


def test_a_connection_as_uri_does_too(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URI holds host with scheme, port, token and extra; every value of its extra is a text."""
    address = urlsplit(server.url)
    monkeypatch.setenv(
        "AIRFLOW_CONN_CRM",
        f"leadway://http://:{quote(TOKEN, safe='')}@{address.hostname}:{address.port}/"
        f"?location_id={LOCATION}&quota_requests=50&quota_seconds=5&timeout=20&verify=true",
    )
    with LeadwayHook("crm") as hook:
        assert hook.get_location().id == LOCATION
        assert (hook.settings.quota_requests, hook.settings.quota_seconds) == (50, 5)


def test_what_the_form_leaves_empty_means_the_default(connect: Connect) -> None:
    """Airflow's form saves a field that was left empty as null or as an empty text."""
    empty = connect(api_version="", quota_requests=None, quota_seconds="", timeout=None, verify=None, proxy="")
    with LeadwayHook(empty) as hook:
        assert hook.get_custom_fields()
        assert (hook.settings.quota_requests, hook.settings.api_version) == (100, "2021-07-28")


def test_the_location_of_the_hook_goes_before_that_of_the_connection(connect: Connect) -> None:
    """One connection may serve a task that names another location; this token may not use it."""
    with LeadwayHook(connect(), location_id="another") as hook, pytest.raises(AccessDeniedError, match="another"):
        hook.get_custom_fields()


def found_by_airflow(monkeypatch: pytest.MonkeyPatch, *, password: str, extra: str) -> None:
    """Makes a connection what Airflow finds, past the look-up's own checks and masking."""
    found = SdkConnection(conn_id="crm", conn_type="leadway", password=password, extra=extra)
    monkeypatch.setattr(LeadwayHook, "get_connection", lambda _hook, _conn_id: found)


@pytest.mark.parametrize("extra", ["{'refresh_token': 'very-secret'}", '["very-secret"]'])
def test_an_extra_that_is_no_json_object_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    """The message names the connection; the text, which may hold secrets, appears nowhere."""
    found_by_airflow(monkeypatch, password=TOKEN, extra=extra)
    with pytest.raises(ConnectionSettingsError, match="crm") as caught:
        _ = LeadwayHook("crm").settings
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))


def test_a_working_connection_tells_account_and_quota(hook: LeadwayHook) -> None:
    """Test connection names the account, so that a person sees which one it is, and what is left of the day."""
    works, message = hook.test_connection()
    assert works, message
    assert f"Sandbox {LOCATION}" in message
    assert "199,998 of 200,000" in message


def test_airflows_own_test_of_a_connection_works(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The UI's button asks the connection, which travels as a URI and finds the hook by its type."""
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
    """A sync doesn't need the scope that reads the account's name, so its absence (403 or 401) fails no test."""
    sandbox.faults.add(Fault(refusal, times=None, path=f"/locations/{LOCATION}"))
    works, message = hook.test_connection()
    assert works, message
    assert LOCATION in message


def test_a_wrong_token_fails_with_what_to_do(connect: Connect) -> None:
    """The message names the connection's id and the token, without showing it."""
    with LeadwayHook(connect(password="pit-of-somebody-else")) as hook:
        works, message = hook.test_connection()
        with pytest.raises(AuthenticationError):
            hook.get_custom_fields()
    assert not works
    assert "token" in message
    assert "pit-of-somebody-else" not in message


def test_a_wrong_location_fails_with_what_to_do(connect: Connect) -> None:
    """A token of one account can't be used for another."""
    with LeadwayHook(connect(location_id="somebody-elses")) as hook:
        works, message = hook.test_connection()
    assert not works
    assert "location" in message


def test_an_unusable_connection_fails_with_its_reason(connect: Connect) -> None:
    """Settings that can't be used are a failed test, not a traceback."""
    works, message = LeadwayHook(connect(quota_requests=-1)).test_connection()
    assert not works
    assert "crm" in message
    assert "quota_requests" in message


def test_the_token_is_shown_nowhere(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """No repr, no log at any level and no traceback holds the token, whether calls succeed or fail."""
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


def test_airflow_masks_the_secrets_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's code that logs a secret logs asterisks, also where Airflow's own look-up doesn't see to it."""
    secrets = ["pit-only-here", "http://user:proxy-word@127.0.0.1:3128", "oauth-only-here"]
    extra = {"location_id": "plain-location", "proxy": secrets[1], "client_secret": secrets[2]}
    found_by_airflow(monkeypatch, password=secrets[0], extra=json.dumps(extra))
    assert redact(secrets) == secrets
    _ = LeadwayHook("crm").settings
    assert redact([f"of {secret}" for secret in secrets]) == ["of ***"] * 3
    assert redact("of plain-location") == "of plain-location"
