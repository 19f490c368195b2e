"""What is kept of a comparison that found the account as the source says: when that was, of how many rows, and a hash.

Rows that are rejected, superseded or skipped are not in it: the account does not have them as they are. Neither are
rows of which the account's last acknowledgement had to be believed. Both are counted beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Self

from leadway_provider.sync.fingerprint import contact_half

_BYTES: Final = 16


class RowHome(NamedTuple):
    """A row as it is once the plan that is made counts.

    Attributes:
        row_id: its id.
        source_key: its key.
        contact_id: the contact that it lives on.
        fingerprint: what the account is known to have of it.
    """

    row_id: int
    source_key: str
    contact_id: str | None
    fingerprint: bytes | None


@dataclass(frozen=True, slots=True)
class Verification:
    """A comparison of the whole source that found nothing to send.

    Attributes:
        verified_at: when the account was begun to be read.
        rows: how many rows were compared with their contacts, and found equal.
        hash: 32 hexadecimal digits that stand for these rows, their contacts and their fields. It has the sync's key:
            two of one sync are the same where all of that is.
    """

    verified_at: datetime
    rows: int
    hash: str = field(repr=False)

    @classmethod
    def of_rows(cls, rows: Iterable[RowHome], verified_at: datetime, key: bytes) -> Self:
        """Return what stands for rows that were found equal.

        Args:
            rows: the rows, in the order of their keys.
            verified_at: when the account was begun to be read.
            key: the key of the sync's hashes.
        """
        count, state = 0, blake2b(digest_size=_BYTES, key=key)
        for row in rows:
            fields = contact_half(row.fingerprint).hex() if row.fingerprint else None
            state.update(json.dumps([row.source_key, row.contact_id, fields]).encode() + b"\n")
            count += 1
        return cls(verified_at, count, state.hexdigest())

    def document(self) -> dict[str, object]:
        """Return it as plain values that the state store can keep as JSON."""
        return asdict(self) | {"verified_at": self.verified_at.isoformat()}

    @classmethod
    def of_run(cls, comparison: Mapping[str, Any], counts: Mapping[str, int]) -> Self | None:
        """Return what a run has verified; None where it has not.

        Args:
            comparison: what the run's comparison found, as the state store keeps it.
            counts: the run's counts. A run that took over rows which earlier runs had left has verified nothing.
        """
        found = comparison.get("verified")
        if found is None or counts["carried"]:
            return None
        return cls(datetime.fromisoformat(found["verified_at"]), found["rows"], found["hash"])
