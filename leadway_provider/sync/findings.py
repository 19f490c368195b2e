"""What a plan finds, for the report and for the seal."""

from __future__ import annotations

from dataclasses import dataclass, field

from leadway_provider.contacts.contact import Reason
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.repeated import RepeatedKeys
from leadway_provider.sync.seen import is_set


@dataclass(frozen=True, slots=True)
class UnkeyedRow:
    """An invalid row without a usable key, named by its number in the result (from 1)."""

    number: int
    reason: Reason


@dataclass(slots=True)
class Problem:
    """Something that is wrong with rows in the same way.

    Attributes:
        reason: what is wrong, with which field.
        first_key: the first row that has it.
        rows: how many rows of the plan have it so far.
    """

    reason: Reason
    first_key: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan found.

    Attributes:
        counts: rows by outcome so far; pending ones will be sent.
        unkeyed: the first few rows without a key.
        problems: what was wrong with changed rows, the most frequent first.
        older: rows among the superseded ones that were left as a newer data interval has them.
        compared_again: rows among the unchanged ones that changed, or whose mapping or account did, and that still
            become the contact that the CRM acknowledged.
        seen: one bit for each row id that the plan read.
        is_whole: whether the plan read the whole source, so that a row that it did not read has departed.
        repeated: the rows that repeat the key of another row, with the keys that most rows have.
        forgotten: rows among the skipped ones whose keys were forgotten.
        missing: one bit for each row id whose contact was found to exist no more.
        too_few: where a whole read was expected and so few rows came that it counts as partial: how many rows of the
            sync were read, and how many have a contact.
    """

    counts: Counts
    unkeyed: tuple[UnkeyedRow, ...]
    problems: tuple[Problem, ...]
    older: int
    compared_again: int
    seen: bytes
    is_whole: bool
    missing: bytes = b""
    too_few: tuple[int, int] | None = None
    repeated: RepeatedKeys = field(default_factory=RepeatedKeys)
    forgotten: int = 0

    def is_present(self, row_id: int) -> bool:
        """Return whether the source has the row of that id; in a partial read every row counts as present."""
        return not self.is_whole or is_set(self.seen, row_id)
