"""The source keys that a sync leaves alone because their persons were forgotten: of each only a hash is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class KeyHasher:
    """Hashes the source keys of one sync, the same for each of its accounts.

    Attributes:
        secret: the key of the hashes, at most 64 bytes; without it, nobody can find a source key by trying all of them.
        sync_name: the sync.
        host: the API.
    """

    secret: bytes = field(repr=False)
    sync_name: str
    host: str

    def hash(self, source_key: str) -> bytes:
        """Return 16 bytes."""
        text = json.dumps([self.sync_name, self.host, source_key])
        return blake2b(text.encode(), digest_size=_BYTES, key=self.secret).digest()


@dataclass(frozen=True, slots=True)
class ForgottenKeys:
    """Which source keys a sync leaves alone.

    Attributes:
        hasher: hashes a source key; None where none was forgotten.
        hashes: the hashes of the keys.
    """

    hasher: KeyHasher | None = None
    hashes: frozenset[bytes] = field(default=frozenset(), repr=False)

    def among(self, source_keys: Iterable[str]) -> frozenset[str]:
        """Return those of these keys that were forgotten."""
        hasher = self.hasher
        if hasher is None or not self.hashes:
            return frozenset()
        return frozenset(key for key in source_keys if hasher.hash(key) in self.hashes)
