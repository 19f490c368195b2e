"""The service without its HTTP part: accounts, tokens, quotas, faults and the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.contact import Identity
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, SandboxCustomField
from leadway_provider.sandbox.faults import FaultQueue
from leadway_provider.sandbox.journal import Journal
from leadway_provider.sandbox.quota import Limits, Quota
from leadway_provider.sandbox.tokens import TokenHolder, TokenRegistry
from leadway_provider.sandbox.users import DEFAULT_USERS, SandboxUser

BURST = Quota(100, 10.0)
DAILY = Quota(200_000, 86_400.0, "fixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        token: the private integration token of the first location.
        location_id: the first location.
        more_locations: further locations of the same company, which the agency's tokens reach.
        company_id: the agency that owns the locations.
        client_id: the OAuth app's id.
        client_secret: the OAuth app's secret.
        refresh_token: a refresh token of the first location, which can be used once.
        agency_refresh_token: a refresh token of the company, which can be used once.
        authorization_code: an authorization code for the first location, which can be used once.
        burst: the quota of each location in some seconds; None grants every call.
        daily: the quota of each location in a day; None grants every call.
        retry_after: whether a quota's 429 has a `Retry-After` header. On the live service none was ever observed.
        priority: what is compared to find an existing contact, in this order.
        allow_duplicates: the account's setting of that name.
        refuses_taken_identities: whether an update with another contact's e-mail or phone is refused with 400; False
            writes everything but that value, with 200. It is not known which of the two the service does.
        clears_identities: whether null or blank text clears an e-mail or a phone; False leaves the old value, with
            200. It is not known which of the two the service does.
        latency: the seconds from the arrival of a call until it is carried out and answered.
        search_lag: the seconds until a search finds what was written.
        custom_fields: the custom fields of every location.
        users: the users of every location.
        journal_length: the most calls that the journal keeps.
    """

    token: str = field(default="sandbox-token", repr=False)
    location_id: str = "sandbox-location"
    more_locations: tuple[str, ...] = ()
    company_id: str = "sandbox-company"
    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)
    refresh_token: str = field(default="sandbox-refresh-token", repr=False)
    agency_refresh_token: str = field(default="sandbox-agency-refresh-token", repr=False)
    authorization_code: str = field(default="sandbox-code", repr=False)
    burst: Quota | None = BURST
    daily: Quota | None = DAILY
    retry_after: bool = False
    priority: tuple[Identity, ...] = ("email", "phone")
    allow_duplicates: bool = False
    refuses_taken_identities: bool = True
    clears_identities: bool = True
    latency: float = 0.0
    search_lag: float = 0.0
    custom_fields: tuple[SandboxCustomField, ...] = DEFAULT_CUSTOM_FIELDS
    users: tuple[SandboxUser, ...] = DEFAULT_USERS
    journal_length: int = 50_000


class Service:
    """A company with its locations, tokens, quotas, faults and journal.

    Args:
        settings: how the service behaves.
        clock: returns seconds of a clock that never goes back, for quotas and tokens.
        wall: returns seconds since 1970, for contacts and the journal.

    Attributes:
        settings: as given.
        accounts: the accounts by location id.
        tokens: the tokens that are accepted.
        faults: the faults that are applied to calls.
        journal: the calls that were received.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.wall = wall
        self.accounts = {
            location_id: SandboxAccount(
                location_id,
                priority=settings.priority,
                allow_duplicates=settings.allow_duplicates,
                refuses_taken_identities=settings.refuses_taken_identities,
                clears_identities=settings.clears_identities,
                search_lag=settings.search_lag,
                custom_fields=settings.custom_fields,
                users=settings.users,
                clock=wall,
            )
            for location_id in (settings.location_id, *settings.more_locations)
        }
        self.faults = FaultQueue()
        self.journal = Journal(wall, settings.journal_length)
        self._renew()

    @property
    def account(self) -> SandboxAccount:
        """The account of the first location."""
        return self.accounts[self.settings.location_id]

    def reset(self) -> None:
        """Bring everything back to how it was at the start: contacts, habits, faults, journal, quotas and tokens."""
        settings = self.settings
        for account in self.accounts.values():
            account.clear()
            account.priority = settings.priority
            account.allow_duplicates = settings.allow_duplicates
            account.refuses_taken_identities = settings.refuses_taken_identities
            account.clears_identities = settings.clears_identities
        self.faults.clear()
        self.journal.clear()
        self._renew()

    def limits(self, location_id: str | None) -> Limits:
        """Return the quotas of a location; those of the first one for None and for an unknown location."""
        return self._limits[location_id if location_id in self._limits else self.settings.location_id]

    def _renew(self) -> None:
        settings = self.settings
        started = self.clock()
        self._limits = {
            location_id: Limits(settings.burst, settings.daily, started=started) for location_id in self.accounts
        }
        self.tokens = TokenRegistry(settings.client_id, settings.client_secret, self.clock)
        location = TokenHolder("Location", settings.location_id)
        self.tokens.add_private(settings.token, settings.location_id)
        self.tokens.add_refresh(settings.refresh_token, location)
        self.tokens.add_refresh(settings.agency_refresh_token, TokenHolder("Company"))
        self.tokens.add_code(settings.authorization_code, location)
