"""Token stores that fail in the way a test chooses."""

from __future__ import annotations

from datetime import datetime

from leadway_provider.api.oauth import StoredTokens, TokenStore


class Crash(BaseException):
    """The end of the process."""


class FaultyStore:
    """A token store that raises errors, and otherwise uses another store.

    Args:
        store: the other store.
        begin: raised instead of beginning a renewal.
        keep: raised one after another instead of storing tokens, until none is left.
        release: raised instead of releasing a renewal.
    """

    def __init__(
        self,
        store: TokenStore,
        *,
        begin: BaseException | None = None,
        keep: tuple[BaseException, ...] = (),
        release: BaseException | None = None,
    ) -> None:
        self._store = store
        self._begin = begin
        self._keep = list(keep)
        self._release = release

    def read(self, family: str) -> StoredTokens:
        return self._store.read(family)

    def begin(self, family: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        if self._begin is not None:
            raise self._begin
        return self._store.begin(family, version, lease=lease, instead_of=instead_of, now=now)

    def keep(self, family: str, version: int, secret: str, now: datetime) -> bool:
        if self._keep:
            raise self._keep.pop(0)
        return self._store.keep(family, version, secret, now)

    def release(self, family: str, version: int, lease: str, begun_at: datetime | None) -> None:
        if self._release is not None:
            raise self._release
        self._store.release(family, version, lease, begun_at)


def crashing(store: TokenStore) -> FaultyStore:
    """Return the store of a worker that dies with new tokens: it can neither store them nor release its renewal."""
    return FaultyStore(store, keep=(Crash(),), release=Crash())
