"""The account over HTTP: calls are paced, retried where that helps, and their answers are typed.

httpx is the interface and aiohttp does the work.
"""

from __future__ import annotations

import asyncio
import random as _random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache, partial
from types import TracebackType
from typing import Final, Literal, NoReturn, Self, TypeAlias, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from leadway_provider.api.answer import Fatal, Misplaced, RateLimited, Success, Transient, interpret, redacted
from leadway_provider.api.auth import StaticToken, TokenSource
from leadway_provider.api.brake import GRACE, Brake
from leadway_provider.api.calls import Call, Calls
from leadway_provider.api.credentials import PrivateToken
from leadway_provider.api.gate import Gate
from leadway_provider.api.models import BulkTagsAnswer, ContactRecord, Location, TagsAnswer, UpsertAnswer, User
from leadway_provider.api.network import LostError, Network, Received
from leadway_provider.api.pacing import Pacer
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.exceptions import (
    AuthenticationError,
    ConnectionSettingsError,
    QuotaExhaustedError,
    RefusedError,
    UnavailableError,
)
from leadway_provider.policy import QuotaPolicy

T = TypeVar("T")
_Answer: TypeAlias = Success | RateLimited | Transient | Fatal | Misplaced

MAX_TOKEN_WAIT: Final = 10.0
"""The longest, in seconds, that an answer about tokens may take: there is time to repeat the call (see `oauth`)."""
SCOPES: Final = "contacts.write, contacts.readonly and locations/customFields.readonly"
"""What a token must be allowed, as messages name it."""


class LeadwayClient:
    """One account's API, as an asynchronous context manager.

    Every method raises, beside what it names itself:
        AuthenticationError, AccessDeniedError, ConnectionSettingsError: a person must change the connection.
        RefusedError: the API refuses this request.
        UnavailableError: the API could not be reached, or not be understood, for longer than the retries last.
        QuotaExhaustedError: no quota for the day, or for longer than a call may wait.

    Args:
        settings: how to reach the account.
        tokens: where bearer tokens come from; a private integration token comes from the settings by itself.
        location_id: the account, above the one that the settings name.
        max_in_flight: calls that may be on their way at the same time.
        pacer: goes on with the quota window of an earlier client of the same account, and its `daily_reserve`.
        quota: how much of the quota may be used, and how long it is waited for.
        brake: ends the client's calls before their time; then every call that has not left raises its reason.
        retry: how often and how patiently a failed call is repeated.
        clock: seconds, monotonic.
        sleep: waits that many seconds.
        random: draws from 0 up to 1.
        transport: instead of the network.

    Attributes:
        calls: HTTP calls made, every attempt counted.
        pacer: holds the quota window, and the day's quota as last told.
        location_id: the account.

    Raises:
        ConnectionSettingsError: no location is named.
        ValueError: the settings hold no private integration token, and no other source of tokens is given.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        tokens: TokenSource | None = None,
        location_id: str | None = None,
        max_in_flight: int = 16,
        pacer: Pacer | None = None,
        quota: QuotaPolicy = QuotaPolicy(),  # noqa: B008 - frozen
        brake: Brake | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = _random.random,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.location_id = settings.account(location_id)
        self.calls = 0
        self.pacer = pacer or Pacer(settings.quota_requests, settings.quota_seconds, daily_reserve=quota.daily_reserve)
        self._settings = settings
        self._retry = retry
        self._clock = clock
        self._brake = brake or Brake()
        self._sleep = self._brake.interrupting(sleep)
        self._max_wait = quota.max_wait
        self._random = random
        self._tokens = tokens or _static(settings)
        self._network = Network(settings, transport)
        self._url = lru_cache(64)(lambda path: httpx.URL(settings.base_url + path))
        self._calls = Calls(self.location_id, settings.api_version)
        self._permits = asyncio.Semaphore(max_in_flight)
        self._gate = Gate(self.pacer, max_wait=quota.max_wait, clock=clock, sleep=self._sleep, check=self._brake.check)
        self._headers = lru_cache(8)(partial(_headers, settings.api_version))

    async def __aenter__(self) -> Self:
        await self._network.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._network.__aexit__(kind, error, traceback)

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertAnswer:
        """Create or update one contact; `fields` are in the API's names, form of version 2021-07-28."""
        return await self._call(self._calls.upsert_contact(fields))

    async def get_contact(self, contact_id: str) -> ContactRecord:
        """One contact. A missing one is refused."""
        return await self._call(self._calls.get_contact(contact_id))

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> ContactRecord | None:
        """The contact that the account would match, or None.

        Raises:
            ValueError: neither e-mail nor phone is given.
        """
        return await self._call(self._calls.find_duplicate(email=email, phone=phone))

    async def add_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Add tags to a contact, beside those it has."""
        return await self._call(self._calls.change_tags("POST", contact_id, tags))

    async def remove_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Take tags off a contact."""
        return await self._call(self._calls.change_tags("DELETE", contact_id, tags))

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Iterable[str], tags: Iterable[str]
    ) -> BulkTagsAnswer:
        """Add the same tags to many contacts, or take them off, in one call."""
        return await self._call(self._calls.update_tags(kind, contact_ids, tags))

    async def delete_contact(self, contact_id: str) -> None:
        """Delete a contact."""
        await self._call(self._calls.delete_contact(contact_id))

    async def get_custom_fields(self) -> list[CustomField]:
        """The account's custom fields for contacts."""
        return await self._call(self._calls.get_custom_fields())

    async def get_location(self) -> Location:
        """The account and its settings."""
        return await self._call(self._calls.get_location())

    async def get_users(self) -> list[User]:
        """The people that contacts can be assigned to."""
        return await self._call(self._calls.get_users())

    async def _call(self, call: Call[T]) -> T:
        """Send a call until it succeeds or an error says who must act; once more where its token has ended."""
        content = _encoded(call)
        bearer = await self._tokens.bearer(self._ask)
        try:
            return await self._insist(call, partial(self._exchange, call, content, bearer))
        except AuthenticationError:
            if not await self._tokens.renew(self._ask, bearer):
                raise
        bearer = await self._tokens.bearer(self._ask)
        return await self._insist(call, partial(self._exchange, call, content, bearer))

    async def _ask(self, call: Call[T], bearer: str | None = None) -> T:
        """Send a call about tokens, for which the account's quota doesn't count."""
        return await self._insist(call, partial(self._exchange_aside, call, _encoded(call), bearer))

    async def _insist(self, call: Call[T], exchange: Callable[[], Awaitable[_Answer]]) -> T:
        attempt = 0
        maybe_received = False
        limited_at: float | None = None
        while True:
            result = await exchange()
            if isinstance(result, RateLimited):
                limited_at = self._patient(call, limited_at)
                continue
            if isinstance(result, Success):
                try:
                    return call.with_status(call.read(result.json), result.status)
                except (ValueError, TypeError, LookupError, AttributeError):
                    result = Transient("the answer doesn't hold what the API documents", maybe_received=True)
            if not isinstance(result, Transient):
                self._fail(call, result)
            attempt += 1
            maybe_received = maybe_received or result.maybe_received
            delay = self._retry.delay(attempt, result.retry_after, self._random)
            if delay is None or (maybe_received and not call.resend_safe):
                raise UnavailableError(
                    f"{call.name}: {result.reason}; {self._settings.base_url} was tried {attempt} time(s). "
                    "Try again later; if that doesn't help, check the host and the proxy of connection "
                    f"{self._settings.conn_id!r}.",
                    call=call.name,
                    maybe_received=maybe_received,
                    status=result.status,
                    reasons=(result.reason,),
                    trace_id=result.trace_id,
                )
            await self._sleep(delay)

    async def _exchange(self, call: Call[T], content: bytes, bearer: str) -> _Answer:
        """Send a call once, when a permit and the quota allow."""
        async with self._permits:
            ticket = await self._gate.ticket(call.name)
            answer: Received | None = None
            try:
                answer = await self._send(call, content, bearer, 2 * self._settings.timeout)
            except LostError as lost:
                return Transient(lost.reason, lost.maybe_received)
            finally:
                if answer is None:
                    self._gate.lost()
            result = interpret(*answer)
            self._gate.answered(ticket, answer.headers)
            if isinstance(result, RateLimited):
                self.pacer.limited(ticket, self._clock(), result.retry_after)
            return result

    async def _exchange_aside(self, call: Call[T], content: bytes, bearer: str | None) -> _Answer:
        """Send a call once, now."""
        try:
            answer = await self._send(call, content, bearer, min(2 * self._settings.timeout, MAX_TOKEN_WAIT))
        except LostError as lost:
            return Transient(lost.reason, lost.maybe_received)
        result = interpret(*answer)
        if isinstance(result, RateLimited):
            return Transient("the API answered 429", maybe_received=False, status=429, retry_after=result.retry_after)
        return result

    async def _send(self, call: Call[T], content: bytes, bearer: str | None, limit: float) -> Received:
        self._brake.check()
        self.calls += 1
        url = (
            self._url(call.path)
            if not call.params
            else httpx.URL(self._settings.base_url + call.path, params=call.params)
        )
        headers = self._headers(bearer, _JSON if call.form is None else _FORM)
        try:
            async with self._brake.bounded():
                return await self._network.send(call.method, url, headers, content, limit)
        except TimeoutError:
            raise LostError(f"no answer within {GRACE:.0f} s of being told to stop", maybe_received=True) from None

    def _patient(self, call: Call[T], limited_at: float | None) -> float:
        """When the first 429 of this call came; raises when waiting on would take too long."""
        now = self._clock()
        since = now if limited_at is None else limited_at
        wait = self.pacer.wait(now)
        if self.pacer.exhausted(now) or now - since + wait <= self._max_wait:
            return since  # the gate refuses where the day's quota is used up
        raise QuotaExhaustedError(
            f"{call.name}: the API answers 429, Too Many Requests, for longer than a call may wait "
            f"({self._max_wait:.0f} s).",
            call=call.name,
            returns_in=wait,
            status=429,
        )

    def _fail(self, call: Call[T], result: Fatal | Misplaced) -> NoReturn:
        conn_id = self._settings.conn_id
        if isinstance(result, Misplaced):
            raise ConnectionSettingsError(_MISPLACED[result.setting].format(conn_id=conn_id, status=result.status))
        sent = (call.json, call.form, dict(call.params), self._settings.secrets)
        reasons = redacted(result.reasons, (part for part in sent if part))
        raise result.error(
            f"{call.name}: refused with {result.status}: {'; '.join(reasons) or 'no reason given'}."
            + _advice(result, self._settings).format(conn_id=conn_id, location_id=self.location_id),
            call=call.name,
            status=result.status,
            reasons=reasons,
            trace_id=result.trace_id,
        )


_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MISPLACED: Final = {
    "host": "Connection {conn_id!r}: its host redirects ({status}). A token is never sent on: name the API's own host.",
    "api_version": "Connection {conn_id!r}: the API doesn't accept the version header ({status}): "
    "check the extra `api_version`.",
}


def _static(settings: ConnectionSettings) -> TokenSource:
    if not isinstance(settings.credentials, PrivateToken):
        raise ValueError(f"connection {settings.conn_id!r} holds no private integration token: pass `tokens`")  # noqa: TRY004 - the type is right, its use is not
    return StaticToken(settings.credentials)


def _headers(api_version: str, bearer: str | None, content_type: str) -> httpx.Headers:
    return httpx.Headers(
        {
            **({"Authorization": f"Bearer {bearer}"} if bearer else {}),
            "Version": api_version,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Content-Type": content_type,
            "User-Agent": "leadway-provider",
        }
    )


def _advice(result: Fatal, settings: ConnectionSettings) -> str:
    """What to do about a refusal."""
    if issubclass(result.error, RefusedError):
        return ""
    if issubclass(result.error, AuthenticationError):
        if isinstance(settings.credentials, PrivateToken):
            return " The password of connection {conn_id!r} must be a valid private integration token of the account."
        return (
            " A token of connection {conn_id!r} that was just renewed is refused: connect its app to the account "
            "again, and put the new refresh token into its extra `refresh_token`."
        )
    if result.status == 401:  # noqa: PLR2004 - observed where a scope is missing
        return f" The token of connection {{conn_id!r}} lacks a scope that this call needs; a sync needs {SCOPES}."
    return (
        " Check that the token of connection {conn_id!r} belongs to location {location_id!r} and has the scopes that"
        " this call needs."
    )


def _encoded(call: Call[T]) -> bytes:
    if call.form is not None:
        return urlencode(call.form).encode()
    if call.json is None:
        return b""
    try:
        return msgspec.json.encode(call.json)
    except (TypeError, UnicodeEncodeError):
        pass
    raise ValueError(f"{call.name}: the body holds a value that JSON can't express")
