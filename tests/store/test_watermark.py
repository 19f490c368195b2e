"""Up to when a sync has read its source: stored with the seal of a plan, and never set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import begin, bits, deliver_all, write
from tests.store.statements import killed

SEVEN = datetime(2026, 11, 2, 7, 0, 0, 123456, tzinfo=UTC)
EIGHT, NINE = SEVEN + timedelta(hours=1), SEVEN + timedelta(hours=2)


def seal(run: SyncRun, *keys: str, watermark: datetime | None) -> None:
    """End a plan that has read these keys, up to that time."""
    ids = write(run, *keys)
    run.seal(Counts(read=len(keys), pending=len(keys)), bits(ids), is_whole=False, watermark=watermark)


def read_until(state: StateStore, sync: SyncIdentity, watermark: datetime | None, task_run: str = "run 1") -> SyncRun:
    """Seal a run that has read the source up to that time."""
    run = begin(state, sync, task_run)
    seal(run, "a", watermark=watermark)
    return run


def test_a_sync_begins_without_a_watermark(state: StateStore, sync: SyncIdentity) -> None:
    """Neither a sync that is not known, nor one whose runs move none, has one."""
    assert state.watermark(sync) is None

    deliver_all(read_until(state, sync, None))

    assert state.watermark(sync) is None


def test_the_watermark_moves_with_the_seal(state: StateStore, sync: SyncIdentity) -> None:
    """What the plan has read waits in the sync's outbox from then on, so no later run needs to read it again."""
    run = begin(state, sync)
    write(run, "b")
    assert state.watermark(sync) is None

    seal(run, "a", watermark=SEVEN)

    assert state.watermark(sync) == SEVEN
    deliver_all(run)
    assert state.watermark(sync) == SEVEN


def test_a_plan_that_broke_off_moves_no_watermark(state: StateStore, sync: SyncIdentity) -> None:
    """Killed before its seal, the next run reads the same part of the source again."""
    deliver_all(read_until(state, sync, SEVEN))
    run = begin(state, sync, "run 2")
    with at("UPDATE leadway_run SET status", killed), pytest.raises(KeyboardInterrupt):
        seal(run, "a", watermark=EIGHT)

    assert not begin(state, sync, "run 2").sealed
    assert state.watermark(sync) == SEVEN


def test_a_seal_that_was_killed_moves_the_watermark_when_it_is_completed(
    state_by_twos: StateStore, sync: SyncIdentity
) -> None:
    """Not before all its rows count; the next run of the sync, whichever that is, completes it."""
    run = begin(state_by_twos, sync)
    with at("UPDATE leadway_row", killed, after=1), pytest.raises(KeyboardInterrupt):
        seal(run, *"abcde", watermark=SEVEN)
    assert state_by_twos.watermark(sync) is None

    begin(state_by_twos, sync, "run 2")

    assert state_by_twos.watermark(sync) == SEVEN


@pytest.mark.parametrize("older", [SEVEN, EIGHT - timedelta(microseconds=1), EIGHT, None])
def test_the_watermark_is_never_set_back(state: StateStore, sync: SyncIdentity, older: datetime | None) -> None:
    """A run that read less far than an earlier one, or moves none, leaves it; one that read further moves it."""
    deliver_all(read_until(state, sync, EIGHT))

    deliver_all(read_until(state, sync, older, "run 2"))
    assert state.watermark(sync) == EIGHT

    deliver_all(read_until(state, sync, NINE, "run 3"))
    assert state.watermark(sync) == NINE


def test_a_dry_run_moves_the_watermark_when_it_is_delivered(state: StateStore, sync: SyncIdentity) -> None:
    """It keeps how far it has read until then; where it is never delivered, the watermark stays."""
    deliver_all(read_until(state, sync, SEVEN))
    dry = begin(state, sync, "run 2")
    dry.finish_dry_run(Counts(read=1, unchanged=1), is_whole=False, watermark=EIGHT)
    assert state.watermark(sync) == SEVEN
    reviewed = state.resume_reviewed(sync, dry.id, task_run="deliver", digest=b"query")
    reviewed.seal(reviewed.counts())
    assert state.watermark(sync) == EIGHT

    ignored = begin(state, sync, "run 3")
    ignored.finish_dry_run(Counts(read=1, unchanged=1), is_whole=False, watermark=NINE)
    begin(state, sync, "run 4")

    assert state.watermark(sync) == EIGHT


def test_each_sync_has_its_own_watermark(state: StateStore, sync: SyncIdentity) -> None:
    """Another account's sync of the same name, read less far, keeps its own; a reset sync begins anew."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    run = read_until(state, sync, EIGHT)
    read_until(state, other, SEVEN)
    assert (state.watermark(sync), state.watermark(other)) == (EIGHT, SEVEN)

    state.syncs().forget(run.sync_id)

    assert (state.watermark(sync), state.watermark(other)) == (None, SEVEN)
