"""The whole local service behind its HTTP surface: accounts, tokens, quotas, faults and the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from leadway_provider.sandbox.account import DEFAULT_USERS, Account, Identity, User
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, CustomField
from leadway_provider.sandbox.faults import FaultProgramme
from leadway_provider.sandbox.journal import Journal
from leadway_provider.sandbox.quota import Limits, Quota
from leadway_provider.sandbox.tokens import Holder, TokenRegistry

BURST = Quota(100, 10.0)
DAILY = Quota(200_000, 86_400.0, "fixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        token: the private integration token of the first location.
        location_id: the first location.
        more_locations: further locations of the same company, to be reached with the agency's tokens.
        company_id: the agency that owns the locations.
        client_id: the OAuth app's id.
        client_secret: the OAuth app's secret.
        refresh_token: a refresh token of the first location, good for one use.
        agency_refresh_token: a refresh token of the company, good for one use.
        authorization_code: a code for the first location, good for one use.
        burst: calls granted to each location in a few seconds; None grants all.
        daily: calls granted to each location in a day; None grants all.
        retry_after: whether a quota's 429 carries a `Retry-After` header. On the live service none was ever seen.
        priority: what identifies a contact, in this order.
        allow_duplicates: the account's setting of that name.
        latency: seconds from the arrival of a call until it is carried out and answered.
        search_lag: seconds until a search finds a contact by an e-mail or phone that was just written.
        custom_fields: what every location has defined.
        users: every location's staff.
        journal_length: how many calls are remembered.
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
    latency: float = 0.0
    search_lag: float = 0.0
    custom_fields: tuple[CustomField, ...] = DEFAULT_CUSTOM_FIELDS
    users: tuple[User, ...] = DEFAULT_USERS
    journal_length: int = 50_000


class Service:
    """A company with its locations, and all that surrounds them.

    Args:
        settings: how it behaves.
        clock: seconds of a clock that never goes back; quotas and tokens go by it.
        wall: seconds since 1970; contacts and the journal go by it.

    Attributes:
        settings: as given.
        accounts: by location id.
        tokens: who may call.
        faults: what is to go wrong.
        journal: what was asked.
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
            location_id: Account(
                location_id,
                priority=settings.priority,
                allow_duplicates=settings.allow_duplicates,
                custom_fields=settings.custom_fields,
                users=settings.users,
                clock=wall,
            )
            for location_id in (settings.location_id, *settings.more_locations)
        }
        self.faults = FaultProgramme()
        self.journal = Journal(wall, settings.journal_length)
        self._renew()

    @property
    def account(self) -> Account:
        """The first location."""
        return self.accounts[self.settings.location_id]

    def reset(self) -> None:
        """Be as if just started: no contacts, no faults, no calls, full quotas, the first tokens."""
        for account in self.accounts.values():
            account.clear()
        self.faults.clear()
        self.journal.clear()
        self._renew()

    def limits(self, location_id: str | None) -> Limits:
        """The quotas by which calls for a location are measured; a call for none is measured by the first one's."""
        return self._limits[location_id if location_id in self._limits else self.settings.location_id]

    def _renew(self) -> None:
        settings = self.settings
        started = self.clock()
        self._limits = {
            location_id: Limits(settings.burst, settings.daily, started=started) for location_id in self.accounts
        }
        self.tokens = TokenRegistry(settings.client_id, settings.client_secret, self.clock)
        location = Holder("Location", settings.location_id)
        self.tokens.add_private(settings.token, settings.location_id)
        self.tokens.add_refresh(settings.refresh_token, location)
        self.tokens.add_refresh(settings.agency_refresh_token, Holder("Company"))
        self.tokens.add_code(settings.authorization_code, location)
