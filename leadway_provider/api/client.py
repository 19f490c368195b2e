"""The client of one account over HTTP: it keeps to the quota, repeats failed calls, and returns typed answers.

The requests are those of httpx, and aiohttp sends them.
"""

from __future__ import annotations

import asyncio
import random as _random
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from types import TracebackType
from typing import Final, Self, TypeAlias, TypeVar

import httpx

from leadway_provider.api.answer import Fatal, RateLimited, Success, Transient, WrongSetting, interpret
from leadway_provider.api.auth import StaticToken, TokenSource
from leadway_provider.api.call import Call
from leadway_provider.api.credentials import OAuthApp, PrivateToken
from leadway_provider.api.endpoints import Endpoints
from leadway_provider.api.limiter import RateLimiter
from leadway_provider.api.network import LostError, Network, Received
from leadway_provider.api.pacing import Pacer
from leadway_provider.api.refusal import error_of, unquoted
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.api.sharing import QuotaSharing
from leadway_provider.api.v3 import to_v3_token_call
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import AuthenticationError, QuotaExhaustedError, UnavailableError
from leadway_provider.policies import QuotaPolicy
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.words import counted, duration_text

T = TypeVar("T")
_Result: TypeAlias = Success | RateLimited | Transient | Fatal | WrongSetting

MAX_TOKEN_WAIT: Final = 10.0
"""The longest time in seconds for an answer about tokens; the call can then still be repeated (see `oauth`)."""


class LeadwayClient(Endpoints):
    """The API of one account, as an asynchronous context manager.

    Args:
        settings: how to reach the account.
        tokens: where bearer tokens come from; if None, the private integration token of the settings is used.
        location_id: the account, instead of the one in the settings.
        max_in_flight: the most calls that wait for an answer at the same time.
        pacer: the pacer of an earlier client of the same account, whose quota window and `daily_reserve` go on.
        quota: how much of the quota may be used, and how long a call waits for quota.
        sharing: how the quota is shared with other processes; None is by the headers of the answers alone.
        cancel_token: ends the calls early: after a cancellation, every call that was not sent raises its reason.
        retry: how often and after which pauses a failed call is repeated.
        clock: the monotonic clock and the sleep.
        random: returns a number from 0 up to 1.
        max_token_wait: the longest time in seconds for an answer about tokens.
        transport: used instead of the network.

    Attributes:
        calls: the number of HTTP calls made; each attempt counts.
        pacer: the quota window, and the daily quota of the latest answer.
        location_id: the account.
        headers: those of the latest answer, with names in lower case; empty before it.

    Raises:
        ConnectionSettingsError: no location is given.
        ValueError: the settings hold no private integration token, and `tokens` is None.
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
        sharing: QuotaSharing | None = None,
        cancel_token: CancelToken | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        clock: Clock = SYSTEM_CLOCK,
        random: Callable[[], float] = _random.random,
        max_token_wait: float = MAX_TOKEN_WAIT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        credentials = settings.credentials
        company_id = credentials.company_id if isinstance(credentials, OAuthApp) else None
        super().__init__(settings.account(location_id), settings.api_version, company_id)
        self.calls = 0
        self.headers: Mapping[str, str] = {}
        self.pacer = pacer or Pacer(settings.quota_requests, settings.quota_seconds, daily_reserve=quota.daily_reserve)
        self._settings = settings
        self._retry = retry
        self._monotonic = clock.monotonic
        self._cancel_token = cancel_token or CancelToken()
        self._sleep = self._cancel_token.cancellable(clock.sleep)
        self._max_wait = quota.max_wait
        self._max_token_wait = max_token_wait
        self._random = random
        self._tokens = tokens or _static_token(settings)
        self._network = Network(settings, transport)
        self._url = lru_cache(64)(lambda path: httpx.URL(settings.base_url + path))
        self._permits = asyncio.Semaphore(max_in_flight)
        self._limiter = RateLimiter(
            self.pacer,
            max_wait=quota.max_wait,
            monotonic=clock.monotonic,
            sleep=self._sleep,
            raise_if_cancelled=self._cancel_token.raise_if_cancelled,
            sharing=sharing,
        )
        self._sharing = sharing
        self._makes_many_calls = max_in_flight > 1
        self._headers = lru_cache(8)(partial(_headers, settings.api_version))

    async def __aenter__(self) -> Self:
        await self._network.__aenter__()
        if self._sharing is not None:
            self._sharing.begin(self.pacer, many=self._makes_many_calls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._sharing is not None:
                await self._sharing.end()
        finally:
            await self._network.__aexit__(kind, error, traceback)

    async def send(self, call: Call[T]) -> T:
        """Send a call until it succeeds or can't succeed any more; if its token is refused, once more with a new one.

        Raises the errors that `Endpoints` lists.
        """
        bearers: list[str] = []
        exchange = partial(self._exchange, call, call.encoded_body(), bearers)
        try:
            return await self._with_retries(call, exchange)
        except AuthenticationError as error:
            was_refused = error.call == call.name  # otherwise no token was got
            if not was_refused or not await self._tokens.renew(self._send_token_call, bearers[-1]):
                raise
        return await self._with_retries(call, exchange)

    async def _send_token_call(self, call: Call[T], bearer: str | None = None) -> T:
        """Send a call about tokens, which does not count against the account's quota."""
        if self.is_v3:
            call = to_v3_token_call(call)
        content = call.encoded_body()
        return await self._with_retries(call, partial(self._exchange_without_quota, call, content, bearer))

    async def _with_retries(self, call: Call[T], exchange: Callable[[], Awaitable[_Result]]) -> T:
        attempt = 0
        maybe_received = False
        limited_at: float | None = None
        while True:
            result = await exchange()
            if isinstance(result, RateLimited):
                limited_at = self._monotonic() if limited_at is None else limited_at
                self._raise_if_limited_for_too_long(call, limited_at)
                continue
            if isinstance(result, Success):
                try:
                    return call.read(result)
                except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
                    reason = "the answer doesn't hold what the API documents"
                    result = Transient(reason, maybe_received=True, status=result.status)
            if not isinstance(result, Transient):
                raise error_of(result, call, self._settings, self.location_id)
            attempt += 1
            maybe_received = maybe_received or result.maybe_received
            delay = self._retry.delay(attempt, result.retry_after, self._random)
            if delay is None or (maybe_received and not call.resend_safe):
                raise self._unavailable(call, result, attempt, maybe_received=maybe_received)
            await self._sleep(delay)

    async def _exchange(self, call: Call[T], content: bytes, bearers: list[str]) -> _Result:
        """Send a call once, as soon as `max_in_flight` and the quota allow it.

        Its token is got after the wait, in which an older one could end, and appended to `bearers`.
        """
        async with self._permits:
            permit = await self._limiter.acquire(call.name)
            answer: Received | None = None
            try:
                bearer = await self._tokens.bearer(self._send_token_call)
                bearers.append(bearer)
                answer = await self._send_once(call, content, bearer, 2 * self._settings.timeout)
            except LostError as lost:
                return Transient(lost.reason, lost.maybe_received, lost.status)
            finally:
                if answer is None:
                    self._limiter.lost()
            result = interpret(*answer)
            self.headers = answer.headers
            self._limiter.answered(permit, answer.headers)
            if isinstance(result, RateLimited):
                self.pacer.limited(permit, self._monotonic(), result.retry_after)
            return result

    async def _exchange_without_quota(self, call: Call[T], content: bytes, bearer: str | None) -> _Result:
        """Send a call once, at once."""
        limit = min(2 * self._settings.timeout, self._max_token_wait)
        try:
            answer = await self._send_once(call, content, bearer, limit)
        except LostError as lost:
            return Transient(lost.reason, lost.maybe_received, lost.status)
        result = interpret(*answer)
        if isinstance(result, RateLimited):
            return Transient("the API answered 429", maybe_received=False, status=429, retry_after=result.retry_after)
        return result

    async def _send_once(self, call: Call[T], content: bytes, bearer: str | None, limit: float) -> Received:
        self._cancel_token.raise_if_cancelled()
        self.calls += 1
        path = call.path
        url = self._url(path) if not call.params else httpx.URL(self._settings.base_url + path, params=call.params)
        headers = self._headers(bearer, call.content_type)
        try:
            async with self._cancel_token.within_grace():
                return await self._network.send(call.method, url, headers, content, limit)
        except TimeoutError:
            grace = self._cancel_token.grace
            raise LostError(f"no answer within {grace:.0f} s after the cancellation", maybe_received=True) from None

    def _raise_if_limited_for_too_long(self, call: Call[T], since: float) -> None:
        now = self._monotonic()
        wait = self.pacer.wait(now)
        if self.pacer.exhausted(now) or now - since + wait <= self._max_wait:
            return  # if the daily quota is used up, the rate limiter raises the error that says so
        raise QuotaExhaustedError(
            f"{call.name}: the API answers 429, Too Many Requests, for longer than a call may wait "
            f"({duration_text(self._max_wait)}).",
            call=call.name,
            returns_in=wait,
            status=429,
        )

    def _unavailable(
        self, call: Call[T], result: Transient, attempts: int, *, maybe_received: bool
    ) -> UnavailableError:
        return UnavailableError(
            f"{call.name}: {result.reason}; {self._settings.base_url} was tried {counted(attempts, 'time')}. "
            "Try again later; if that doesn't help, check the host and the proxy of connection "
            f"{self._settings.conn_id!r}.",
            call=call.name,
            maybe_received=maybe_received,
            status=result.status,
            reasons=(result.reason,),
            trace_id=unquoted(result.trace_id, call),
        )


def _static_token(settings: ConnectionSettings) -> TokenSource:
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
