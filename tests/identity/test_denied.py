"""An e-mail that another row's contact kept is written as soon as that contact gives it up."""

from __future__ import annotations

import pytest

from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery
from tests.identity.faults import run_inline
from tests.identity.model import Person, RunSpec, World, rows_of

ANN, BOB, EVE, SAM = "ann@example.com", "bob@example.com", "eve@example.com", "sam@example.com"
HOME, WORK, DESK = "+12025550101", "+12025550102", "+12025550103"


@pytest.fixture
def world(empty_world: World) -> World:
    """A world after two runs: row 1 keeps ANN, since EVE is refused; row 2 has ANN now, and its contact still BOB."""
    world = empty_world
    world.account.clears_identities = False
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.refused = frozenset({EVE})
    world.source = {1: Person(EVE, None, "Ann"), 2: Person(ANN, None, "Bob")}
    assert world.run() == Counts(read=2, updated=1, refused=1, identity_taken=1)
    return world


def emails(world: World) -> dict[object, object]:
    """Return the e-mail of each contact by its first name."""
    return {each["firstName"]: each.get("email") for each in world.account.contacts.values()}


def test_a_row_gets_what_another_contact_kept_when_that_contact_gives_it_up(world: World) -> None:
    """The row did not change, and is sent in the same run, after the other one."""
    assert emails(world) == {"Ann": ANN, "Bob": BOB}
    world.refused = frozenset()
    assert world.run() == Counts(read=2, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}
    assert world.run() == Counts(read=2, unchanged=2)
    assert world.writes == 0


def test_a_row_that_is_not_read_gets_it_when_it_is(world: World) -> None:
    """A partial read of the other row can't send it."""
    world.refused = frozenset()
    world.run(RunSpec(keys=frozenset({1})))
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}


def test_a_row_gets_it_when_the_other_one_is_tried_again_without_being_read(world: World) -> None:
    """A partial read of this row alone: the refused row is carried, and both are sent in this run."""
    world.refused = frozenset()
    assert world.run(RunSpec(keys=frozenset({2}))) == Counts(read=1, carried=1, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}


def test_a_row_that_is_not_read_gets_it_after_the_other_one_was_tried_again(world: World) -> None:
    """A partial read of neither row: the refused row is carried, and this one is sent when it is read."""
    world.refused = frozenset()
    world.source[3] = Person(None, HOME, "Sue")
    assert world.run(RunSpec(keys=frozenset({3}))) == Counts(read=1, carried=1, created=1, updated=1)
    assert world.run() == Counts(read=3, unchanged=2, updated=1)
    assert emails(world) == {"Ann": EVE, "Bob": ANN, "Sue": None}


def test_a_row_gets_it_when_the_contact_that_kept_it_turns_out_to_be_gone(world: World) -> None:
    """A colleague deleted that contact, and the next call to it shows this."""
    run_inline(world.account.delete_contact(str(rows_of(world)["1"]["contact_id"])))
    world.refused = frozenset()
    world.run(RunSpec(keys=frozenset({1})))
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_row_gets_it_when_an_answer_shows_that_a_colleague_took_it_away(world: World) -> None:
    """The other row has no e-mail now, so that its call changes none."""
    world.account.edit_contact(str(rows_of(world)["1"]["contact_id"]), email=SAM)
    world.source[1] = Person(None, WORK, "Ann")
    world.run(RunSpec(keys=frozenset({1})))
    world.run()
    assert emails(world) == {"Ann": SAM, "Bob": ANN}
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_row_is_not_sent_again_where_the_other_one_was_refused_too_often(world: World) -> None:
    """The other row waits until it changes, so its contact keeps the e-mail."""
    world.retry_refused = 0
    world.source[3] = Person(None, HOME, "Sue")
    world.run(RunSpec(keys=frozenset({3})))
    assert world.run() == Counts(read=3, unchanged=2, refused=1)
    assert world.writes == 0


def test_a_row_gets_what_the_contact_of_a_departed_row_kept_when_that_contact_is_deleted(empty_world: World) -> None:
    """The account clears nothing, and the deletion comes last in the run, so that the next run sends the row."""
    world = empty_world
    world.account.clears_identities = False
    world.policy = RemovalPolicy(on_removed="delete", max_removed=10)
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.source = {2: Person(ANN, None, "Bob")}
    assert world.run() == Counts(read=1, updated=1, identity_taken=1, removed=1)
    assert emails(world) == {"Bob": BOB}
    assert world.run() == Counts(read=1, updated=1)
    assert emails(world) == {"Bob": ANN}
    assert world.run() == Counts(read=1, unchanged=1)


def test_a_row_gets_what_the_contact_of_a_departed_row_kept_when_another_row_takes_that_contact_over(
    empty_world: World,
) -> None:
    """The account clears nothing, and the other row is sent later in the run, so that the next run sends this one."""
    world = empty_world
    world.account.clears_identities = False
    world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(BOB, WORK, "Bob")}
    world.run()
    world.source = {2: Person(BOB, HOME, "Bob"), 3: Person(ANN, DESK, "Anna")}
    assert world.run() == Counts(read=2, updated=2, identity_taken=1)
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert {each["firstName"]: each["phone"] for each in world.account.contacts.values()} == {"Anna": DESK, "Bob": HOME}
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_phone_that_a_stranger_had_when_the_row_was_sent_is_named() -> None:
    """Another row takes the stranger's contact over, in the same run; the row gets the phone when it is sent again."""
    world = World()
    world.account.add_contact(email=ANN, phone=WORK, firstName="Sue")
    world.account.add_contact(email=BOB, phone=HOME, firstName="Sam")
    world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(BOB, DESK, "Bob")}
    assert world.run() == Counts(read=2, updated=2, not_kept=1)
    row = world.state.row_of("1")
    assert row is not None
    assert [(each.field, each.code) for each in row.remarks] == [("phone", "phone_owned_by_other")]
    world.source[1] = Person(ANN, HOME, "Anna")
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert world.account.contacts[str(row.contact_id)]["phone"] == HOME


@pytest.fixture
def moving_world(empty_world: World) -> World:
    """An account that clears nothing; row 1 departs, and a colleague merged the contact of row 2 into that of row 1.

    Row 3 is new and has the phone that row 1 had. When row 2 is sent, it is matched to row 1's contact, which nobody
    could foresee, and gives that contact another phone.
    """
    world = empty_world
    world.account.clears_identities = False
    world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(EVE, WORK, "Eve")}
    world.run()
    ids = {key: str(row["contact_id"]) for key, row in rows_of(world).items()}
    world.account.merge_contacts(ids["2"], into=ids["1"])
    world.source = {2: Person(EVE, DESK, "Eve"), 3: Person(BOB, HOME, "Bob")}
    return world


def phones(world: World) -> dict[object, object]:
    """Return the phone of each contact by its first name."""
    return {each["firstName"]: each.get("phone") for each in world.account.contacts.values()}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["taker", "giver"])
def test_it_is_the_same_whichever_row_is_acknowledged_first(moving_world: World, first: str, *, together: bool) -> None:
    """The row counts as changed: the contact that kept the phone when it was asked has another one now."""
    world = moving_world
    run = world.state.begin(task_run="by hand", retry_refused=5)
    world.seal(run, world.plan(run), RunSpec())
    rows = {row.source_key: row for row in run.outbox(0, 10)}
    kept_by = rows["3"].blockers[0]
    bob, desk, eve = (UNKEYED.hash(*each) for each in (("email", BOB), ("phone", DESK), ("email", EVE)))
    giver = Delivery(rows["2"], RowState.UPDATED, kept_by.contact_id, in_crm=frozenset({eve, desk}))
    taker = Delivery(rows["3"], RowState.CREATED, "new", in_crm=frozenset({bob}), denied=(kept_by,))
    deliveries = [taker, giver] if first == "taker" else [giver, taker]
    for group in [deliveries] if together else [[each] for each in deliveries]:
        run.acknowledge(group)
    assert {key: rows_of(world)[key]["is_acknowledged"] for key in "23"} == {"2": True, "3": False}


@pytest.mark.parametrize("in_flight", [1, 2, 4])
def test_a_row_gets_what_a_contact_gave_up_before_the_row_was_acknowledged(moving_world: World, in_flight: int) -> None:
    """The contact kept the phone when it was asked, and was written before the row's own call was answered."""
    world = moving_world
    world.run(RunSpec(in_flight=in_flight))
    world.run()
    assert phones(world) == {"Eve": DESK, "Bob": HOME}
    assert world.run() == Counts(read=2, unchanged=2)
