"""Random people, random runs, random ends of processes: one person stays one contact, and no row is left behind.

CI plays some thousands of runs. To play more, say how many:

    LEADWAY_IDENTITY_RUNS=50000 python -m pytest tests/identity/test_stateful.py -s

`tests/identity/random_people.py` plays them some times faster.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from leadway_provider.exceptions import IdentityField
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.sync.outcome import Counts, RowState
from tests.identity.faults import Fault, run_inline
from tests.identity.model import INVALID, Person, RunSpec, World
from tests.identity.oracle import Oracle

RUNS_OF_AN_EXAMPLE: Final = 3
WANTED: Final = int(os.environ.get("LEADWAY_IDENTITY_RUNS", "2000"))
EMAILS: Final = [f"e{number}@example.com" for number in range(6)]
PHONES: Final = [f"+1202555010{number}" for number in range(5)]
IDENTITY_RULES: Final[list[tuple[IdentityField, ...]]] = [
    *(("email", "phone"), ("email", "phone"), ("phone", "email")),
    *(("email",), ("phone",)),
]
POLICIES: Final = [
    RemovalPolicy(),
    RemovalPolicy("delete", max_removed=1000),
    RemovalPolicy("tag", ("left",), max_removed=1000),
]
KEYS: Final = st.integers(1, 5)
EMAIL: Final = st.sampled_from([*EMAILS, None])
PHONE: Final = st.sampled_from([*PHONES, None])
FAULTS: Final = st.dictionaries(st.integers(0, 6), st.sampled_from(list(Fault)), max_size=2)

SEEN: Counter[str] = Counter()
"""How often which kind of run was played, in this process."""


class PeopleMachine(RuleBasedStateMachine):
    """People who come, go and change; colleagues who change contacts; and runs of the sync."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.strangers: set[str] = set()
        self.versions = 0

    @initialize(
        identity=st.sampled_from(IDENTITY_RULES),
        policy=st.sampled_from(POLICIES),
        clears=st.sampled_from([True, True, True, False]),
        refuses=st.sampled_from([True, True, False]),
        retry_refused=st.integers(1, 3),
        people=st.dictionaries(KEYS, st.tuples(EMAIL, PHONE), min_size=2),
    )
    def begin(  # noqa: PLR0917 - hypothesis passes them by name
        self,
        identity: tuple[IdentityField, ...],
        policy: RemovalPolicy,
        clears: bool,  # noqa: FBT001 - hypothesis draws it
        refuses: bool,  # noqa: FBT001 - Hypothesis names it
        retry_refused: int,
        people: dict[int, tuple[str | None, str | None]],
    ) -> None:
        """A source, an account with its habits, and a sync that has not run yet."""
        self.world = self.make_world(rules=ContactRules(identity=identity), policy=policy, retry_refused=retry_refused)
        self.world.account.clears_identities = clears
        self.world.account.refuses_taken_identities = refuses
        for key, (email, phone) in people.items():
            self._set(key, email, phone)

    def make_world(self, **choices: Any) -> World:
        """Return a world without people."""
        return World(**choices)

    def another_run(self) -> World:
        """Return a world to try a further run in."""
        return self.world.copy()

    def _set(self, key: int, email: str | None, phone: str | None) -> None:
        self.versions += 1
        self.world.source[key] = Person(email, phone, f"K{key} version {self.versions}")

    # People

    @rule(key=KEYS, email=EMAIL, phone=PHONE)
    def appears_or_changes(self, key: int, email: str | None, phone: str | None) -> None:
        """A row is new, or has other values."""
        self._set(key, email, phone)

    @rule(key=KEYS, email=EMAIL)
    def changes_email(self, key: int, email: str | None) -> None:
        """A person has another e-mail."""
        if key in self.world.source:
            self.world.source[key] = replace(self.world.source[key], email=email)

    @rule(key=KEYS, phone=PHONE)
    def changes_phone(self, key: int, phone: str | None) -> None:
        """A person has another phone."""
        if key in self.world.source:
            self.world.source[key] = replace(self.world.source[key], phone=phone)

    @rule(random=st.randoms(use_true_random=False), emails=st.booleans(), phones=st.booleans())
    def reshuffle(self, random: Random, emails: bool, phones: bool) -> None:  # noqa: FBT001 - hypothesis draws them
        """People pass e-mails or phones on to each other."""
        for name, wanted in (("email", emails), ("phone", phones)):
            values = [getattr(person, name) for person in self.world.source.values()]
            if wanted:
                random.shuffle(values)
                for key, value in zip(list(self.world.source), values, strict=True):
                    self.world.source[key] = replace(self.world.source[key], **{name: value})

    @rule(key=KEYS)
    def becomes_invalid(self, key: int) -> None:
        """A row has no usable value."""
        if key in self.world.source:
            self.world.source[key] = replace(self.world.source[key], email=INVALID, phone="1")

    @rule(key=KEYS)
    def leaves(self, key: int) -> None:
        """A row departs."""
        self.world.source.pop(key, None)

    @rule(key=KEYS, other=KEYS)
    def gets_another_key(self, key: int, other: int) -> None:
        """The same person has another key, which their first name begins with."""
        if key in self.world.source and other not in self.world.source:
            person = self.world.source.pop(key)
            self.world.source[other] = replace(person, name=person.name.replace(f"K{key} ", f"K{other} "))

    # The account

    @rule(email=EMAIL, phone=PHONE)
    def stranger_appears(self, email: str | None, phone: str | None) -> None:
        """The account gets a contact that no row is about."""
        if email or phone:
            self.strangers.add(self.world.account.add_contact(email=email, phone=phone, firstName="Stranger"))

    @precondition(lambda self: self.world.account.contacts)
    @rule(data=st.data(), what=st.sampled_from(["email", "phone", "delete", "merge"]))
    def colleague_changes(self, data: st.DataObject, what: str) -> None:
        """A person changes, deletes or merges contacts in the CRM."""
        contacts = st.sampled_from(list(self.world.account.contacts))
        contact_id = data.draw(contacts)
        to = None if what == "delete" else data.draw({"email": EMAIL, "phone": PHONE}.get(what, contacts))
        self.change_by_hand(what, contact_id, to)

    def change_by_hand(self, what: str, contact_id: str, to: str | None) -> None:
        """Change, delete or merge contacts as a person in the CRM does."""
        account = self.world.account
        before = copy.deepcopy(dict(account.contacts))
        if what == "delete":
            run_inline(account.delete_contact(contact_id))
        elif what != "merge":
            account.edit_contact(contact_id, **{what: to})
        elif to is not None and to != contact_id:
            account.merge_contacts(contact_id, into=to)
        self.world.witness.colleague_changed(before)

    @rule(values=st.sets(st.sampled_from([*EMAILS, *PHONES]), max_size=2))
    def refuses(self, values: set[str]) -> None:
        """The account refuses some values from now on."""
        self.world.refused = frozenset(values)

    # Runs

    @rule(
        keys=st.one_of(st.none(), st.none(), st.frozensets(KEYS)),
        attempts=st.one_of(st.just([]), st.lists(FAULTS, max_size=2)),
        is_abandoned=st.sampled_from([False, False, True]),
        plan_dies_after=st.sampled_from([None] * 6 + [0, 1]),
        batch_size=st.integers(1, 4),
        in_flight=st.integers(1, 4),
    )
    def run(  # noqa: PLR0917 - hypothesis passes them by name
        self,
        keys: frozenset[int] | None,
        attempts: list[dict[int, Fault]],
        is_abandoned: bool,  # noqa: FBT001 - hypothesis draws it
        plan_dies_after: int | None,
        batch_size: int,
        in_flight: int,
    ) -> None:
        """The sync runs, and its process may end at any call."""
        spec = RunSpec(keys, tuple(attempts), is_abandoned and bool(attempts), plan_dies_after, batch_size, in_flight)
        before = self.world.state.summary()
        counts = self.world.run(spec)
        SEEN["runs"] += 1
        last = self.world.state.plans[max(self.world.state.plans)]
        if counts is None and not last.is_sealed:
            SEEN["killed plans"] += 1
            assert self.world.state.summary() == before
            return
        if counts is None:
            SEEN["abandoned"] += 1
            return
        SEEN["partial" if keys is not None else "whole"] += 1
        self._check(replace(spec, attempts=(), is_abandoned=False, plan_dies_after=None), counts)

    @rule(keys=st.one_of(st.none(), st.frozensets(KEYS)), is_delivered=st.booleans(), batch_size=st.integers(1, 4))
    def dry_run(self, keys: frozenset[int] | None, is_delivered: bool, batch_size: int) -> None:  # noqa: FBT001 - hypothesis draws it
        """A plan is reviewed, and maybe delivered."""
        spec = RunSpec(keys, batch_size=batch_size)
        before, calls = self.world.state.summary(), self.world.account.calls
        run = self.world.dry_run(spec)
        SEEN["dry runs"] += 1
        assert self.world.state.summary() == before
        assert self.world.account.calls == calls
        if not is_delivered:
            return
        shown = run.plan.counts
        assert self.world.planned is not None
        self.world.note_read(spec, self.world.planned)
        counts = self.world.run_reviewed(run.id, spec)
        assert counts is not None
        for name in ("read", "carried", RowState.UNCHANGED, RowState.INVALID, RowState.SUPERSEDED):
            assert counts[name] == shown[name], name
        ended = (RowState.CREATED, RowState.UPDATED, RowState.REFUSED, RowState.UNKNOWN)
        assert sum(counts[name] for name in ended) == shown[RowState.PENDING] + shown[RowState.REFUSED]
        self._check(spec, counts)

    def _created_for(self, contact_id: str) -> str:
        """Return the key of the row that a contact was created for."""
        name = str(self.world.account.contacts[contact_id].get("firstName", ""))
        return name.partition(" ")[0].removeprefix("K")

    def _check(self, spec: RunSpec, counts: Counts) -> None:
        oracle = Oracle(
            self.world,
            frozenset(self.strangers),
            self.world.read_keys(spec),
        )
        assert not (problems := oracle.problems()), problems
        # What a lost call created for a row that has departed since is nobody's from now on.
        gone = {row.source_key for row in self.world.state.rows.values()} - {str(key) for key in self.world.known}
        self.strangers |= {each for each in oracle.unacknowledged() if self._created_for(each) in gone}
        again = self.another_run()
        may_be_sent = replace(oracle, world=again).may_be_sent()
        counts_again = self._run_again(again, spec)
        sent = {delivery.row.source_key for delivery in again.delivered}
        assert sent <= may_be_sent, sent - may_be_sent
        if not may_be_sent:
            assert again.writes == 0
            assert counts_again["collisions"] == counts["collisions"]

    def _run_again(self, world: World, spec: RunSpec) -> Counts:
        counts = world.run(spec)
        SEEN["runs"] += 1
        assert counts is not None
        return counts

    def teardown(self) -> None:
        """At the end, some whole runs of an account that refuses nothing leave nothing to be sent."""
        SEEN["examples"] += 1
        world = self.another_run()
        if not world.source:
            return
        world.refused = frozenset()
        for _ in range(world.retry_refused + 3):
            self._run_again(world, RunSpec())
            if not world.writes:
                break
        assert world.writes == 0
        oracle = Oracle(world, frozenset(self.strangers), None)
        assert not (problems := oracle.problems()), problems


def play(machine: type[PeopleMachine], examples: int, variable: str) -> None:
    """Play so many games: the same ones each time, unless the environment variable asks for a number of them."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            derandomize=variable not in os.environ,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
            print_blob=False,
        ),
    )


def test_one_person_stays_one_contact() -> None:
    """Whatever people, colleagues and processes do."""
    play(PeopleMachine, max(1, WANTED // RUNS_OF_AN_EXAMPLE), "LEADWAY_IDENTITY_RUNS")
    assert SEEN["runs"] >= min(WANTED, 2000)
    print(dict(SEEN))  # noqa: T201 - with -s, it shows what was played
