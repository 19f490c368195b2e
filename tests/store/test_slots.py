"""The leases of a quota, in every kind of database."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.sync.slots import SlotLease
from tests.store.sample import StoreClock

LEASE = SlotLease("client", "machine 1", 60, 100, 100, 1_800_000_000.25)


@pytest.fixture
def sync() -> SyncIdentity:
    """A sync of an account that no other test uses."""
    return SyncIdentity("customers", "https://api.example.com", uuid.uuid4().hex)


def test_the_leases_are_stored_and_replaced(state: StateStore, sync: SyncIdentity) -> None:
    """Whoever read before the last write comes too late, also with the first row."""
    slots, other = state.slots(sync, "app one"), state.slots(sync, "app one")
    assert slots.read().leases == ()
    assert slots.write(0, [LEASE])
    assert not other.write(0, [])
    assert other.read().leases == (LEASE,)
    assert other.write(other.read().version, [LEASE, replace(LEASE, client="other")])
    assert not slots.write(1, [])
    assert [lease.client for lease in slots.read().leases] == ["client", "other"]
    assert slots.write(slots.read().version, [])
    assert slots.read().leases == ()


def test_each_app_and_account_has_a_quota_of_its_own(state: StateStore, sync: SyncIdentity) -> None:
    """All syncs of an account share it."""
    assert state.slots(sync, "app one").write(0, [LEASE])
    assert state.slots(replace(sync, name="another"), "app one").read().leases == (LEASE,)
    assert state.slots(sync, "app two").read().leases == ()
    assert state.slots(replace(sync, location_id="elsewhere"), "app one").read().leases == ()


def test_the_time_is_that_of_the_server(
    state: StateStore, sync: SyncIdentity, clock: StoreClock, engine: sa.Engine
) -> None:
    """Machines need not agree on the time; a file has no clock, and is on one machine."""
    slots = state.slots(sync, "app one")
    first = slots.read().now
    if engine.dialect.name == "sqlite":
        assert first == clock().timestamp()
        return
    assert abs(first - time.time()) < 60
    assert slots.read().now > first
