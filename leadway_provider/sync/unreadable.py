"""Rows whose calls the API answers with success, in answers that can't be read.

They would else wait in the outbox for ever, and no run would end well. Where answers to other rows can be read, these
rows are refused, and later runs try them again as they do with every refused row. Where none can be read, it may be the
API's fault, and the rows wait for the retry.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from leadway_provider.contacts.contact import Reason
from leadway_provider.exceptions import UnavailableError
from leadway_provider.printable import brief, printable_log
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery, OutboxRow

log = printable_log(__name__)


@dataclass(slots=True)
class UnreadableRows:
    """The rows of one delivery whose answers can't be read, and that have no outcome yet."""

    _rows: list[tuple[OutboxRow, UnavailableError]] = field(default_factory=list)
    _others_are_readable: bool = False

    @property
    def error(self) -> UnavailableError | None:
        """The error of the first of them, or None where there is none."""
        return next((error for _, error in self._rows), None)

    def add(self, row: OutboxRow, error: UnavailableError) -> None:
        """Add a row."""
        self._rows.append((row, error))

    def other_was_read(self) -> None:
        """Take note that the answer to another row could be read. It says something of the rows before it only."""
        self._others_are_readable = self._others_are_readable or bool(self._rows)

    def refusals(self) -> list[Delivery]:
        """Return the outcomes of the rows, which are then no longer among these; none while it may be the API's fault.

        It is not known whether their contacts were written.
        """
        if not self._others_are_readable:
            return []
        rows, self._rows = self._rows, []
        return [
            Delivery(row, RowState.REFUSED, None, error.trace_id, error.status, (_reason(error),), maybe_written=True)
            for row, error in rows
        ]

    def log_waiting(self) -> None:
        """Log the keys of the rows that wait for the retry."""
        for row, error in self._rows:
            said, key = "; ".join(error.reasons), brief(row.source_key)
            log.warning(
                "The API's answers to the row with key %s can't be read (%s). It waits for the retry.", key, said
            )


def _reason(error: UnavailableError) -> Reason:
    sentence = "The API's answers can't be read, so it is not known whether the contact was written."
    return Reason("", "answer_unreadable", f"{sentence} What came last: {'; '.join(error.reasons)}.")
