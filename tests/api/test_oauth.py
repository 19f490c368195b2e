"""The tokens of an OAuth app: one renewal for all, stored before use, and repeated after an interruption."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.oauth import LEASE, MARGIN
from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    StateUnavailableError,
    UnavailableError,
)
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.tokens import ACCESS_LIFETIME, REPEAT_GRACE, TokenHolder
from tests.api.connected import LOCATION, TOKEN_CALL, Connected, read_location
from tests.api.token_stores import Crash, FaultyStore, crashing


def test_the_refresh_token_of_the_connection_is_used_once(connected: Connected) -> None:
    """The first worker renews the tokens, and the later ones use the stored tokens."""
    for _ in range(3):
        assert connected.use(read_location) == LOCATION
    assert connected.renewals == 1
    assert connected.calls[0] == TOKEN_CALL


def test_many_calls_cause_one_renewal(connected: Connected) -> None:
    """Calls that start together wait for one renewal."""

    async def act(client: LeadwayClient) -> None:
        await asyncio.gather(*(client.get_location() for _ in range(20)))

    connected.use(act)
    assert connected.renewals == 1


def test_workers_that_start_together_cause_one_renewal(connected: Connected) -> None:
    """One worker renews, and the others wait and use its tokens."""

    async def act(one: LeadwayClient) -> None:
        async with connected.client() as two, connected.client() as three:
            await asyncio.gather(*(client.get_location() for client in (one, two, three)))

    connected.use(act)
    assert connected.renewals == 1


def test_a_token_is_renewed_before_it_ends(connected: Connected) -> None:
    """No call is sent with an expired token."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        connected.clock.advance(ACCESS_LIFETIME - MARGIN - 1)
        await client.get_location()
        assert connected.renewals == 1
        connected.clock.advance(1)
        await client.get_location()
        assert connected.renewals == 2

    connected.use(act)
    assert 401 not in connected.sandbox.journal.statuses


def test_a_short_lived_token_is_used_for_half_its_life(connected: Connected) -> None:
    """A token that lives for less than the margin is not renewed for each call."""
    connected.sandbox.tokens.access_lifetime = 100.0

    async def act(client: LeadwayClient) -> None:
        for _ in range(5):
            await client.get_location()
            connected.clock.advance(20)

    connected.use(act)
    assert connected.renewals == 2


def test_a_token_that_ends_while_a_call_waits_for_quota_is_renewed_after_the_wait(connected: Connected) -> None:
    """A wait for the quota may be longer than a token lives."""
    connected.extra["quota_requests"] = 2
    connected.sandbox.tokens.access_lifetime = 8.0

    async def act(client: LeadwayClient) -> None:
        for _ in range(6):
            await client.get_location()

    connected.use(act)
    assert 401 not in connected.sandbox.journal.statuses
    assert connected.renewals == 3


def test_a_refused_token_is_renewed_once_for_all(connected: Connected) -> None:
    """A 401 for many calls causes one renewal, and every call is repeated and succeeds."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        connected.sandbox.tokens.expire_access()
        await asyncio.gather(*(client.upsert_contact({"email": f"p{n}@example.com"}) for n in range(10)))

    connected.use(act)
    assert connected.renewals == 2
    assert len(connected.sandbox.account.contacts) == 10


def test_the_tokens_of_another_worker_are_used(connected: Connected) -> None:
    """A worker whose token is refused reads the store before it renews."""

    async def act(one: LeadwayClient) -> None:
        async with connected.client() as two:
            await one.get_location()
            await two.get_location()
            connected.sandbox.tokens.expire_access()
            await one.get_location()
            await two.get_location()

    connected.use(act)
    assert connected.renewals == 2


def test_a_call_is_repeated_once_only(connected: Connected) -> None:
    """If the API refuses a new token too, the call fails, and the error says how to connect the app again."""
    connected.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, times=None, path="/locations/*"))
    with pytest.raises(AuthenticationError, match=r"'crm'.*`refresh_token`"):
        connected.use(read_location)
    assert len(connected.calls) - connected.renewals == 2
    assert connected.renewals == 2


def test_a_missing_scope_causes_no_renewal(connected: Connected) -> None:
    """Its status is 401 as for a wrong token (observed), but the error names the scope and the call is not repeated."""
    connected.sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, path="/locations/*"))
    with pytest.raises(AccessDeniedError, match=r"'crm' lacks a scope.*contacts\.write"):
        connected.use(read_location)
    assert connected.renewals == 1


def test_tokens_that_are_not_stored_are_not_used(connected: Connected) -> None:
    """While the store can't be written, no call is sent with new tokens; soon after, the same tokens come again."""
    read_only = StateUnavailableError("State store 'state': it is read-only")
    broken = FaultyStore(connected.store, keep=(read_only,) * 5)
    with pytest.raises(StateUnavailableError, match="read-only"):
        connected.use(read_location, connected.client(broken))
    assert connected.calls == [TOKEN_CALL]
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 2


def test_a_store_that_can_not_be_written_uses_up_no_refresh_token(connected: Connected) -> None:
    """The store records first that a renewal begins; if it can't, nothing is sent."""
    broken = FaultyStore(connected.store, begin=StateUnavailableError("State store 'state': it is locked"))
    with pytest.raises(StateUnavailableError, match="locked"):
        connected.use(read_location, connected.client(broken))
    assert connected.calls == []


def test_a_store_that_is_out_of_reach_for_a_moment_is_tried_again(connected: Connected) -> None:
    """There is no other copy of the new tokens, so the first failure to store them is not the end."""
    restart = StateUnavailableError("State store 'state': the server restarts")
    store = FaultyStore(connected.store, keep=(restart, restart))
    assert connected.use(read_location, connected.client(store)) == LOCATION
    assert connected.renewals == 1


def test_an_interrupted_renewal_is_repeated(connected: Connected) -> None:
    """After a worker died with new tokens, the next one waits until its lease is over and gets the same tokens."""
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.store)))
    began = connected.clock()
    assert connected.use(read_location) == LOCATION
    assert LEASE <= connected.clock() - began <= REPEAT_GRACE
    assert connected.renewals == 2
    assert len({secret for secret in connected.masked if "refresh" in secret}) == 1


def test_a_later_interrupted_renewal_is_repeated(connected: Connected) -> None:
    """The next worker finishes the renewal, although the stored access token is still valid."""
    connected.use(read_location)
    connected.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, path="/locations/*"))
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.store)))
    connected.clock.advance(LEASE)
    assert connected.use(read_location) == LOCATION
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 3


def test_a_renewal_that_is_repeated_too_late_is_an_error(connected: Connected) -> None:
    """The error says when the renewal was interrupted and how to connect again, and shows no token."""
    when = connected.now()
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.store)))
    connected.clock.advance(REPEAT_GRACE + 1)
    for _ in range(2):
        with pytest.raises(AuthenticationError) as caught:
            connected.use(read_location)
        message = str(caught.value)
        for part in ("'crm'", f"{when:%H:%M:%S} UTC was interrupted", "Connect the app", "`refresh_token`"):
            assert part in message
        assert "sandbox-refresh" not in message
        assert "sandbox-secret" not in message


def test_a_renewal_with_a_lost_answer_is_repeated(connected: Connected) -> None:
    """The account granted new tokens and the network lost them: the next answer has the same tokens."""
    connected.sandbox.faults.add(
        *(Fault(kind, path="/oauth/token", written=True) for kind in (FaultKind.RESET, FaultKind.BROKEN_JSON)),
        Fault(FaultKind.TOO_MANY, path="/oauth/token"),
    )
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 4
    assert len({secret for secret in connected.masked if "refresh" in secret}) == 1


def test_a_token_call_without_an_answer_is_repeated_in_time(connected: Connected) -> None:
    """The limit of other calls, twice the connection's time-out, would be too late for the same tokens."""
    connected.sandbox.faults.add(Fault(FaultKind.HANG, path="/oauth/token", written=True))

    async def act(client: LeadwayClient) -> str:
        async with asyncio.timeout(30):
            return await read_location(client)

    assert connected.use(act, connected.client(max_token_wait=0.05)) == LOCATION
    assert connected.renewals == 2


def test_an_api_out_of_reach_uses_up_no_refresh_token(connected: Connected) -> None:
    """The renewal can be tried again at once, and later."""
    fault = Fault(FaultKind.UNAVAILABLE, times=None, path="/oauth/token")
    connected.sandbox.faults.add(fault)
    with pytest.raises(UnavailableError):
        connected.use(read_location)
    connected.sandbox.faults.clear()
    connected.clock.advance(3600)
    began = connected.clock()
    assert connected.use(read_location) == LOCATION
    assert connected.clock() == began


def test_a_worker_that_comes_too_late_uses_the_tokens_of_another_one(connected: Connected) -> None:
    """A worker stood still after it began; another one renewed, and the old refresh token is refused by then."""

    class SlowStore(FaultyStore):
        def begin(self, family: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
            begun = super().begin(family, version, lease=lease, instead_of=instead_of, now=now)
            assert connected.use(read_location) == LOCATION
            connected.clock.advance(REPEAT_GRACE + 1)
            return begun

    assert connected.use(read_location, connected.client(SlowStore(connected.store))) == LOCATION
    assert connected.renewals == 2
    assert connected.sandbox.journal.statuses[400] == 1


def test_a_renewal_is_finished_although_its_caller_is_cancelled(connected: Connected) -> None:
    """A task that is cancelled during a renewal stores the tokens before it ends."""

    async def act(client: LeadwayClient) -> None:
        call = asyncio.create_task(client.get_location())
        while connected.renewals == 0:
            await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    connected.use(act)
    connected.clock.advance(REPEAT_GRACE + 1)
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 1


def test_a_lease_from_the_future_ends(connected: Connected) -> None:
    """A dead worker's lease with a time in the future ends after another worker has waited for it."""
    connected.clock.advance(86400)
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.store)))
    connected.clock.advance(-86400)
    began = connected.clock()
    connected.use(read_location)
    assert connected.clock() - began == pytest.approx(LEASE)


def test_a_new_refresh_token_in_the_connection_is_used(connected: Connected) -> None:
    """A refresh token that does not belong to the stored token family was set by a person."""
    connected.use(read_location)
    connected.sandbox.tokens.add_refresh("put-in-by-hand", TokenHolder("Location", LOCATION))
    old = connected.extra["refresh_token"]
    connected.extra["refresh_token"] = "put-in-by-hand"
    connected.use(read_location)
    connected.use(read_location)
    assert connected.renewals == 2
    connected.extra["refresh_token"] = old
    connected.use(read_location)
    assert connected.renewals == 2


def test_a_refresh_token_that_was_used_elsewhere_is_an_error(connected: Connected) -> None:
    """The error names the connection and what to set, and does not speak of an interruption."""
    connected.sandbox.tokens.revoke("sandbox-refresh-token")
    for _ in range(2):
        with pytest.raises(AuthenticationError, match=r"'crm': .*used elsewhere.*Connect the app to the account again"):
            connected.use(read_location)


def test_tokens_are_renewed_in_v3(connected: Connected) -> None:
    """Version v3 has names in camelCase in both directions, and its tokens are stored and used as others."""
    connected.extra["api_version"] = "v3"

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        connected.sandbox.tokens.expire_access()
        await client.get_location()

    connected.use(act)
    assert connected.renewals == 2
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 2


def test_a_renewal_that_the_api_does_not_understand(connected: Connected) -> None:
    """The error does not say that the refresh token is used up; afterwards it still works."""
    connected.sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, path="/oauth/token"))
    with pytest.raises(AuthenticationError, match=r"'crm': .*did not use the refresh token.*`api_version`"):
        connected.use(read_location)
    assert connected.use(read_location) == LOCATION


def test_a_wrong_client_secret(connected: Connected) -> None:
    """The error names login and password, and with the right password the same refresh token works."""
    connected.password = "not-the-secret"
    with pytest.raises(AuthenticationError, match=r"'crm'.*login and password") as caught:
        connected.use(read_location)
    assert "not-the-secret" not in str(caught.value)
    connected.password = "sandbox-secret"
    assert connected.use(read_location) == LOCATION


def test_every_token_is_masked_before_it_is_used(connected: Connected) -> None:
    """Both the tokens of a renewal and the stored ones are masked."""

    async def act(client: LeadwayClient) -> set[str]:
        await client.get_location()
        return set(connected.masked)

    made = connected.use(act)
    assert len(made) == 2
    connected.masked.clear()
    assert connected.use(act) == made


def test_a_client_of_an_app_needs_a_source_of_tokens(connected: Connected) -> None:
    """A client that has only the settings of an app is an error."""
    with pytest.raises(ValueError, match="tokens"):
        LeadwayClient(connected.settings())
