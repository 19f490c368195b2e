"""The one outcome of every source row, and the counts that must add up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from leadway_provider.exceptions import AccountingError


class Outcome(StrEnum):
    """What became of a source row; every row has exactly one."""

    UNCHANGED = "unchanged"
    """The same as when the CRM last acknowledged it: no call."""
    INVALID = "invalid"
    """Our validation rejects it, with reasons: no call."""
    SUPERSEDED = "superseded"
    """Another row of the same result stands for it: no call."""
    CREATED = "created"
    """The CRM made a new contact of it."""
    UPDATED = "updated"
    """The CRM wrote it to a contact it had."""
    REFUSED = "refused"
    """The CRM said no, with reasons."""
    UNKNOWN = "unknown"
    """Sent, the answer was lost, and sending it again is not safe."""
    PENDING = "pending"
    """Not reached yet: the next attempt goes on with it."""


REMOVED: Final = "removed"
"""What became of a row that left the source, once its contact was treated as the removal policy says. It is no outcome
of a row that was read: `read` does not count it."""

UNREMOVED: Final = "unremoved"
"""What became of a row that left the source, where the API refused that, with reasons. The next run tries again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows ended how.

    The outcomes add up to `read`; the remarks (`withheld`, `not_kept`, `collisions`) lie across them. Rows that left
    the source stand beside: `removed` are those whose contact was treated as the removal policy says, `unremoved`
    those for which the API refused that.
    """

    read: int = 0
    unchanged: int = 0
    invalid: int = 0
    superseded: int = 0
    created: int = 0
    updated: int = 0
    refused: int = 0
    unknown: int = 0
    pending: int = 0
    withheld: int = 0
    not_kept: int = 0
    collisions: int = 0
    removed: int = 0
    unremoved: int = 0

    @property
    def rejected(self) -> int:
        """Rows that our validation or the CRM rejected."""
        return self.invalid + self.refused + self.unremoved

    def as_dict(self) -> dict[str, int]:
        """The counts by name, in the order of the report."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def verify(self) -> None:
        """Raise AccountingError unless every row read has exactly one outcome."""
        total = sum(getattr(self, outcome.value) for outcome in Outcome)
        if total != self.read:
            raise AccountingError(
                f"{self.read} rows were read but their outcomes add up to {total}: {self.as_dict()}. "
                "This is a defect of leadway-provider; please report it with this message."
            )
