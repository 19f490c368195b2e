"""An agency's connection, which serves many accounts."""

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
    """Return a connection of the agency that owns the accounts."""
    connected.extra |= {
        "auth": "agency",
        "refresh_token": "sandbox-agency-refresh-token",
        "company_id": "sandbox-company",
    }
    return connected


def test_one_connection_serves_many_accounts(agency: Connected) -> None:
    """Each account is reached with a token of its own, and the agency's tokens are renewed once."""
    for location_id in (LOCATION, "second-location"):
        assert agency.use(read_location, agency.client(location_id=location_id)) == location_id
    assert agency.calls.count(TOKEN_CALL) == 1
    assert agency.calls.count(EXCHANGE_CALL) == 2
    assert 401 not in agency.sandbox.journal.statuses


def test_an_agency_in_v3(agency: Connected) -> None:
    """The tokens of the accounts come from the path of v3; the users are searched in the connection's company."""
    agency.extra["api_version"] = "v3"

    async def users(client: LeadwayClient) -> int:
        return len(await client.get_users())

    assert agency.use(users, agency.client(location_id="second-location")) == 3
    assert [path for _, path in agency.calls] == ["/oauth/token", "/oauth/location-token", "/users/search"]


def test_many_calls_cause_one_exchange(agency: Connected) -> None:
    """Calls that start together wait for one token."""

    async def act(client: LeadwayClient) -> None:
        await asyncio.gather(*(client.get_location() for _ in range(10)))

    agency.use(act)
    assert agency.calls.count(EXCHANGE_CALL) == 1


def test_the_token_of_the_account_is_replaced_before_it_ends(agency: Connected) -> None:
    """The agency's token is renewed too if it is due."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        agency.clock.advance(ACCESS_LIFETIME - MARGIN)
        await client.get_location()

    agency.use(act)
    assert agency.calls.count(EXCHANGE_CALL) == agency.calls.count(TOKEN_CALL) == 2
    assert 401 not in agency.sandbox.journal.statuses


def test_refused_tokens_of_account_and_agency_are_replaced(agency: Connected) -> None:
    """If the API refuses the tokens of both account and agency, each is replaced once for all calls."""

    async def act(client: LeadwayClient) -> None:
        await client.get_location()
        agency.sandbox.tokens.expire_access()
        await asyncio.gather(*(client.get_location() for _ in range(10)))

    agency.use(act)
    assert agency.calls.count(TOKEN_CALL) == 2
    assert agency.calls.count(EXCHANGE_CALL) == 3


def test_an_account_of_another_agency_is_an_error(agency: Connected) -> None:
    """The error names the agency and the location, and says what to check."""
    with pytest.raises(ConnectionSettingsError, match=r"'crm'.*'sandbox-company'.*'elsewhere'.*installed"):
        agency.use(read_location, agency.client(location_id="elsewhere"))


def test_the_refresh_token_of_an_account_can_not_be_exchanged(agency: Connected) -> None:
    """The error says where an agency's refresh token comes from."""
    agency.extra["refresh_token"] = "sandbox-refresh-token"
    with pytest.raises(
        AccessDeniedError, match=r"'crm'.*not authorized for this scope.*connecting the app to the agency"
    ):
        agency.use(read_location)


def test_an_exchange_that_stays_refused_ends_the_call(agency: Connected) -> None:
    """The agency's token is renewed once and not again and again."""
    agency.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, times=None, path="/oauth/locationToken"))
    with pytest.raises(AuthenticationError, match="'crm'"):
        agency.use(read_location)
    assert agency.calls.count(EXCHANGE_CALL) == 2


def test_the_token_of_the_account_is_masked(agency: Connected) -> None:
    """Logs can mask it, besides the tokens of the agency."""
    agency.use(read_location)
    assert len(agency.masked) == 3
