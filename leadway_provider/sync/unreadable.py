"""Rows whose calls the API answers with success, in answers that can't be read.

They would else wait in the outbox for ever, and no run would end well. Where the answer to a call that depends on no
contact can be read, these rows are refused, and later runs try them again as they do with every refused row; a row
whose call must not be repeated is unknown. Where it can't be read either, it is the API's fault, and the rows wait for
the retry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from leadway_provider.contacts.contact import Reason
from leadway_provider.exceptions import UnavailableError
from leadway_provider.printable import brief, printable_log
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery, OutboxRow

log = printable_log(__name__)


_MOST_KEYS: Final = 20
"""Keys in one line of the log."""


@dataclass(frozen=True, slots=True)
class _UnreadableRow:
    row: OutboxRow
    error: UnavailableError
    maybe_created: bool

    @property
    def said(self) -> str:
        return "; ".join(self.error.reasons)

    def outcome(self) -> Delivery:
        trace_id, status = self.error.trace_id, self.error.status
        if self.maybe_created:
            sentence = "The answer was lost, and the contact may have been created. Answers to look-ups can't be read"
            reasons = (Reason("", "answer_lost", f"{sentence}: {self.said}."),)
            return Delivery(self.row, RowState.UNKNOWN, None, trace_id, status, reasons)
        sentence = "The API's answers can't be read, so it is not known what was written."
        reasons = (Reason("", "answer_unreadable", f"{sentence} What came last: {self.said}."),)
        return Delivery(self.row, RowState.REFUSED, None, trace_id, status, reasons, maybe_written=True)


@dataclass(slots=True)
class UnreadableRows:
    """The rows of one delivery whose answers can't be read, and that have no outcome yet."""

    _rows: list[_UnreadableRow] = field(default_factory=list)

    @property
    def error(self) -> UnavailableError | None:
        """The error of the first of them, or None where there is none."""
        return next((each.error for each in self._rows), None)

    def add(self, row: OutboxRow, error: UnavailableError, *, maybe_created: bool) -> None:
        """Add a row.

        Args:
            row: the row.
            error: what its last answer raised.
            maybe_created: it is of the kind that must not be repeated, and its call was sent.
        """
        self._rows.append(_UnreadableRow(row, error, maybe_created))

    def outcomes(self) -> list[Delivery]:
        """Return the outcomes of the rows, which are then no longer among these."""
        rows, self._rows = self._rows, []
        return [each.outcome() for each in rows]

    def log_waiting(self) -> None:
        """Log the keys of the rows that wait for the retry."""
        keys: dict[str, list[str]] = {}
        for each in self._rows:
            keys.setdefault(each.said, []).append(each.row.source_key)
        for said, alike in keys.items():
            shown = ", ".join([*map(brief, alike[:_MOST_KEYS]), *["…"][: len(alike) > _MOST_KEYS]])
            rows = f"the row with key {shown}" if len(alike) == 1 else f"{len(alike)} rows (keys {shown})"
            log.warning("The API's answers to %s can't be read (%s). They wait for the retry.", rows, said)
