"""One contract for every store of a sync's state: the same runs end the same in memory and in each database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, cast

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.store.state import StateStore
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.testing import MemoryState
from tests.identity.faults import Fault, run_inline
from tests.identity.model import INVALID, Person, RunSpec, World, rows_of
from tests.identity.split_world import SplitWorld
from tests.identity.sql_state import SqlState

EMAILS: Final = [f"e{number}@example.com" for number in range(5)]
PHONES: Final = [f"+1202555010{number}" for number in range(4)]
KEYS: Final = st.integers(1, 5)
PEOPLE: Final = st.one_of(
    st.none(),
    st.just(Person(INVALID, "1", "Invalid")),
    *[
        st.builds(
            Person,
            st.sampled_from([*EMAILS, None]),
            st.sampled_from([*PHONES, None]),
            st.sampled_from(["Ann", "Bob", "Cleo"]),
        )
    ]
    * 4,
)
FAULTS: Final = st.dictionaries(st.integers(0, 6), st.sampled_from(list(Fault)), min_size=1, max_size=2)

BY_HAND: Final = ("email", "phone", "firstName")
BY_HAND_VALUES: Final = st.sampled_from(["hand@example.com", EMAILS[0], PHONES[0], None])


@dataclass(frozen=True)
class Step:
    """What changes in the source, and how the sync is run then.

    Attributes:
        changes: people by key; None where one leaves.
        refused: the e-mails and phones that the account refuses.
        spec: how the sync is run.
        is_reviewed: whether a dry run is delivered.
        by_hand: what somebody changes in the CRM before: the number of the contact, the field, and its value; without a
            field, the contact is deleted.
    """

    changes: Mapping[int, Person | None]
    refused: frozenset[str]
    spec: RunSpec
    is_reviewed: bool
    by_hand: tuple[tuple[int, str, str | None], ...] = ()


@dataclass(frozen=True)
class History:
    """Runs of one sync, one after the other, with its settings and its account's."""

    rules: ContactRules
    removal: RemovalPolicy
    retry_refused: int
    clears: bool
    refuses_taken: bool
    steps: tuple[Step, ...]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Return any step."""
    is_reviewed = draw(st.sampled_from([False] * 5 + [True]))
    attempts = draw(st.one_of(st.just([]), st.lists(FAULTS, max_size=2)))
    spec = RunSpec(
        keys=draw(st.one_of(st.none(), st.none(), st.frozensets(KEYS, min_size=1))),
        attempts=tuple(attempts),
        is_abandoned=bool(attempts) and draw(st.booleans()),
        plan_dies_after=None if is_reviewed else draw(st.sampled_from([None] * 6 + [0, 1])),
        batch_size=draw(st.integers(1, 4)),
        in_flight=draw(st.integers(1, 4)),
        compare=draw(st.booleans()),
    )
    refused = draw(st.frozensets(st.sampled_from([*EMAILS, *PHONES]), max_size=2))
    by_hand = draw(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*BY_HAND, ""]), BY_HAND_VALUES), max_size=2))
    return Step(draw(st.dictionaries(KEYS, PEOPLE, min_size=1)), refused, spec, is_reviewed, tuple(by_hand))


HISTORIES: Final = st.builds(
    History,
    rules=st.builds(
        ContactRules, identity=st.sampled_from([("email", "phone"), ("phone", "email"), ("email",), ("phone",)])
    ),
    removal=st.sampled_from(
        [
            RemovalPolicy(),
            RemovalPolicy("delete", max_removed=1000),
            RemovalPolicy("tag", ("left",), max_removed=1000),
        ]
    ),
    retry_refused=st.integers(0, 2),
    clears=st.sampled_from([True, True, False]),
    refuses_taken=st.booleans(),
    steps=st.lists(steps(), min_size=2, max_size=6).map(tuple),
)


def _world(history: History, kind: type[World]) -> World:
    world = kind(rules=history.rules, policy=history.removal, retry_refused=history.retry_refused)
    world.account.clears_identities = history.clears
    world.account.refuses_taken_identities = history.refuses_taken
    return world


def _play(world: World, step: Step) -> tuple[Counts | None, ...]:
    """Run a step, and return the counts that it shows."""
    world.refused = step.refused
    for key, person in step.changes.items():
        world.source.pop(key, None)
        if person is not None:
            world.source[key] = person
    for number, field, value in step.by_hand:
        if number < len(world.account.contacts):
            contact_id = list(world.account.contacts)[number]
            if field:
                world.account.edit_contact(contact_id, **{field: value})
            else:
                run_inline(world.account.delete_contact(contact_id))
    if not step.is_reviewed:
        return (world.run(step.spec),)
    run = world.dry_run(step.spec)
    return run.counts(), world.run_reviewed(run.id, step.spec)


def _contacts(world: World) -> dict[str, dict[str, Any]]:
    return {
        contact_id: {name: value for name, value in fields.items() if name != "dateAdded"}
        for contact_id, fields in world.account.contacts.items()
    }


# The limits keep a run of all tests short: a history takes a second on a database that stores each commit safely.
SLOW: Final = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@settings(SLOW, max_examples=25)
@given(history=HISTORIES)
def test_the_same_runs_end_the_same_in_memory_and_in_a_database(engine: sa.Engine, history: History) -> None:
    """Counts, contacts, rows and claims, after each run: killed ones, partial ones, and ones that were reviewed."""
    _compare(engine, history, World)


@settings(SLOW, max_examples=10)
@given(history=HISTORIES)
def test_so_do_runs_that_several_workers_deliver(engine: sa.Engine, history: History) -> None:
    """The same, with workers of which some are killed, and others take over."""
    _compare(engine, history, SplitWorld)


def _compare(engine: sa.Engine, history: History, kind: type[World]) -> None:
    in_memory, in_sql = _world(history, kind), _world(history, kind)
    with closing(StateStore.open(engine, "state", in_sql.time.now)) as store:
        sync = SyncIdentity(f"customers {uuid.uuid4().hex}", "https://api.example.com", "loc1")
        state = SqlState(engine, store, sync)
        in_sql.state = cast("MemoryState", state)
        for step in history.steps:
            assert _play(in_memory, step) == _play(in_sql, step)
            assert _contacts(in_memory) == _contacts(in_sql)
            assert rows_of(in_memory) == rows_of(in_sql)
            keys = {row.row_id: row.source_key for row in in_memory.state.rows.values()}
            claims = {(identity, keys[row_id]): kind for (identity, row_id), kind in in_memory.state.claims.items()}
            assert claims == state.claims()
