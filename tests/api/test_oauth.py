"""OAuth pairs: renewed once for all, kept before they are used, and what happens when that is cut off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.oauth import LEASE, MARGIN, TokenVault, read_grant
from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    StateUnavailableError,
    UnavailableError,
)
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.tokens import ACCESS_LIFETIME, REPEAT_GRACE, Holder
from tests.api.connected import LOCATION, TOKEN_CALL, Connected, read_location


class Altered:
    """A vault that fails as a test asks, and else is another one."""

    def __init__(self, vault: TokenVault, **failures: BaseException) -> None:
        self._vault = vault
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        failure = self._failures.get(name)
        if failure is None:
            return getattr(self._vault, name)

        def fail(*_: object, **__: object) -> None:
            raise failure

        return fail


class Crash(BaseException):
    """Stands for the end of the process."""


def crashing(vault: TokenVault) -> Any:
    """A vault of a worker that dies when it has a new pair: it can't keep it, nor let go of its lease."""
    return Altered(vault, keep=Crash(), release=Crash())


def test_the_refresh_token_of_the_connection_is_used_once(connected: Connected) -> None:
    """The first worker makes a pair of it, and those after it go on with that pair."""
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
    """One renews, the others wait and use what it got."""

    async def act(one: LeadwayClient) -> None:
        async with connected.client() as two, connected.client() as three:
            await asyncio.gather(*(client.get_location() for client in (one, two, three)))

    connected.use(act)
    assert connected.renewals == 1


def test_a_token_is_renewed_before_it_ends(connected: Connected) -> None:
    """No call meets an expired token."""

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
    """A life shorter than the margin doesn't mean a renewal for each call."""
    connected.sandbox.tokens.access_lifetime = 100.0

    async def act(client: LeadwayClient) -> None:
        for _ in range(5):
            await client.get_location()
            connected.clock.advance(20)

    connected.use(act)
    assert connected.renewals == 2


def test_a_refused_token_is_renewed_once_for_all(connected: Connected) -> None:
    """A 401 amid many calls costs one renewal; every call is repeated and succeeds."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        connected.sandbox.tokens.expire_access()
        await asyncio.gather(*(client.upsert_contact({"email": f"p{n}@example.com"}) for n in range(10)))

    connected.use(act)
    assert connected.renewals == 2
    assert len(connected.sandbox.account.contacts) == 10


def test_what_another_worker_renewed_is_used(connected: Connected) -> None:
    """A worker whose token is refused looks first whether there is a newer one."""

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
    """A token that was just renewed and is refused too ends the call, with the way to connect anew."""
    connected.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, times=None, path="/locations/*"))
    with pytest.raises(AuthenticationError, match=r"'crm'.*`refresh_token`"):
        connected.use(read_location)
    assert len(connected.calls) - connected.renewals == 2
    assert connected.renewals == 2


def test_a_missing_scope_is_no_reason_to_renew(connected: Connected) -> None:
    """It is told with 401 like a bad token (observed), but names the scope and is not repeated."""
    connected.sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, path="/locations/*"))
    with pytest.raises(AccessDeniedError, match=r"'crm' lacks a scope.*contacts\.write"):
        connected.use(read_location)
    assert connected.renewals == 1


def test_nothing_is_used_that_is_not_kept(connected: Connected) -> None:
    """While the vault can't be written no call leaves with a new token; in the grace the same pair is had again."""
    broken: Any = Altered(connected.vault, keep=StateUnavailableError("State store 'state': it is read-only"))
    with pytest.raises(StateUnavailableError, match="read-only"):
        connected.use(read_location, connected.client(broken))
    assert connected.calls == [TOKEN_CALL]
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 2


def test_a_vault_that_can_not_be_written_costs_no_refresh_token(connected: Connected) -> None:
    """That a renewal begins is noted first; where that fails nothing is sent."""
    broken: Any = Altered(connected.vault, begin=StateUnavailableError("State store 'state': it is locked"))
    with pytest.raises(StateUnavailableError, match="locked"):
        connected.use(read_location, connected.client(broken))
    assert connected.calls == []


def test_a_vault_that_is_away_for_a_moment_is_waited_for(connected: Connected) -> None:
    """There is no other copy of the new pair, so it isn't given up at the first failure."""

    class Away(Altered):
        failed = 0

        def keep(self, *arguments: Any) -> bool:
            self.failed += 1
            if self.failed < 3:
                raise StateUnavailableError("State store 'state': the server restarts")
            return self._vault.keep(*arguments)

    vault: Any = Away(connected.vault)
    assert connected.use(read_location, connected.client(vault)) == LOCATION
    assert connected.renewals == 1


def test_a_renewal_that_was_cut_off_is_repeated(connected: Connected) -> None:
    """A worker that died with the new pair in hand: the next one waits out its lease and gets the same pair."""
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.vault)))
    began = connected.clock()
    assert connected.use(read_location) == LOCATION
    assert LEASE <= connected.clock() - began <= REPEAT_GRACE
    assert connected.renewals == 2
    assert len({secret for secret in connected.told if "refresh" in secret}) == 1


def test_a_later_renewal_that_was_cut_off_is_repeated(connected: Connected) -> None:
    """What was begun is finished at the next start, although the kept access token still works."""
    connected.use(read_location)
    connected.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, path="/locations/*"))
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.vault)))
    connected.clock.advance(LEASE)
    assert connected.use(read_location) == LOCATION
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 3


def test_after_the_grace_a_person_must_act(connected: Connected) -> None:
    """The error says when it was cut off and how to reconnect, each time, and shows no token."""
    when = connected.now()
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(connected.vault)))
    connected.clock.advance(REPEAT_GRACE + 1)
    for _ in range(2):
        with pytest.raises(AuthenticationError) as caught:
            connected.use(read_location)
        message = str(caught.value)
        for said in ("'crm'", f"{when:%H:%M:%S} UTC was cut off", "Connect the app", "`refresh_token`"):
            assert said in message
        assert "sandbox-refresh" not in message
        assert "sandbox-secret" not in message


def test_a_lost_answer_is_asked_for_again(connected: Connected) -> None:
    """The account gave a new pair and the network lost it: it is the same pair that comes then."""
    connected.sandbox.faults.add(
        *(Fault(kind, path="/oauth/token", written=True) for kind in (FaultKind.RESET, FaultKind.BROKEN_JSON)),
        Fault(FaultKind.TOO_MANY, path="/oauth/token"),
    )
    assert connected.use(read_location) == LOCATION
    assert connected.renewals == 4
    assert len({secret for secret in connected.told if "refresh" in secret}) == 1


def test_a_token_call_that_hangs_is_given_up_while_it_can_be_repeated(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of other calls, twice the connection's timeout, would let the grace pass."""
    monkeypatch.setattr("leadway_provider.api.client.MAX_TOKEN_WAIT", 0.05)
    connected.sandbox.faults.add(Fault(FaultKind.HANG, path="/oauth/token", written=True))

    async def act(client: LeadwayClient) -> str:
        async with asyncio.timeout(30):
            return await read_location(client)

    assert connected.use(act) == LOCATION
    assert connected.renewals == 2


def test_an_api_out_of_reach_leaves_the_refresh_token_alone(connected: Connected) -> None:
    """The attempt may be made again at once, and later."""
    fault = Fault(FaultKind.UNAVAILABLE, times=None, path="/oauth/token")
    connected.sandbox.faults.add(fault)
    with pytest.raises(UnavailableError):
        connected.use(read_location)
    connected.sandbox.faults.clear()
    connected.clock.advance(3600)
    began = connected.clock()
    assert connected.use(read_location) == LOCATION
    assert connected.clock() == began


def test_a_worker_that_comes_too_late_uses_what_another_one_got(connected: Connected) -> None:
    """It stood still after it had begun; another one took over, and the grace is over when it goes on."""

    class Slow(Altered):
        def begin(self, *arguments: Any, **named: Any) -> bool:
            begun: bool = self._vault.begin(*arguments, **named)
            assert connected.use(read_location) == LOCATION
            connected.clock.advance(REPEAT_GRACE + 1)
            return begun

    slow: Any = Slow(connected.vault)
    assert connected.use(read_location, connected.client(slow)) == LOCATION
    assert connected.renewals == 2
    assert connected.sandbox.journal.statuses[400] == 1


def test_a_renewal_is_finished_although_its_caller_is_cancelled(connected: Connected) -> None:
    """A task that is told to stop in the middle of a renewal keeps the pair before it goes."""

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


def test_a_clock_that_is_wrong_blocks_nobody_for_long(connected: Connected) -> None:
    """A dead worker's lease from the future ends when it was watched for as long as a lease lasts."""
    connected.clock.advance(86400)
    with pytest.raises(Crash):
        connected.use(read_location, connected.client(crashing(Altered(connected.vault))))
    connected.clock.advance(-86400)
    began = connected.clock()
    connected.use(read_location)
    assert connected.clock() - began == pytest.approx(LEASE)


def test_a_reconnected_account_goes_on_with_the_new_token(connected: Connected) -> None:
    """A refresh token that isn't the one the kept pair grew from was put there by somebody, and counts."""
    connected.use(read_location)
    connected.sandbox.tokens.add_refresh("put-in-by-hand", Holder("Location", LOCATION))
    old = connected.extra["refresh_token"]
    connected.extra["refresh_token"] = "put-in-by-hand"
    connected.use(read_location)
    connected.use(read_location)
    assert connected.renewals == 2
    connected.extra["refresh_token"] = old
    connected.use(read_location)
    assert connected.renewals == 2


def test_a_refresh_token_that_was_used_up_elsewhere(connected: Connected) -> None:
    """The error names the connection and what to put into it; no renewal was cut off, and it doesn't say so."""
    connected.sandbox.tokens.revoke("sandbox-refresh-token")
    for _ in range(2):
        with pytest.raises(AuthenticationError, match=r"'crm': .*used elsewhere.*Connect the app to the account again"):
            connected.use(read_location)


def test_a_wrong_client_secret(connected: Connected) -> None:
    """The error names login and password, uses nothing up, and once it is right all works."""
    connected.password = "not-the-secret"
    with pytest.raises(AuthenticationError, match=r"'crm'.*login and password") as caught:
        connected.use(read_location)
    assert "not-the-secret" not in str(caught.value)
    connected.password = "sandbox-secret"
    assert connected.use(read_location) == LOCATION


def test_every_token_is_told_before_it_is_used(connected: Connected) -> None:
    """Logs can mask what they never saw: those of this renewal, and those that the vault held."""

    async def act(client: LeadwayClient) -> set[str]:
        await client.get_location()
        return set(connected.told)

    made = connected.use(act)
    assert len(made) == 2
    connected.told.clear()
    assert connected.use(act) == made


def test_a_client_of_an_app_needs_a_source_of_tokens(connected: Connected) -> None:
    """Settings alone can't keep a pair."""
    with pytest.raises(ValueError, match="tokens"):
        LeadwayClient(connected.settings())


NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expires_in", "after"), [(86399, 86399 - MARGIN), (None, 86399 - MARGIN), (60, 30), ("120", 60)]
)
def test_when_a_grant_is_renewed(expires_in: object, after: float) -> None:
    """A margin before its end, or after half a short life; the documented life where none is told."""
    grant = read_grant({"access_token": "a", "refresh_token": "r", "expires_in": expires_in}, NOW)
    assert grant.renew_at == NOW + timedelta(seconds=after)


@pytest.mark.parametrize(
    "body",
    [{}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": "a\r\nX: y"}, {"access_token": 7},
     {"access_token": "a", "refresh_token": "b\n"}, {"access_token": "a", "expires_in": "soon"}],
)  # fmt: skip
def test_what_is_no_grant(body: dict[str, Any]) -> None:
    """An answer without a token that can be sent is none; nothing of it is shown."""
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_grant(body, NOW)
