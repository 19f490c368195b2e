"""What stands in a row for a value that the database has, and that Python can't hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """A cell that could not be read. Its field is withheld; in a key it makes the row invalid.

    Attributes:
        code: why, one of `reasons.VALUE_CODES`.
        detail: one more sentence, which has nothing of the value.
    """

    code: str
    detail: str = ""
