"""OAuth pairs, whose refresh token is good for one use: renewed once for all, and kept before they are used.

A refresh token that was used and whose successor is lost cuts the connection off until a person connects it anew. So
the vault says beforehand that a renewal begins, the new pair is in the vault before its access token leaves it, and a
renewal that was cut off is repeated with the same refresh token: the API gives the same pair again for 30 s
(documented). One worker renews while the others wait, but nothing depends on that: two that renew at once are given one
pair, and the vault takes only the first.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn, Protocol, TypeVar

from leadway_provider.api.calls import Call
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.exceptions import AuthenticationError, RefusedError, StateUnavailableError

T = TypeVar("T")

MARGIN: Final = 600.0
"""Seconds before its end that an access token is renewed: longer than a call may wait for quota and answer."""
LEASE: Final = 15.0
"""Seconds after which a renewal counts as cut off: longer than one attempt takes, and early enough to repeat it."""
_LIFETIME: Final = 86399.0
_POLL: Final = 0.25
_KEEP_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class Ask(Protocol):
    """Sends a call about tokens, with a bearer token or none, and repeats it as other calls are."""

    async def __call__(self, call: Call[T], bearer: str | None = None) -> T:
        """The answer; raises as the client's methods do."""
        ...


class Kept(Protocol):
    """What a vault holds of one lineage."""

    @property
    def version(self) -> int:
        """Grows by one with every secret that is kept; 0 where none was."""
        ...

    @property
    def secret(self) -> str | None:
        """The last secret."""
        ...

    @property
    def lease(self) -> str | None:
        """Who is renewing it; one that died is still named."""
        ...

    @property
    def begun_at(self) -> datetime | None:
        """When a renewal began whose result has not been kept."""
        ...


class TokenVault(Protocol):
    """Keeps secrets for all workers, encrypted. Its methods block, and each commits by itself.

    A lineage is all that grew from one refresh token of a connection.
    """

    def read(self, lineage: str) -> Kept:
        """What is there; version 0 where nothing is."""
        ...

    def begin(self, lineage: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        """Note that the holder of `lease` renews; False if version or lease are no longer those that were read."""
        ...

    def keep(self, lineage: str, version: int, secret: str, now: datetime) -> bool:
        """Replace the secret and end the renewal; False, and nothing changed, if the version is another by now."""
        ...

    def release(self, lineage: str, version: int, lease: str, begun_at: datetime | None) -> None:
        """Let others renew at once, and note when the renewal began whose result may be lost, if one may."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What the API granted.

    Attributes:
        access_token: for calls.
        renew_at: from when on it should be replaced.
        refresh_token: for one renewal; empty where the API gives none.
    """

    access_token: str = field(repr=False)
    renew_at: datetime
    refresh_token: str = field(default="", repr=False)


def read_grant(body: Mapping[str, Any], now: datetime) -> Grant:
    """The grant in an answer of the API.

    Raises:
        ValueError, LookupError, TypeError: it holds no usable token.
    """
    seconds = float(body.get("expires_in") or _LIFETIME)
    renew_at = now + timedelta(seconds=seconds - min(MARGIN, seconds / 2))
    tokens = [body["access_token"], body.get("refresh_token") or ""]
    if not all(_TOKEN.fullmatch(token) for token in tokens if token) or not tokens[0]:
        raise ValueError("no token")
    return Grant(tokens[0], renew_at, tokens[1])


class OAuthToken:
    """The access token of an OAuth app, for one account or for an agency: a `TokenSource`.

    Args:
        app: the app's credentials.
        vault: where the pair is kept.
        conn_id: the Airflow connection, for messages.
        host: the API's address, which tells a sandbox's tokens from real ones.
        tell_secret: is told of each new token before it is used, in a thread; a log can then mask it.
        now: the time in UTC.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        app: OAuthApp,
        vault: TokenVault,
        *,
        conn_id: str,
        host: str,
        tell_secret: Callable[[str], None] = lambda _secret: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app = app
        self._vault = vault
        self._conn_id = conn_id
        self._tell_secret = tell_secret
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._grant: Grant | None = None
        root = f"{host}\n{app.client_id}\n{app.refresh_token.get_secret_value()}"
        self._lineage = hashlib.sha256(root.encode()).hexdigest()

    async def bearer(self, ask: Ask) -> str:
        """See `TokenSource.bearer`."""
        async with self._lock:
            if self._grant is None or self._now() >= self._grant.renew_at:
                self._grant = await self._current(ask, refused=None)
            return self._grant.access_token

    async def renew(self, ask: Ask, refused: str) -> bool:
        """See `TokenSource.renew`."""
        async with self._lock:
            if self._grant is None or self._grant.access_token == refused:
                self._grant = await self._current(ask, refused)
        return True

    async def _current(self, ask: Ask, refused: str | None) -> Grant:
        """The kept grant if it is good, whoever renewed it; else renew it, when nobody else does."""
        watched: str | None = None
        waited = 0.0
        while True:
            kept = await asyncio.to_thread(self._vault.read, self._lineage)
            grant = await self._known(kept)
            if grant and kept.begun_at is None and self._now() < grant.renew_at and grant.access_token != refused:
                return grant
            if kept.lease != watched:
                watched, waited = kept.lease, 0.0
            # By the clock, so that a lease left by a crash is no hindrance later; and by waiting, so that a clock that
            # is wrong is none either.
            cut_off = kept.begun_at is None or (self._now() - kept.begun_at).total_seconds() >= LEASE
            if kept.lease is None or cut_off or waited >= LEASE:
                if renewed := await _to_the_end(self._renewed(ask, kept, grant)):
                    return renewed
            else:
                await self._sleep(_POLL)
                waited += _POLL

    async def _known(self, kept: Kept) -> Grant | None:
        if kept.secret is None:
            return None
        grant = _decoded(kept.secret)
        await self._tell(grant)
        return grant

    async def _renewed(self, ask: Ask, kept: Kept, old: Grant | None) -> Grant | None:
        """The new grant, kept; None where somebody else was quicker."""
        lease, now = uuid.uuid4().hex, self._now()
        if not await asyncio.to_thread(
            self._vault.begin, self._lineage, kept.version, lease=lease, instead_of=kept.lease, now=now
        ):
            return None
        refresh_token = old.refresh_token if old else self._app.refresh_token.get_secret_value()
        done = False
        begun_at: datetime | None = kept.begun_at or now
        try:
            grant = await ask(self._call(refresh_token))
            await self._tell(grant)
            done = await self._keep(kept.version, grant)
        except (RefusedError, AuthenticationError) as error:
            begun_at = kept.begun_at  # a refusal uses nothing up
            if (await asyncio.to_thread(self._vault.read, self._lineage)).version == kept.version:
                self._fail(error, kept)
        finally:
            if not done:
                await asyncio.to_thread(self._vault.release, self._lineage, kept.version, lease, begun_at)
        return grant if done else None

    def _call(self, refresh_token: str) -> Call[Grant]:
        form = {
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret.get_secret_value(),
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "user_type": self._app.user_type,
        }
        return Call("POST", "/oauth/token", "/oauth/token", self._read, form=form)

    def _read(self, body: dict[str, Any]) -> Grant:
        grant = read_grant(body, self._now())
        if not grant.refresh_token:
            raise ValueError("no refresh token")
        return grant

    async def _keep(self, version: int, grant: Grant) -> bool:
        """Put the grant into the vault, which may be out of reach for a moment: there is no other copy."""
        secret = _encoded(grant)
        for pause in _KEEP_PAUSES:
            try:
                return await asyncio.to_thread(self._vault.keep, self._lineage, version, secret, self._now())
            except StateUnavailableError:
                await self._sleep(pause)
        return await asyncio.to_thread(self._vault.keep, self._lineage, version, secret, self._now())

    async def _tell(self, grant: Grant) -> None:
        for secret in (grant.access_token, grant.refresh_token):
            await asyncio.to_thread(self._tell_secret, secret)

    def _fail(self, error: RefusedError | AuthenticationError, kept: Kept) -> NoReturn:
        said = "; ".join(error.reasons) or "no reason given"
        if isinstance(error, AuthenticationError):
            what = f"the API doesn't know the app: login and password must be its client id and client secret ({said})."
        elif kept.begun_at is not None:
            what = (
                f"a renewal of its tokens that began at {kept.begun_at:%Y-%m-%d %H:%M:%S} UTC was cut off before the "
                f"new ones could be kept, and the API repeats them for 30 s only ({said}). {_RECONNECT}"
            )
        else:
            what = (
                "the API doesn't accept its refresh token: it was used elsewhere, was revoked, is older than a year, "
                f"or the tokens that followed it were deleted with the state database ({said}). {_RECONNECT}"
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


async def _to_the_end(renewal: Coroutine[Any, Any, T]) -> T:
    """Await it, and finish it even if cancelled meanwhile: a refresh token is used up once it was sent."""
    task = asyncio.ensure_future(renewal)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,), timeout=LEASE)
        if task.done() and not task.cancelled():
            task.exception()  # seen, so that asyncio doesn't complain; the cancellation is what counts
        raise
