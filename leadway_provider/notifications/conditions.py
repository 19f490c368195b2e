"""The conditions of alerts: when a sync needs somebody's attention.

    from leadway_provider.notifications.conditions import NotKept, QuotaLeft, RejectedShare

Each is a frozen value with its limit. The state store keeps which of them are met, by their `repr`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import parse_limit
from leadway_provider.sync.outcome import RowState
from leadway_provider.words import counted, duration_text, time_text

if TYPE_CHECKING:
    from leadway_provider.store.reading.quotas import AccountQuota
    from leadway_provider.store.reading.runs import RunSummary
    from leadway_provider.store.waiting import WaitingRows

COMPARED_RUNS: Final = 10
"""How many earlier runs the rows read are compared with."""
_FEWEST_RUNS: Final = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a sync.

    Attributes:
        run: its last run that was not a dry run; None before the first.
        rows_read: how many rows each of the runs before that one read, newest first, at most `COMPARED_RUNS`.
        waiting: its rows that wait in the outbox.
        quota: the daily quota of its account, as the last answer said.
        last_finished_at: when its last run ended that delivered all that it planned.
        now: the present.
    """

    run: RunSummary | None
    rows_read: Sequence[int]
    waiting: Sequence[WaitingRows]
    quota: AccountQuota | None
    last_finished_at: datetime | None
    now: datetime


class Finding(NamedTuple):
    """What the facts show of a condition.

    Attributes:
        met: whether it is met.
        says: a sentence with the figures, for both cases.
    """

    met: bool
    says: str


class Condition(Protocol):
    """A condition; its `repr` must be the same in every process, and have 190 characters at most."""

    def found(self, facts: Facts) -> Finding | None:
        """Return what the facts show; None where they show nothing, so that it stays as it was."""
        ...


@dataclass(frozen=True, slots=True)
class RejectedShare:
    """The last run rejected more than a share of its rows.

    Attributes:
        above: the share that is still right, from 0 up to but not including 1.

    Raises:
        ConfigurationError: it is not such a share.
    """

    above: float

    def __post_init__(self) -> None:
        if not _is_number(self.above) or not 0 <= self.above < 1:
            raise _wrong(self, "above", self.above, "a share from 0 up to but not including 1, such as 0.05")

    def found(self, facts: Facts) -> Finding | None:
        """See `Condition`."""
        if facts.run is None or not (rows := facts.run.counts["read"] + facts.run.counts["carried"]):
            return None
        rejected = facts.run.counts.rejected
        says = f"{rejected:,} of {counted(rows, 'row')} rejected ({rejected / rows:.1%}; the limit is {self.above:.1%})"
        return Finding(rejected > self.above * rows, says)


@dataclass(frozen=True, slots=True)
class NotKept:
    """The CRM's answers showed other values than the last run had sent, for more than so many rows.

    Attributes:
        above: the number of rows that is still right.

    Raises:
        ConfigurationError: it is not a whole number, 0 or more.
    """

    above: int = 0

    def __post_init__(self) -> None:
        if type(self.above) is not int or self.above < 0:
            raise _wrong(self, "above", self.above, "a whole number of rows, 0 or more")

    def found(self, facts: Facts) -> Finding | None:
        """See `Condition`."""
        if facts.run is None:
            return None
        rows = facts.run.counts["not_kept"]
        says = f"{counted(rows, 'row')} with a value that the CRM did not keep (the limit is {self.above:,})"
        return Finding(rows > self.above, says)


@dataclass(frozen=True, slots=True)
class RowsWait:
    """Planned rows, or departed ones, have waited in the outbox for too long. Refused rows are not among them.

    Attributes:
        longer_than: how long they may wait.

    Raises:
        ConfigurationError: it is not a duration, or not longer than nothing.
    """

    longer_than: timedelta

    def __post_init__(self) -> None:
        _require_duration(self, self.longer_than)

    def found(self, facts: Facts) -> Finding:
        """See `Condition`."""
        waiting = [each for each in facts.waiting if each.state is not RowState.REFUSED]
        limit = f"the limit is {duration_text(self.longer_than)}"
        if not waiting:
            return Finding(met=False, says=f"no row waits ({limit})")
        since = min(each.since for each in waiting)
        rows = sum(each.rows for each in waiting)
        wait = "waits" if rows == 1 else "wait"
        says = f"{counted(rows, 'row')} {wait}, the first since {time_text(since)} ({limit})"
        return Finding(facts.now - since > self.longer_than, says)


@dataclass(frozen=True, slots=True)
class RowsReadDeviate:
    """The last run read many more rows, or many fewer, than the ten runs before it did.

    It is compared with their median, from the fourth run on.

    Attributes:
        by: the deviation that is still right, as a share of the median: with 0.5, from half to one and a half of it.

    Raises:
        ConfigurationError: it is not a number above 0.
    """

    by: float = 0.5

    def __post_init__(self) -> None:
        if not _is_number(self.by) or self.by <= 0:
            raise _wrong(self, "by", self.by, "a share of the usual number of rows above 0, such as 0.5")

    def found(self, facts: Facts) -> Finding | None:
        """See `Condition`."""
        if facts.run is None or facts.run.sealed_at is None or len(facts.rows_read) < _FEWEST_RUNS:
            return None
        usual, read = median(facts.rows_read), facts.run.counts["read"]
        says = f"{counted(read, 'row')} read, where {usual:,.0f} is usual (the limit is a deviation of {self.by:.0%})"
        return Finding(abs(read - usual) > self.by * usual, says)


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """Little is left of the account's daily quota.

    Attributes:
        below: the calls that should be left: a whole number, or below 1 a share of the quota.

    Raises:
        ConfigurationError: it is neither.
    """

    below: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "below", parse_limit(f"below of {type(self).__name__}", self.below))

    def found(self, facts: Facts) -> Finding | None:
        """See `Condition`."""
        quota = facts.quota
        if quota is None or (quota.limit is None and self.below < 1):
            return None
        if quota.returns_at is not None and quota.returns_at <= facts.now:
            return Finding(met=False, says="the daily quota has returned")
        fewest = self.below * (quota.limit or 0) if isinstance(self.below, float) else self.below
        of = "" if quota.limit is None else f" of {quota.limit:,}"
        says = f"{quota.remaining:,}{of} calls of the daily quota are left (the limit is {fewest:,.0f})"
        return Finding(quota.remaining < fewest, says)


@dataclass(frozen=True, slots=True)
class NoRunFor:
    """No run has delivered all that it planned for too long.

    Attributes:
        longer_than: how long there may be no such run.

    Raises:
        ConfigurationError: it is not a duration, or not longer than nothing.
    """

    longer_than: timedelta

    def __post_init__(self) -> None:
        _require_duration(self, self.longer_than)

    def found(self, facts: Facts) -> Finding | None:
        """See `Condition`."""
        if facts.last_finished_at is None:
            return None
        limit = f"the limit is {duration_text(self.longer_than)}"
        says = f"the last run that delivered everything ended at {time_text(facts.last_finished_at)} ({limit})"
        return Finding(facts.now - facts.last_finished_at > self.longer_than, says)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_duration(condition: object, value: object) -> None:
    if not isinstance(value, timedelta) or value <= timedelta():
        raise _wrong(condition, "longer_than", value, "a timedelta above 0, such as timedelta(hours=6)")


def _wrong(condition: object, argument: str, value: object, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"{argument} of {type(condition).__name__} is {value!r}; give {wanted}.")
