"""A person who is forgotten is in no table afterwards, on every database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.forgotten import KeyHasher
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, OutboxRow, PlannedRow
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity
from leadway_provider.sync.snapshot import ContactDigest
from tests.store.sample import StoreClock, begin, bits, deliver_all, delivered, row_ids, sealed, write


@dataclass(frozen=True)
class Ann:
    """What is looked for; nothing else contains it, in a database that several tests use."""

    key: str = field(default_factory=lambda: f"key {uuid.uuid4().hex}")
    contact: str = field(default_factory=lambda: f"contact {uuid.uuid4().hex}")
    email: str = field(default_factory=lambda: uuid.uuid4().hex[:20])
    fingerprint: bytes = field(default_factory=lambda: uuid.uuid4().bytes)


@pytest.fixture
def ann() -> Ann:
    """The person who is forgotten."""
    return Ann()


def hasher(sync: SyncIdentity) -> KeyHasher:
    """What hashes the sync's keys."""
    return KeyHasher(b"secret", sync.name, sync.host)


def dump(engine: sa.Engine) -> Iterator[tuple[str, str]]:
    """Every value of every table, with its column, as text."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)).mappings():
                for name, value in row.items():
                    yield f"{table.name}.{name}", _text(value)


def _text(value: Any) -> str:
    return f"{bytes(value).hex()} {bytes(value)!r}" if isinstance(value, bytes | memoryview) else str(value)


def places(engine: sa.Engine, ann: Ann) -> set[str]:
    """The columns that have anything of Ann."""
    looked_for = (ann.key, ann.contact, ann.email, ann.fingerprint.hex())
    return {column for column, text in dump(engine) if any(each in text for each in looked_for)}


def of_ann(run: SyncRun, ann: Ann, first_name: str = "Ann") -> PlannedRow:
    """Ann's row, with the e-mail that she holds."""
    contact = Contact({"email": "ann@example.com", "firstName": first_name})
    row_id = row_ids(run, ann.key)[ann.key]
    return PlannedRow(row_id, ann.key, ann.fingerprint, contact, lanes=(ann.email,), claimed=(ann.email,))


def accepted(row: OutboxRow, contact_id: str, *remarks: Reason) -> Delivery:
    """The CRM accepted the row, and has all of its identities."""
    return Delivery(
        row, RowState.CREATED, contact_id=contact_id, status=201, in_crm=frozenset(row.claimed), remarks=remarks
    )


@pytest.fixture
def with_ann(state: StateStore, sync: SyncIdentity, ann: Ann) -> SyncRun:
    """A sync that has delivered Ann and Bob, and has written of Bob that Ann's contact has his e-mail."""
    run = begin(state, sync)
    row = of_ann(run, ann)
    run.write([row], [])
    ids = {ann.key: row.row_id} | write(run, "bob")
    run.claims.update_claims([], [Claim(ann.email, row.row_id, ClaimKind.HOLDS)])
    run.seal(Counts(read=2, pending=2), bits(ids), is_whole=False)
    found = {row.source_key: row for row in run.outbox(0, 10)}
    run.acknowledge([accepted(found[ann.key], ann.contact)])
    run.acknowledge(
        [accepted(found["bob"], "bobs", reason("email", "identity_taken", f"It is contact {ann.contact}."))]
    )
    run.finish(calls=2, seconds=1)
    return run


def forget(state: StateStore, sync: SyncIdentity, key: str) -> None:
    """Forget a key, as the command does."""
    person = state.persons().with_key(state.syncs().ensure(sync), key)
    state.persons().erase(person, [hasher(sync).hash(key)])


@pytest.mark.usefixtures("with_ann")
def test_nothing_of_a_delivered_person_is_left(
    state: StateStore, engine: sa.Engine, sync: SyncIdentity, ann: Ann
) -> None:
    """Row, hashes, ledger, and what another row's remarks say of the contact; the other row is as it was."""
    before = places(engine, ann)
    assert {"leadway_row.source_key", "leadway_row.in_crm", "leadway_row.remarks", "leadway_delivery.reasons"} <= before
    forget(state, sync, ann.key)
    assert places(engine, ann) == set()
    sync_id = state.syncs().ensure(sync)
    [record] = state.forgotten().records([sync_id])
    assert dict(record.counts) == {"rows": 1, "claims": 1, "waiting": 0, "deliveries": 1, "contacts_deleted": 0}
    assert state.forgotten().hashes(sync) == {hasher(sync).hash(ann.key)}
    row = tables.row.c
    with engine.connect() as connection:
        bob = connection.scalar(sa.select(row.remarks).where(row.sync_id == sync_id, row.source_key == "bob"))
    assert json.loads(bob or "") == {"others": [asdict(reason("email", "identity_taken"))]}


def test_nothing_of_a_plan_is_left(
    state: StateStore, engine: sa.Engine, sync: SyncIdentity, ann: Ann, with_ann: SyncRun
) -> None:
    """A dry run that nobody has delivered has the person in outbox, staged claims and snapshot."""
    run = begin(state, sync, "run 2")
    row = of_ann(run, ann, "Anna")
    run.claims.update_claims([], [Claim(ann.email, row.row_id, ClaimKind.HOLDS)])
    run.snapshot.add([ContactDigest(ann.contact, ann.email, None, b"")])
    run.write([row], [])
    run.finish_dry_run(Counts(read=1, pending=1), bits({ann.key: row.row_id}), is_whole=False)
    assert {"leadway_outbox.claimed", "leadway_staged_claim.identity", "leadway_snapshot.contact_id"} <= places(
        engine, ann
    )
    forget(state, sync, ann.key)
    assert places(engine, ann) == set()
    assert with_ann.counts()["created"] == 2


def test_a_row_that_waits_counts_as_skipped(state: StateStore, engine: sa.Engine, sync: SyncIdentity, ann: Ann) -> None:
    """The next attempt delivers the other row, and its outcomes still add up."""
    run = sealed(state, sync, ann.key, "bob")
    forget(state, sync, ann.key)
    assert places(engine, ann) == set()
    resumed = begin(state, sync)
    assert resumed.sealed
    deliver_all(resumed)
    counts = run.counts()
    counts.verify()
    assert (counts["created"], counts["skipped"], counts["pending"]) == (1, 1, 0)


def test_a_contact_of_several_keys_is_forgotten_with_all(
    state: StateStore, engine: sa.Engine, sync: SyncIdentity, ann: Ann
) -> None:
    """With one key only, the contact and what the other key has of it stay."""
    twin = Ann()
    run = sealed(state, sync, ann.key, twin.key, "bob")
    by_key = {ann.key: ann.contact, twin.key: ann.contact, "bob": "bobs"}
    run.acknowledge([delivered(row, by_key[row.source_key]) for row in run.outbox(0, 10)])
    sync_id = state.syncs().ensure(sync)
    person = state.persons().with_key(sync_id, ann.key)
    assert (person.lives_on, person.shared) == ((), (ann.contact,))
    person = state.persons().on_contact(sync_id, ann.contact)
    assert sorted(person.keys) == sorted([ann.key, twin.key])
    state.persons().erase(person, [hasher(sync).hash(key) for key in person.keys])
    assert places(engine, ann) == places(engine, twin) == set()
    assert len(state.forgotten().hashes(sync)) == 2


def test_a_key_of_which_nothing_is_known_is_left_alone_too(state: StateStore, sync: SyncIdentity, ann: Ann) -> None:
    """It is recognised in each account where the record is one of all accounts, and only until it is remembered."""
    of_all = SyncIdentity(sync.name, sync.host, ALL_ACCOUNTS)
    forget(state, of_all, ann.key)
    assert state.forgotten().hashes(sync) == {hasher(sync).hash(ann.key)}
    assert state.forgotten().hashes(SyncIdentity("another", sync.host, "loc1")) == set()
    sync_id = state.syncs().ensure(of_all)
    assert state.forgotten().remember([sync_id], hasher(sync).hash(ann.key)) == 1
    assert state.forgotten().hashes(sync) == set()
    assert state.forgotten().remember([sync_id], hasher(sync).hash(ann.key)) == 0
    [record] = state.forgotten().records([sync_id])
    assert record.remembered_at


def test_the_record_is_kept_by_a_reset_and_counts_what_comes_again(
    state: StateStore, sync: SyncIdentity, ann: Ann, clock: StoreClock, with_ann: SyncRun
) -> None:
    """One record a key, however often it is forgotten; `forget-sync` deletes it with the rest."""
    forget(state, sync, ann.key)
    clock.move(60)
    forget(state, sync, ann.key)
    sync_id = with_ann.sync_id
    state.syncs().forget(sync_id)
    [record] = state.forgotten().records([sync_id])
    assert (record.counts["rows"], record.forgotten_at) == (1, clock.time)
    assert state.forgotten().hashes(sync)
    state.syncs().delete(sync_id)
    assert not state.forgotten().records([sync_id])


def test_every_table_with_a_key_or_contact_is_known_here() -> None:
    """A new table with a person's data must be one that is erased, or one that has none."""
    personal = {"source_key", "contact_id", "identity", "in_crm", "email", "row_id", "contact"}
    found = {table.name for table in tables.metadata.sorted_tables if personal & set(table.c.keys())}
    assert found == {
        *("leadway_row", "leadway_reason", "leadway_claim", "leadway_staged_claim", "leadway_outbox"),
        *("leadway_snapshot", "leadway_delivery", "leadway_before"),
    }


def test_the_replica_of_a_plan_leaves_the_same_keys_alone(
    state: StateStore, sync: SyncIdentity, ann: Ann, tmp_path: Any, with_ann: SyncRun
) -> None:
    """Those of the account and those of all accounts are copied, one of both once."""
    of_all = SyncIdentity(sync.name, sync.host, ALL_ACCOUNTS)
    forget(state, of_all, ann.key)
    forget(state, sync, ann.key)
    forget(state, of_all, "bob")
    file = tmp_path / "copy.db"
    StateStore.open_file(file).close()
    state.reader().copy_sync(with_ann.sync_id, file)
    with closing(StateStore.open_file(file)) as copy:
        assert copy.forgotten().hashes(sync) == {hasher(sync).hash(ann.key), hasher(sync).hash("bob")}
