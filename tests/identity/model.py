"""People whose e-mails and phones move, and a sync of them in memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.exceptions import LeadwayError
from leadway_provider.policies import ContactRules, OnMatch, RemovalPolicy
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Planner
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.removal import find_departed, remove
from leadway_provider.testing import MemoryAccount, MemoryRun, MemoryState
from leadway_provider.testing.comparison import compared
from tests.identity.faults import Fault, FaultyAccount, KilledError, run_inline
from tests.identity.witness import Witness

COLUMNS = ("id", "email", "phone", "first_name")
INVALID = "not an e-mail"


@dataclass(frozen=True)
class Person:
    """A row of the source."""

    email: str | None
    phone: str | None
    name: str

    def row(self, key: int) -> tuple[object, ...]:
        """Return the row."""
        return (key, self.email, self.phone, self.name)


@dataclass(frozen=True)
class RunSpec:
    """How the sync is run once.

    Attributes:
        keys: the rows that the query reads; None for all of them.
        attempts: what happens to the calls of each attempt, by their number; an attempt that nothing happens to is the
            last one.
        is_abandoned: whether the run is never tried again after these attempts.
        plan_dies_after: so many batches are planned before the process ends, without a seal; None where it doesn't.
        batch_size: rows planned at a time, and rows of the outbox read at a time.
        in_flight: the most calls on their way at a time.
        compare: whether rows are compared with the account.
    """

    keys: frozenset[int] | None = None
    attempts: tuple[Mapping[int, Fault], ...] = ()
    is_abandoned: bool = False
    plan_dies_after: int | None = None
    batch_size: int = 2
    in_flight: int = 4
    compare: bool = False


@dataclass
class Time:
    """A time that passes with each look at it, and with each sleep."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """Return the present."""
        self.seconds += 1
        return datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@cache
def mapping_of(rules: ContactRules) -> ContactMapping:
    """Return how a row becomes a contact."""
    return compile_mapping(COLUMNS, key=["id"], rules=rules)


@dataclass
class World:
    """A source, an account, and the state of the sync between them.

    Attributes:
        rules: how rows are read.
        policy: what becomes of the contacts of departed rows.
        on_match: which rows are written.
        source: the people by key, as the source has them now.
        known: the people as the last plans that were sealed read them, without the departed ones.
        last_read: the same, with the departed ones.
        refused: the e-mails and phones that the account refuses.
        delivered: what was acknowledged in the last run.
        writes: how many calls of the last run wrote.
        unheard: contacts that were created by calls whose answers were lost, in any run.
        overwritten: contacts that existed, and that calls whose answers were lost wrote to, in the last run.
        witness: what the account showed at each call.
    """

    rules: ContactRules = field(default_factory=ContactRules)
    policy: RemovalPolicy = field(default_factory=RemovalPolicy)
    on_match: OnMatch = "upsert"
    time: Time = field(default_factory=Time)
    account: MemoryAccount = field(init=False)
    state: MemoryState = field(init=False)
    witness: Witness = field(init=False)
    source: dict[int, Person] = field(default_factory=dict)
    known: dict[int, Person] = field(default_factory=dict)
    last_read: dict[int, Person] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    retry_refused: int = 5
    delivered: list[Delivery] = field(default_factory=list)
    writes: int = 0
    unheard: set[str] = field(default_factory=set)
    overwritten: set[str] = field(default_factory=set)
    runs: int = 0
    planned: Plan | None = None

    def __post_init__(self) -> None:
        self.account = self.new_account()
        self.state = MemoryState(now=self.time.now)
        self.witness = Witness(self.account, self.state)

    def new_account(self) -> MemoryAccount:
        """Return an account without contacts."""
        return MemoryAccount(priority=self.rules.identity, now=self.time.now)

    @property
    def mapping(self) -> ContactMapping:
        """How a row becomes a contact."""
        return mapping_of(self.rules)

    def contact_of(self, person: Person) -> Contact | None:
        """Return what a person's row becomes, or None where the row is invalid."""
        made = self.mapping.contact(person.row(0))
        return made if isinstance(made, Contact) else None

    def copy(self) -> World:
        """Return a world that is like this one and apart from it."""
        return copy.deepcopy(self)

    def plan(self, run: MemoryRun, spec: RunSpec = RunSpec()) -> Plan:
        """Plan a run, without sealing it."""
        rows = [person.row(key) for key, person in self.source.items() if spec.keys is None or key in spec.keys]

        def batches() -> Iterator[list[tuple[object, ...]]]:
            for number, start in enumerate(range(0, len(rows), spec.batch_size)):
                if number == spec.plan_dies_after:
                    raise KilledError
                yield rows[start : start + spec.batch_size]

        planner = Planner(
            key=["id"],
            mapping=self.mapping,
            store=run,
            claims=run.claims,
            removal=self.policy,
            incremental=spec.keys is not None,
            retry_refused=self.retry_refused,
            comparison=compared(self.account, run.snapshot, self.mapping, now=self.time.now, run=run_inline)
            if spec.compare
            else None,
            on_match=self.on_match,
        )
        planned = planner.plan(batches(), read_again=batches)
        if spec.keys is None and planned.counts["read"]:
            find_departed(
                self.policy, run.removals, with_contact=run.count_with_contact(), is_present=planned.is_present
            )
        return planned

    def seal(self, run: MemoryRun, planned: Plan, spec: RunSpec) -> None:
        """Seal a plan: from here on, it counts."""
        run.seal(planned.counts, planned.seen, is_whole=planned.is_whole)
        self.note_read(spec, planned)

    def run(self, spec: RunSpec = RunSpec()) -> Counts | None:
        """Run the sync once, with its retries; return the counts, or None where it ended before its end."""
        self.runs += 1
        task_run = f"run {self.runs}"
        run = self.state.begin(task_run=task_run, retry_refused=self.retry_refused)
        try:
            planned = self.plan(run, spec)
        except KilledError:
            return None
        self.seal(run, planned, spec)
        return self.finish(run, task_run, spec)

    def finish(self, run: MemoryRun, task_run: str, spec: RunSpec) -> Counts | None:
        """Deliver a sealed run, with its retries."""
        self.delivered, self.writes, self.overwritten = [], 0, set()
        self.witness.delivery_begins()
        faults = spec.attempts if spec.is_abandoned else (*spec.attempts, {})
        for number, attempt in enumerate(faults):
            if number:
                run = self.state.begin(task_run=task_run, retry_refused=self.retry_refused)
                assert run.sealed
            if self._attempt(run, attempt, spec):
                run.finish()
                assert run.plan.status == "finished"
                run.counts().verify()
                return run.counts()
            run.finish()
        return None

    def dry_run(self, spec: RunSpec = RunSpec()) -> MemoryRun:
        """Plan a run that is not delivered."""
        self.runs += 1
        run = self.state.begin(task_run=f"run {self.runs}", retry_refused=self.retry_refused)
        planned = self.plan(run, spec)
        run.finish_dry_run(planned.counts, planned.seen, is_whole=planned.is_whole)
        self.planned = planned
        return run

    def run_reviewed(self, run_id: str, spec: RunSpec) -> Counts | None:
        """Deliver a dry run."""
        self.runs += 1
        task_run = f"run {self.runs}"
        run = self.state.resume_reviewed(run_id, task_run=task_run)
        run.seal()
        return self.finish(run, task_run, spec)

    def _attempt(self, run: MemoryRun, faults: Mapping[int, Fault], spec: RunSpec) -> bool:
        """Deliver once, and return whether that came to its end."""
        self.witness.attempt_begins()
        sink = FaultyAccount(
            self.account, faults, self.refused, on_call=self.witness.called, on_clear=self.witness.clears
        )
        clock = Clock(now=self.time.now, monotonic=lambda: self.time.seconds, sleep=self.time.sleep)
        delivery = OutboxDelivery(
            store=run,
            sink=sink,
            max_in_flight=spec.in_flight,
            batch_size=spec.batch_size,
            on_acknowledged=self._acknowledged,
            clock=clock,
            on_match=self.on_match,
        )
        ended = True
        try:
            run_inline(delivery.run())
            if self.policy.on_removed != "ignore":
                run_inline(remove(run.removals, sink, self.policy, max_in_flight=spec.in_flight))
        except* (KilledError, LeadwayError):
            ended = False
        self.writes += sink.writes
        self.unheard |= sink.unheard
        self.overwritten |= sink.overwritten
        assert not sink.overlaps
        return ended

    def _acknowledged(self, deliveries: Sequence[Delivery]) -> None:
        self.delivered += deliveries
        self.witness.acknowledged(deliveries, self.refused)

    def read_keys(self, spec: RunSpec) -> frozenset[int] | None:
        """Return the keys of the rows that a run reads now; None where that shows the whole source."""
        if spec.keys is None and self.source:
            return None
        return frozenset(self.source).intersection(spec.keys or ())

    def note_read(self, spec: RunSpec, planned: Plan) -> None:
        """Remember what a plan that counts has read."""
        read = {key: person for key, person in self.source.items() if spec.keys is None or key in spec.keys}
        self.known = dict(read) if planned.is_whole else {**self.known, **read}
        self.last_read |= read


def rows_of(world: World) -> dict[str, dict[str, Any]]:
    """Return what is known of each source row by its key, wherever the state is."""
    state: Any = world.state
    if not isinstance(state, MemoryState):
        return dict(state.rows())
    keys = {row.row_id: row.source_key for row in state.rows.values()}
    return {
        row.source_key: {
            "state": row.state,
            "contact_id": row.contact_id,
            "is_acknowledged": row.fingerprint is not None,
            "created_by_sync": row.created_by_sync,
            "in_crm": set(row.in_crm),
            "acknowledged_values": row.acknowledged_values,
            "collides_with": keys.get(row.collides_with or 0),
        }
        for row in state.rows.values()
    }


def people(values: Mapping[int, tuple[str | None, str | None]]) -> dict[int, Person]:
    """Return people by key, named after their key."""
    return {key: Person(email, phone, f"Person {key}") for key, (email, phone) in values.items()}
