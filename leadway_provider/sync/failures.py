"""What went wrong in one delivery, and whether it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from leadway_provider.exceptions import LeadwayError, UnavailableError
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.sync.unreadable import UnreadableRows

_GIVE_UP_AFTER: Final = 5
"""So many rows in a row that can't be delivered mean that the API does not work, not that these rows are bad."""


@dataclass(slots=True)
class DeliveryFailures:
    """The failures of one delivery, and the rows that they leave without an outcome."""

    _final: LeadwayError | None = None
    _unavailable: UnavailableError | None = None
    _last: UnavailableError | None = None
    _in_a_row: int = 0
    _maybe_created: set[int] = field(default_factory=set)
    _unreadable: UnreadableRows = field(default_factory=UnreadableRows)

    @property
    def end_delivery(self) -> bool:
        """Whether no other row is sent."""
        return self._final is not None or self._in_a_row >= _GIVE_UP_AFTER

    @property
    def error(self) -> LeadwayError | None:
        """What the delivery raises at its end; None where every row has its outcome."""
        return self._final or self._unavailable or self._unreadable.error

    @property
    def may_be_of_rows(self) -> bool:
        """Whether the answers to some rows can't be read, and nothing has shown yet that this is the API's fault."""
        return self._unavailable is None and self._unreadable.error is not None

    def answered(self) -> None:
        """Note that a row got its answer."""
        self._in_a_row = 0

    def marked(self, row: OutboxRow, sent_at: datetime | None) -> None:
        """Note that a call which must not be repeated is about to be sent, or certainly was not (None)."""
        (self._maybe_created.discard if sent_at is None else self._maybe_created.add)(row.position)

    def add(self, error: LeadwayError) -> None:
        """Add an error that ends the delivery; the first one counts."""
        self._final = self._final or error

    def add_unavailable(self, row: OutboxRow, error: UnavailableError, *, waits_for_tags: bool) -> None:
        """Add the failure of a row, which stays in the outbox."""
        # Rows that share a call of tags share its error, and it is one failure.
        self._in_a_row += not waits_for_tags or error is not self._last
        self._last = error
        if error.is_unreadable:
            maybe_created = row.sent_at is not None or row.position in self._maybe_created
            self._unreadable.add(row, error, maybe_created=maybe_created)
        else:
            self._unavailable = error

    def end_unreadable(self) -> list[Delivery]:
        """Return the outcomes of the rows whose answers can't be read; they are no longer among the failures."""
        return self._unreadable.outcomes()

    def log_waiting(self) -> None:
        """Log which rows wait for the retry, because their answers can't be read."""
        self._unreadable.log_waiting()
