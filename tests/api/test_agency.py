"""One agency's connection, and many accounts through it."""

from __future__ import annotations

import asyncio

import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.oauth import MARGIN
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, ConnectionSettingsError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.tokens import ACCESS_LIFETIME
from tests.api.connected import EXCHANGE_CALL, LOCATION, TOKEN_CALL, Connected, read_location


@pytest.fixture
def agency(connected: Connected) -> Connected:
    """A connection of the agency that owns the accounts."""
    connected.extra |= {
        "auth": "agency",
        "refresh_token": "sandbox-agency-refresh-token",
        "company_id": "sandbox-company",
    }
    return connected


def test_one_connection_serves_many_accounts(agency: Connected) -> None:
    """Each account is reached with a token of its own, and the agency's pair is made once."""
    for location_id in (LOCATION, "second-location"):
        assert agency.use(read_location, agency.client(location_id=location_id)) == location_id
    assert agency.calls.count(TOKEN_CALL) == 1
    assert agency.calls.count(EXCHANGE_CALL) == 2
    assert 401 not in agency.sandbox.journal.statuses


def test_many_calls_cause_one_exchange(agency: Connected) -> None:
    """Calls that start together wait for one token."""

    async def act(client: LeadwayClient) -> None:
        await asyncio.gather(*(client.get_location() for _ in range(10)))

    agency.use(act)
    assert agency.calls.count(EXCHANGE_CALL) == 1


def test_the_accounts_token_is_exchanged_anew_before_it_ends(agency: Connected) -> None:
    """And the agency's is renewed for that, where it is due too."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        agency.clock.advance(ACCESS_LIFETIME - MARGIN)
        await client.get_location()

    agency.use(act)
    assert agency.calls.count(EXCHANGE_CALL) == agency.calls.count(TOKEN_CALL) == 2
    assert 401 not in agency.sandbox.journal.statuses


def test_refused_tokens_are_replaced_all_the_way_up(agency: Connected) -> None:
    """Where neither the account's nor the agency's token is good any more, both are had anew, once for all calls."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        agency.sandbox.tokens.expire_access()
        await asyncio.gather(*(client.get_location() for _ in range(10)))

    agency.use(act)
    assert agency.calls.count(TOKEN_CALL) == 2
    assert agency.calls.count(EXCHANGE_CALL) == 3


def test_an_account_that_is_not_the_agencys(agency: Connected) -> None:
    """The error names the agency, the location and where to look."""
    with pytest.raises(ConnectionSettingsError, match=r"'crm'.*'sandbox-company'.*'elsewhere'.*installed"):
        agency.use(read_location, agency.client(location_id="elsewhere"))


def test_an_agency_token_that_is_none(agency: Connected) -> None:
    """The refresh token of one account can't stand for the agency; the error says where the right one comes from."""
    agency.extra["refresh_token"] = "sandbox-refresh-token"
    with pytest.raises(
        AccessDeniedError, match=r"'crm'.*not authorized for this scope.*connecting the app to the agency"
    ):
        agency.use(read_location)


def test_an_exchange_that_stays_refused_ends_the_call(agency: Connected) -> None:
    """The agency's token is renewed once, not for ever."""
    agency.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, times=None, path="/oauth/locationToken"))
    with pytest.raises(AuthenticationError, match="'crm'"):
        agency.use(read_location)
    assert agency.calls.count(EXCHANGE_CALL) == 2


def test_the_accounts_token_is_told_before_it_is_used(agency: Connected) -> None:
    """Logs can mask it, beside the agency's pair."""
    agency.use(read_location)
    assert len(agency.told) == 3
