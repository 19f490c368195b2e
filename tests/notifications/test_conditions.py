"""Each condition of an alert, with the figures at which it is met."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.notifications.conditions import (
    Condition,
    Facts,
    NoRunFor,
    NotKept,
    QuotaLeft,
    RejectedShare,
    RowsReadDeviate,
    RowsWait,
)
from leadway_provider.store.reading.quotas import AccountQuota
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.tables import RunStatus
from leadway_provider.store.waiting import WaitingRows
from leadway_provider.sync.outcome import Counts, RowState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = Facts(run=None, rows_read=(), waiting=(), quota=None, last_finished_at=None, now=NOON)
QUOTA = AccountQuota("https://api.example.com", "loc1", 1000, 99, NOON + HOUR, NOON - HOUR)


def after(**counts: int) -> Facts:
    """What is known after a run with these counts."""
    run = RunSummary("run", 1, RunStatus.FINISHED, "d/r/t/-1", None, 1, NOON, NOON, NOON, Counts(**counts), 1, 1.0)
    return replace(NOTHING, run=run)


def waits(state: RowState, since: datetime) -> Facts:
    """What is known where three rows wait."""
    return replace(NOTHING, waiting=(WaitingRows(state, 3, since),))


LAST_TEN = replace(after(read=49), rows_read=(100, 90, 110))


@pytest.mark.parametrize(
    ("condition", "facts", "met", "says"),
    [
        (RejectedShare(0.05), after(read=100, invalid=4, refused=1), False, "5 of 100 rows rejected (5.0%"),
        (RejectedShare(0.05), after(read=90, carried=10, invalid=6), True, "6 of 100 rows rejected (6.0%"),
        (RejectedShare(0), after(read=1, invalid=1), True, "1 of 1 row rejected"),
        (NotKept(), after(read=1), False, "0 rows with a value"),
        (NotKept(), after(read=1, not_kept=1), True, "1 row with a value that the CRM did not keep"),
        (NotKept(above=5), after(read=9, not_kept=5), False, "the limit is 5"),
        (RowsWait(HOUR), NOTHING, False, "no row waits (the limit is 1 h)"),
        (RowsWait(HOUR), waits(RowState.PENDING, NOON - HOUR), False, "3 rows wait"),
        (RowsWait(HOUR), waits(RowState.DEPARTED, NOON - 2 * HOUR), True, "the first since 2026-11-22 10:00:00 UTC"),
        (RowsWait(HOUR), waits(RowState.REFUSED, NOON - 9 * HOUR), False, "no row waits"),
        (RowsReadDeviate(0.5), LAST_TEN, True, "49 rows read, where 100 is usual"),
        (RowsReadDeviate(0.6), LAST_TEN, False, "49 rows read"),
        (RowsReadDeviate(0.5), replace(after(read=151), rows_read=(100, 90, 110)), True, "151 rows read"),
        (QuotaLeft(0.1), replace(NOTHING, quota=QUOTA), True, "99 of 1,000 calls of the daily quota are left"),
        (QuotaLeft(99), replace(NOTHING, quota=QUOTA), False, "(the limit is 99)"),
        (QuotaLeft(100), replace(NOTHING, quota=replace(QUOTA, limit=None)), True, "99 calls of the daily"),
        (QuotaLeft(0.1), replace(NOTHING, quota=replace(QUOTA, returns_at=NOON)), False, "has returned"),
        (NoRunFor(HOUR), replace(NOTHING, last_finished_at=NOON - HOUR), False, "ended at 2026-11-22 11:00:00 UTC"),
        (NoRunFor(HOUR), replace(NOTHING, last_finished_at=NOON - 2 * HOUR), True, "(the limit is 1 h)"),
    ],
)
def test_a_condition_is_met_beyond_its_limit(
    condition: Condition,
    facts: Facts,
    met: bool,  # noqa: FBT001 - a table's column
    says: str,
) -> None:
    """The limit itself is still right; the sentence has the figures."""
    found = condition.found(facts)
    assert found is not None
    assert (found.met, says in found.says) == (met, True), found.says


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        (RejectedShare(0.05), NOTHING),
        (RejectedShare(0.05), after(read=0)),
        (NotKept(), NOTHING),
        (RowsReadDeviate(), replace(LAST_TEN, rows_read=(100, 90))),
        (RowsReadDeviate(), NOTHING),
        (QuotaLeft(0.1), NOTHING),
        (QuotaLeft(0.1), replace(NOTHING, quota=replace(QUOTA, limit=None))),
        (NoRunFor(HOUR), NOTHING),
    ],
)
def test_a_condition_without_figures_stays_as_it_was(condition: Condition, facts: Facts) -> None:
    """Nothing is known, so nobody is told that it is met or that it has recovered."""
    assert condition.found(facts) is None


@pytest.mark.parametrize(
    ("make", "value", "names"),
    [
        (RejectedShare, 5, "above of RejectedShare is 5; give a share"),
        (RejectedShare, True, "above of RejectedShare"),
        (NotKept, 0.5, "above of NotKept"),
        (RowsWait, 3600, "longer_than of RowsWait is 3600; give a timedelta"),
        (RowsReadDeviate, 0, "by of RowsReadDeviate"),
        (QuotaLeft, 1.0, "below of QuotaLeft"),
        (NoRunFor, timedelta(), "longer_than of NoRunFor"),
    ],
)
def test_a_limit_that_can_not_be_is_refused(make: Any, value: object, names: str) -> None:
    """The error, which comes while the DAG is parsed, names condition and argument."""
    with pytest.raises(ConfigurationError, match=names):
        make(value)


def test_a_condition_is_stored_under_a_name_that_stays_the_same() -> None:
    """Another limit is another condition; the name fits into its column."""
    conditions = [RejectedShare(0.05), NotKept(), RowsWait(HOUR), RowsReadDeviate(), QuotaLeft(0.1), NoRunFor(HOUR)]
    assert all(len(repr(each)) <= 190 for each in conditions)
    assert repr(RejectedShare(0.05)) == "RejectedShare(above=0.05)" != repr(RejectedShare(0.1))
