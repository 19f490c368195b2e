"""The client with a sandbox over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.pacing import Pacer
from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    ConnectionSettingsError,
    ContactNotFoundError,
    IdentityTakenError,
    QuotaExhaustedError,
    RefusedError,
)
from leadway_provider.policies import QuotaPolicy
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.api.clients import TOKEN, IdleTime, client_of, settings_for

T = TypeVar("T")
ADA = {"email": "ada@example.com", "firstName": "Ada", "phone": "+12025550123"}


def use(client: LeadwayClient, act: Callable[[LeadwayClient], Awaitable[T]]) -> T:
    """Return what a function returns for an open client."""

    async def run() -> T:
        async with client:
            return await act(client)

    return asyncio.run(run())


def test_a_contact_from_creation_to_deletion(sandbox: SandboxServer) -> None:
    """A contact is created, updated, read, found, tagged and deleted, and every answer is typed."""

    async def act(client: LeadwayClient) -> None:
        created = await client.upsert_contact({**ADA, "tags": ["new"]})
        assert created.new
        assert created.trace_id
        assert created.kept["firstName"] == "Ada"
        updated = await client.upsert_contact({**ADA, "firstName": "Augusta"})
        assert (updated.new, updated.contact_id) == (False, created.contact_id)
        contact = await client.get_contact(created.contact_id)
        assert (contact.first_name, contact.email) == ("Augusta", "ada@example.com")
        by_email = await client.find_duplicate(email="ADA@example.com")
        by_phone = await client.find_duplicate(phone="+12025550123")
        assert by_email is not None
        assert by_phone is not None
        assert by_email.id == by_phone.id == created.contact_id
        assert await client.find_duplicate(email="nobody@example.com") is None
        assert set((await client.add_tags(created.contact_id, ["vip"])).tags) >= {"vip"}
        await client.remove_tags(created.contact_id, ["new"])
        assert (await client.get_contact(created.contact_id)).tags == ("vip",)
        bulk = await client.update_tags("add", [created.contact_id, "nobody"], ["bulk"])
        assert [item.ok for item in bulk.responses] == [True, False]
        await client.delete_contact(created.contact_id)
        with pytest.raises(RefusedError) as caught:
            await client.get_contact(created.contact_id)
        assert caught.value.call == "GET /contacts/{contactId}"
        assert caught.value.status == 400

    use(client_of(sandbox), act)


def test_a_contact_is_updated_by_its_id(sandbox: SandboxServer) -> None:
    """The contact of the id gets the fields, also a new e-mail, and the answer shows it."""

    async def act(client: LeadwayClient) -> None:
        created = await client.upsert_contact(ADA)
        updated = await client.update_contact(created.contact_id, {"email": "new@example.com", "phone": None})
        assert (updated.new, updated.status, updated.contact_id) == (False, 200, created.contact_id)
        assert (updated.contact.email, updated.contact.phone) == ("new@example.com", None)
        assert updated.kept["firstName"] == "Ada"

    use(client_of(sandbox), act)


@pytest.mark.parametrize("field", ["email", "phone"])
def test_an_identity_of_another_contact_is_refused(sandbox: SandboxServer, field: str) -> None:
    """The error names the contact that has the e-mail or phone and the field, and shows no value."""

    async def act(client: LeadwayClient) -> None:
        ada = await client.upsert_contact({**ADA, "firstName": "Adalberta", "lastName": "Example"})
        bob = await client.upsert_contact({"email": "bob@example.com"})
        with pytest.raises(IdentityTakenError) as caught:
            await client.update_contact(bob.contact_id, {field: ADA[field]})
        error = caught.value
        assert (error.contact_id, error.field, error.status) == (ada.contact_id, field, 400)
        assert error.reasons == ("This location does not allow duplicated contacts.",)
        shown = f"{error!r} {error} {vars(error)}"
        assert not [value for value in ("Adalberta", ADA[field]) if value in shown]
        assert client.calls == 3

    use(client_of(sandbox), act)


def test_a_missing_contact_is_refused_by_every_call_about_it(sandbox: SandboxServer) -> None:
    """Reading, updating, deleting and tagging a contact that does not exist raises ContactNotFoundError."""

    async def act(client: LeadwayClient) -> None:
        for call in (
            client.get_contact("nobody"),
            client.update_contact("nobody", {"email": "ada@example.com"}),
            client.delete_contact("nobody"),
            client.add_tags("nobody", ["vip"]),
            client.remove_tags("nobody", ["vip"]),
        ):
            with pytest.raises(ContactNotFoundError) as caught:
                await call
            assert (caught.value.status, caught.value.reasons) == (400, ("Contact not found",))

    use(client_of(sandbox), act)


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
def test_every_channel_of_do_not_disturb_is_accepted(sandbox: SandboxServer, version: str) -> None:
    """Each version has its own spelling of the channels, and the answers are read in one spelling."""
    channels: Any = {channel: {"status": "active"} for channel in ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")}

    async def act(client: LeadwayClient) -> None:
        created = await client.upsert_contact({**ADA, "dndSettings": channels})
        assert created.kept["dndSettings"] == channels
        updated = await client.update_contact(created.contact_id, {"dndSettings": channels})
        assert updated.kept["dndSettings"] == channels

    use(client_of(sandbox, settings=settings_for(sandbox.url, api_version=version)), act)


def test_the_users_of_v3_are_read(sandbox: SandboxServer) -> None:
    """The company is read with the account, and the search finds the users."""

    async def act(client: LeadwayClient) -> None:
        assert next(user.email for user in await client.get_users()) == "ada.lovell@example.com"
        assert client.calls == 2

    use(client_of(sandbox, settings=settings_for(sandbox.url, api_version="V3")), act)
    assert [call.path for call in sandbox.journal.calls] == ["/locations/sandbox-location", "/users/search"]


def test_custom_fields_location_and_users_are_read(sandbox: SandboxServer) -> None:
    """Each of them takes one call."""

    async def act(client: LeadwayClient) -> None:
        assert {field.data_type for field in await client.get_custom_fields()} >= {"TEXT", "DATE"}
        location = await client.get_location()
        assert (location.id, location.allow_duplicate_contact) == ("sandbox-location", False)
        assert all(user.id for user in await client.get_users())
        assert client.calls == sandbox.journal.total == 3

    use(client_of(sandbox), act)


@pytest.mark.parametrize(
    ("extra", "token", "error", "says"),
    [
        ({}, "no-such-token", AuthenticationError, "'crm'"),
        ({"location_id": "elsewhere"}, TOKEN, AccessDeniedError, "'elsewhere'"),
        ({"api_version": "1999-01-01"}, TOKEN, ConnectionSettingsError, "`api_version`"),
    ],
)
def test_a_wrong_setting_fails_at_the_first_call(
    sandbox: SandboxServer, extra: dict[str, object], token: str, error: type[Exception], says: str
) -> None:
    """A wrong token, location or version costs one call, and the message names what to change."""
    client = client_of(sandbox, settings=settings_for(sandbox.url, token=token, **extra))
    with pytest.raises(error, match=says):
        use(client, lambda client: client.upsert_contact(ADA))
    assert client.calls == 1


def test_a_refusal_gives_every_reason_and_no_value(sandbox: SandboxServer) -> None:
    """The error has the API's own words without the person's values."""
    with pytest.raises(RefusedError) as caught:
        use(client_of(sandbox), lambda client: client.upsert_contact({"email": "ada-at-example", "oddity": "x"}))
    assert caught.value.status == 422
    assert len(caught.value.reasons) == 2
    assert all(reason in str(caught.value) for reason in caught.value.reasons)
    assert "ada-at-example" not in str(caught.value)


def test_an_account_must_be_named(sandbox: SandboxServer) -> None:
    """The location of the argument replaces the one of the connection, and without both there is an error."""
    with pytest.raises(ConnectionSettingsError, match="`location_id`"):
        LeadwayClient(settings_for(sandbox.url, location_id=""))
    assert client_of(sandbox, location_id="other").location_id == "other"


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    """Many concurrent calls reach the limit and do not exceed it."""

    async def act(client: LeadwayClient) -> None:
        await asyncio.gather(*(client.upsert_contact({"email": f"p{n}@example.com"}) for n in range(40)))

    with SandboxServer(Settings(burst=None, daily=None, latency=0.01)) as sandbox:
        use(client_of(sandbox, max_in_flight=4), act)
        assert sandbox.journal.most_in_flight == 4


@pytest.mark.parametrize("window", ["sliding", "fixed"])
def test_a_real_quota_is_never_exceeded(window: str) -> None:
    """A quota that the connection does not contain is met in real time without a 429."""

    async def act(client: LeadwayClient) -> None:
        await asyncio.gather(*(client.upsert_contact({"email": f"p{n}@example.com"}) for n in range(150)))

    burst = Quota(40, 0.15, "sliding" if window == "sliding" else "fixed")
    with SandboxServer(Settings(burst=burst, daily=None)) as sandbox:
        use(client_of(sandbox), act)
        assert sandbox.journal.quota_refusals == 0
        assert sandbox.journal.statuses == {201: 150}


def test_a_later_client_continues_in_the_same_window(sandbox: SandboxServer, time: IdleTime) -> None:
    """Two clients that use one pacer one after the other wait as long as one client."""
    pacer = Pacer(3, 10.0)

    async def act(client: LeadwayClient) -> None:
        for _ in range(2):
            await client.get_location()

    for _ in range(2):
        use(client_of(sandbox, time, pacer=pacer), act)
    assert sum(time.slept) == pytest.approx(10.0, rel=0.01)


def test_an_empty_daily_quota_is_an_error() -> None:
    """After the last call of the day no call is sent, and the error says when the quota returns."""

    async def act(client: LeadwayClient) -> None:
        for number in range(3):
            await client.upsert_contact({"email": f"p{number}@example.com"})
        with pytest.raises(QuotaExhaustedError) as caught:
            await client.upsert_contact(ADA)
        assert caught.value.returns_in == pytest.approx(86_400, abs=60)
        assert client.calls == 3
        assert client.pacer.daily is not None
        assert (client.pacer.daily.limit, client.pacer.daily.remaining) == (3, 0)

    with SandboxServer(Settings(burst=None, daily=Quota(3, 86_400, "fixed"))) as sandbox:
        use(client_of(sandbox), act)


def test_a_daily_quota_that_others_used_up_is_an_error() -> None:
    """A 429 that says that the daily quota is empty is not waited for."""

    async def act(one: LeadwayClient) -> None:
        async with client_of(sandbox) as other:
            await one.get_location()
            await other.get_location()
            await other.get_location()
            with pytest.raises(QuotaExhaustedError):
                await one.get_location()

    with SandboxServer(Settings(burst=None, daily=Quota(3, 86_400, "fixed"))) as sandbox:
        use(client_of(sandbox), act)
        assert sandbox.journal.statuses == {200: 3, 429: 1}


def test_a_cancelled_call_frees_its_permit() -> None:
    """A call that is cancelled in flight blocks neither `max_in_flight` nor the pacer."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        call = asyncio.create_task(client.upsert_contact(ADA))
        while client.calls < 2:  # the client has no event for a call that was sent
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await client.get_location()

    with SandboxServer(Settings(burst=None, daily=None, latency=0.01)) as sandbox:
        use(client_of(sandbox, max_in_flight=1), act)


def test_a_client_must_be_opened(sandbox: SandboxServer) -> None:
    """The error of a client that was not entered names `async with`."""
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(client_of(sandbox).get_location())


def test_a_value_that_json_can_not_express_is_not_sent(sandbox: SandboxServer) -> None:
    """Text that is not valid Unicode is an error without a call."""
    with pytest.raises(ValueError, match=r"POST /contacts/upsert") as caught:
        use(client_of(sandbox), lambda client: client.upsert_contact({"firstName": "Ada\ud800"}))
    assert "Ada" not in str(caught.value)
    assert caught.value.__context__ is None
    assert sandbox.journal.total == 0


@pytest.mark.parametrize(
    ("host", "environment", "proxy"),
    [
        ("https://api.example.com", {"HTTPS_PROXY": "http://127.0.0.1:3128"}, "http://127.0.0.1:3128"),
        ("https://api.example.com", {"HTTPS_PROXY": "http://127.0.0.1:3128", "NO_PROXY": "example.com"}, None),
        ("http://127.0.0.1:8000", {"HTTP_PROXY": "http://127.0.0.1:3128"}, None),
        ("https://api.example.com", {}, None),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, host: str, environment: dict[str, str], proxy: str | None
) -> None:
    """The proxy of the environment is used, except for excluded hosts and for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def act(client: LeadwayClient) -> httpx.Proxy | None:
        found: httpx.Proxy | None = getattr(client._network._transport, "proxy", None)
        return found

    used = use(client_of(host), act)
    assert (None if used is None else str(used.url)) == proxy


@pytest.mark.parametrize("reserve", [0, 5])
def test_the_days_last_calls_are_not_overrun(reserve: int) -> None:
    """Calls in flight count, so that no call of many is refused and the reserve is left to others."""

    async def act(client: LeadwayClient) -> None:
        calls = [client.upsert_contact({"email": f"p{number}@example.com"}) for number in range(60)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, QuotaExhaustedError) for each in ended) == 40 + reserve

    with SandboxServer(Settings(burst=None, daily=Quota(20, 86_400, "fixed"), latency=0.01)) as sandbox:
        use(client_of(sandbox, quota=QuotaPolicy(daily_reserve=reserve)), act)
        assert sandbox.journal.statuses == {201: 20 - reserve}
