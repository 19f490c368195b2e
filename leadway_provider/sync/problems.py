"""What is wrong with the rows of a plan, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.reasons import VALUE_CODES
from leadway_provider.sync.findings import Problem, UnkeyedRow
from leadway_provider.sync.row import KEY_LENGTH

_UNKEYED_SAMPLE: Final = 20


class Problems:
    """Counts what is wrong with rows; of those without a key it keeps the first few.

    Args:
        key: the key's columns, as errors name them.

    Attributes:
        unkeyed: the first rows without a key.
    """

    def __init__(self, key: Sequence[str]) -> None:
        self.unkeyed: list[UnkeyedRow] = []
        self._key = " and ".join(key)
        self._found: dict[tuple[str, str], Problem] = {}

    def add(self, key: str, reasons: Iterable[Reason]) -> None:
        """Count what is wrong with the row of a key."""
        for reason in reasons:
            # Values of one code can be wrong in different ways, and each way has a sentence of its own.
            kind = reason.message if reason.code in VALUE_CODES else reason.code
            self._found.setdefault((reason.field, kind), Problem(reason, key)).rows += 1

    def add_unkeyed(self, keys: Sequence[str | None], first: int) -> int:
        """Note the rows of a batch that have no key, and return how many they are.

        Args:
            keys: the keys of the batch.
            first: the number of the batch's first row in the result.
        """
        numbers = [number for number, key in enumerate(keys, first) if key is None]
        message = (
            f"The key ({self._key}) is null, blank, unreadable, not storable as text or over {KEY_LENGTH} characters."
        )
        reason = Reason(field=self._key, code="key_missing", message=message)
        self.unkeyed += [UnkeyedRow(number, reason) for number in numbers[: _UNKEYED_SAMPLE - len(self.unkeyed)]]
        return len(numbers)

    def by_frequency(self) -> tuple[Problem, ...]:
        """Return what was found, the most frequent first."""
        return tuple(sorted(self._found.values(), key=lambda problem: -problem.rows))
