"""What runs use of the API is kept in samples, and read by run and by sync."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.store.usage import Usage
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import NOON, StoreClock, deliver_all, sealed


@dataclass
class Meter:
    """Gives a sample after every acknowledgement."""

    rows: list[int] = field(default_factory=list)
    left: Usage = field(default_factory=lambda: Usage(1.0, 0, 0, None))

    def after(self, acknowledged: int) -> Usage:
        """Return ten calls for each row."""
        self.rows.append(acknowledged)
        return Usage(2.0, 10 * acknowledged, acknowledged, 900)

    def rest(self) -> Usage:
        """Return what is left."""
        return self.left


def test_samples_are_kept_by_run_and_counted_by_sync(engine: sa.Engine, sync: SyncIdentity) -> None:
    """Rows and calls as the meter says them; a sample without any is left out, and one from before is not counted."""
    clock = StoreClock()
    state = StateStore.open(engine, "state", clock)
    run = sealed(state, sync, "a", "b")
    run.measure_with(meter := Meter())
    deliver_all(run)
    clock.move(60)
    run.finish(calls=20, seconds=60)
    assert sum(meter.rows) == 2
    clock.move(60)
    meter.left = Usage(3.0, 7, 0, 893)
    run.finish(calls=7, seconds=60)

    usage = state.reader().usage()
    samples = usage.of_run(run.id)
    assert (sum(each.acknowledged for each in samples), sum(each.calls for each in samples)) == (2, 27)
    assert (samples[-1].measured_at, samples[-1].quota_left) == (NOON + timedelta(seconds=120), 893)
    assert usage.calls_since([run.sync_id, 999], NOON) == {run.sync_id: 27}
    assert usage.calls_since([run.sync_id], NOON + timedelta(seconds=1)) == {run.sync_id: 7}

    clock.move(days=1)
    run.trim_ledger(1)
    assert usage.calls_since([run.sync_id], NOON) == {run.sync_id: 7}
