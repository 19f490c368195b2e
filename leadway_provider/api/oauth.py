"""The tokens of an OAuth app: one renewal for all callers, stored before the new tokens are used.

A refresh token can be used once, and brings the next one. If the next one is lost, the app must be connected again by
a person. Therefore:

- the store records that a renewal begins before the refresh token is sent;
- the new tokens are stored before the new access token is used;
- a renewal that was interrupted is repeated with the same refresh token, because the API returns the same tokens again
  for 30 s (documented).

One worker renews while the others wait. This saves calls, but correctness does not depend on it: two workers that renew
at the same time get the same tokens, and the store keeps only the first result.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, Protocol, TypeVar

from leadway_provider.api.answer import Success
from leadway_provider.api.call import Call
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.v3 import token_value
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import AuthenticationError, RefusedError, StateUnavailableError

T = TypeVar("T")

MARGIN: Final = 600.0
"""Seconds before its end at which an access token is renewed: longer than a call may wait for quota and answer."""
LEASE: Final = 15.0
"""Seconds after which a renewal counts as interrupted: longer than one attempt, and soon enough to repeat it."""
_LIFETIME: Final = 86399.0
_LONGEST_LIFETIME: Final = 365 * 86400.0
_NOT_UNDERSTOOD: Final = (404, 405, 422)
_POLL: Final = 0.25
_STORE_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class Sender(Protocol):
    """Sends a call about tokens, with a bearer token or without one, and with the retries of other calls."""

    async def __call__(self, call: Call[T], bearer: str | None = None) -> T:
        """Return the answer; raise the errors of the client's methods."""
        ...


class StoredTokens(Protocol):
    """What the store holds of one token family."""

    @property
    def version(self) -> int:
        """How many secrets of the family were stored until now; 0 if none was."""
        ...

    @property
    def secret(self) -> str | None:
        """The latest secret."""
        ...

    @property
    def lease(self) -> str | None:
        """The worker that renews the tokens now; also a worker that died meanwhile."""
        ...

    @property
    def begun_at(self) -> datetime | None:
        """When a renewal began whose result was not stored."""
        ...


class TokenStore(Protocol):
    """Stores the tokens of all workers, encrypted. Its methods block, and each is a transaction of its own.

    A token family is a refresh token of a connection with all the tokens that followed it.

    Each method raises StateUnavailableError if the database is out of reach or can't be written.
    """

    def read(self, family: str) -> StoredTokens:
        """Return what is stored; version 0 if nothing is."""
        ...

    def begin(self, family: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        """Record that `lease` renews; return False if version or lease changed since they were read."""
        ...

    def keep(self, family: str, version: int, secret: str, now: datetime) -> bool:
        """Replace the secret and end the renewal; return False and change nothing if the version changed."""
        ...

    def release(self, family: str, version: int, lease: str, begun_at: datetime | None) -> None:
        """Let other workers renew at once.

        Args:
            family: the family.
            version: the version that was read.
            lease: the worker that gives up its renewal.
            begun_at: when a renewal began whose result may be lost, or None if no result can be lost.
        """
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens that the API granted.

    Attributes:
        access_token: the bearer token of calls.
        renew_at: the time from which the access token should be renewed.
        refresh_token: the token for the next renewal; empty if the API gave none.
    """

    access_token: str = field(repr=False)
    renew_at: datetime
    refresh_token: str = field(default="", repr=False)


def read_grant(body: dict[str, Any], now: datetime) -> Grant:
    """Return the grant in an answer of the API.

    Raises:
        ValueError, LookupError, TypeError: the answer holds no usable token.
    """
    seconds = _lifetime(token_value(body, "expires_in"))
    renew_at = now + timedelta(seconds=seconds - min(MARGIN, seconds / 2))
    tokens = [token_value(body, "access_token") or "", token_value(body, "refresh_token") or ""]
    if not all(_TOKEN.fullmatch(token) for token in tokens if token) or not tokens[0]:
        raise ValueError("no token")
    return Grant(tokens[0], renew_at, tokens[1])


def _lifetime(seconds: object) -> float:
    """Return the seconds that a token is valid; the usual ones if the answer does not say, and a year at most."""
    try:
        given = float(seconds)  # type: ignore[arg-type]  # whatever can't be a number is an error, which is handled
    except (TypeError, ValueError, OverflowError):
        return _LIFETIME
    return min(given, _LONGEST_LIFETIME) if given > 0 else _LIFETIME


class OAuthToken:
    """The access token of an OAuth app, for one account or for an agency: a `TokenSource`.

    Args:
        app: the app's credentials.
        store: where the tokens are stored.
        conn_id: the Airflow connection, for messages.
        host: the address of the API; tokens of a sandbox and of the service are thus different families.
        mask: called in a thread with each new token before the token is used.
        clock: the present and the sleep.
    """

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore,
        *,
        conn_id: str,
        host: str,
        mask: Callable[[str], None] = lambda _secret: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._app = app
        self._store = store
        self._conn_id = conn_id
        self._mask = mask
        self._now = clock.now
        self._sleep = clock.sleep
        self._lock = asyncio.Lock()
        self._grant: Grant | None = None
        root = f"{host}\n{app.client_id}\n{app.refresh_token.get_secret_value()}"
        self._family = hashlib.sha256(root.encode()).hexdigest()

    async def bearer(self, send: Sender) -> str:
        """See `TokenSource.bearer`."""
        async with self._lock:
            if self._grant is None or self._now() >= self._grant.renew_at:
                self._grant = await self._valid_grant(send, refused=None)
            return self._grant.access_token

    async def renew(self, send: Sender, refused: str) -> bool:
        """See `TokenSource.renew`."""
        async with self._lock:
            if self._grant is None or self._grant.access_token == refused:
                self._grant = await self._valid_grant(send, refused)
        return True

    async def _valid_grant(self, send: Sender, refused: str | None) -> Grant:
        """Return the stored grant if it is valid; otherwise renew it, or wait for the worker that renews it."""
        holder: str | None = None
        waited = 0.0
        while True:
            stored = await asyncio.to_thread(self._store.read, self._family)
            grant = await self._stored_grant(stored)
            if grant and stored.begun_at is None and self._now() < grant.renew_at and grant.access_token != refused:
                return grant
            if stored.lease != holder:
                holder, waited = stored.lease, 0.0
            # A dead worker's lease is over by the clock if it is old, and by waiting if a wrong clock has dated it in
            # the future.
            over = stored.begun_at is None or (self._now() - stored.begun_at).total_seconds() >= LEASE
            if stored.lease is None or over or waited >= LEASE:
                if renewed := await _despite_cancellation(self._renewed_grant(send, stored, grant)):
                    return renewed
            else:
                await self._sleep(_POLL)
                waited += _POLL

    async def _stored_grant(self, stored: StoredTokens) -> Grant | None:
        if stored.secret is None:
            return None
        grant = _decoded(stored.secret)
        await self._mask_tokens(grant)
        return grant

    async def _renewed_grant(self, send: Sender, stored: StoredTokens, old: Grant | None) -> Grant | None:
        """Renew and store the grant; return None if another worker did it before."""
        lease, now = uuid.uuid4().hex, self._now()
        if not await asyncio.to_thread(
            self._store.begin, self._family, stored.version, lease=lease, instead_of=stored.lease, now=now
        ):
            return None
        refresh_token = old.refresh_token if old else self._app.refresh_token.get_secret_value()
        done = False
        begun_at: datetime | None = stored.begun_at or now
        try:
            grant = await send(self._renewal(refresh_token))
            await self._mask_tokens(grant)
            done = await self._keep(stored.version, grant)
        except (RefusedError, AuthenticationError) as error:
            begun_at = stored.begun_at  # a refusal does not use the refresh token up
            if (await asyncio.to_thread(self._store.read, self._family)).version == stored.version:
                self._fail(error, stored)
        finally:
            if not done:
                await asyncio.to_thread(self._store.release, self._family, stored.version, lease, begun_at)
        return grant if done else None

    def _renewal(self, refresh_token: str) -> Call[Grant]:
        form = {
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret.get_secret_value(),
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "user_type": self._app.user_type,
        }
        return Call("POST", "/oauth/token", self._read_renewal, form=form)

    def _read_renewal(self, answer: Success) -> Grant:
        grant = read_grant(answer.json, self._now())
        if not grant.refresh_token:
            raise ValueError("no refresh token")
        return grant

    async def _keep(self, version: int, grant: Grant) -> bool:
        """Store the grant, with retries if the database is out of reach, since it is the only copy."""
        secret = _encoded(grant)
        for pause in _STORE_PAUSES:
            try:
                return await asyncio.to_thread(self._store.keep, self._family, version, secret, self._now())
            except StateUnavailableError:
                await self._sleep(pause)
        return await asyncio.to_thread(self._store.keep, self._family, version, secret, self._now())

    async def _mask_tokens(self, grant: Grant) -> None:
        for secret in (grant.access_token, grant.refresh_token):
            await asyncio.to_thread(self._mask, secret)

    def _fail(self, error: RefusedError | AuthenticationError, stored: StoredTokens) -> NoReturn:
        reasons = "; ".join(error.reasons) or "no reason given"
        if isinstance(error, AuthenticationError):
            what = (
                "the API does not accept the app: login and password must be its client id and client secret "
                f"({reasons})."
            )
        elif error.status in _NOT_UNDERSTOOD:
            what = (
                f"the API does not take the request for new tokens ({reasons}), and did not use the refresh token. "
                "Correct the connection's host or its extra `api_version`."
            )
        elif stored.begun_at is not None:
            what = (
                f"a renewal of its tokens that began at {stored.begun_at:%Y-%m-%d %H:%M:%S} UTC was interrupted before "
                f"the new tokens were stored, and the API repeats them for 30 s only ({reasons}). {_RECONNECT}"
            )
        else:
            what = (
                "the API doesn't accept its refresh token: it was used elsewhere, was revoked, is older than a year, "
                f"or the tokens that followed it were deleted with the state database ({reasons}). {_RECONNECT}"
            )
        raise AuthenticationError(
            f"Connection {self._conn_id!r}: {what}", call=error.call, status=error.status, reasons=error.reasons
        ) from None


_RECONNECT: Final = (
    "Connect the app to the account again and put the new refresh token into the connection's extra `refresh_token`."
)


def _encoded(grant: Grant) -> str:
    return json.dumps([grant.access_token, grant.refresh_token, grant.renew_at.isoformat()])


def _decoded(secret: str) -> Grant:
    access_token, refresh_token, renew_at = json.loads(secret)
    return Grant(access_token, datetime.fromisoformat(renew_at), refresh_token)


async def _despite_cancellation(renewal: Coroutine[Any, Any, T]) -> T:
    """Await a renewal, and finish it even if the caller is cancelled: a refresh token that was sent is used up."""
    task = asyncio.ensure_future(renewal)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=LEASE)
        if task.done() and not task.cancelled():
            task.exception()  # retrieved, so that asyncio logs nothing; the cancellation is raised
        raise
