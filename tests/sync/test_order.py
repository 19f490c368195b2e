"""The order of deliveries."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.order import DeliveryOrder
from leadway_provider.sync.records import Blocker, OutboxRow

ANN, BOB = "ann@example.com", "bob@example.com"
HOME = "+12025550101"


def row(
    position: int,
    email: str | None = None,
    phone: str | None = None,
    *,
    row_id: int | None = None,
    contact_id: str | None = None,
    blockers: tuple[Blocker, ...] = (),
    gives_up: tuple[str, ...] = (),
) -> OutboxRow:
    """Return an outbox row, of a source row of its own unless its id is given."""
    contact = Contact({name: value for name, value in (("email", email), ("phone", phone)) if value})
    return OutboxRow(
        position,
        row_id or position,
        str(row_id or position),
        b"",
        contact,
        (*UNKEYED.of(contact), *gives_up),
        contact_id=contact_id,
        blockers=blockers,
    )


def blocker(row_id: int, identity: str, *, is_pending: bool = True) -> Blocker:
    """Return another row on whose contact the CRM has this e-mail."""
    return Blocker(row_id, f"contact{row_id}", UNKEYED.hash("email", identity), is_pending)


def test_rows_that_share_nothing_all_go_at_once() -> None:
    """Different contacts do not wait for each other."""
    order = DeliveryOrder()
    assert order.enter(row(1, ANN, HOME))
    assert order.enter(row(2, BOB, "+12025550102"))


def test_an_email_is_one_lane_whatever_its_case() -> None:
    """The account compares e-mails without case, and so do the lanes."""
    order = DeliveryOrder()
    assert order.enter(row(1, "Ann@Example.com"))
    assert not order.enter(row(2, ANN))


def test_rows_of_one_contact_keep_their_order() -> None:
    """Two rows that are written to the same contact wait for each other, though they share no identity."""
    order = DeliveryOrder()
    first, second = row(1, ANN, contact_id="contact1"), row(2, BOB, contact_id="contact1")
    assert [order.enter(first), order.enter(second)] == [True, False]
    assert order.leave(first, "contact1", ()) == [second]


def test_what_a_contact_gave_up_is_not_waited_for_because_of_another_row_on_it() -> None:
    """Two rows live on the contact: when one is written without the e-mail, it is free, and nothing clears it again."""
    order = DeliveryOrder()
    on_contact = [Blocker(row_id, "shared", UNKEYED.hash("email", ANN), is_pending=True) for row_id in (1, 2)]
    first, second = row(1, BOB, contact_id="shared"), row(2, phone=HOME)
    taker = row(3, ANN, blockers=tuple(on_contact))
    assert [order.enter(each) for each in (first, second, taker)] == [True, True, False]
    assert order.leave(first, "shared", UNKEYED.of(first.contact)) == [taker]
    assert order.to_clear(taker) == ()


def test_a_row_that_went_first_does_not_go_again_when_the_contact_is_written_to() -> None:
    """A ring was broken with it, so it is on its way already."""
    order = DeliveryOrder()
    on_contact = [Blocker(row_id, "shared", UNKEYED.hash("email", ANN), is_pending=True) for row_id in (1, 2)]
    first = row(1, BOB, contact_id="shared")
    taker = row(3, ANN, blockers=tuple(on_contact))
    assert [order.enter(each) for each in (first, taker)] == [True, False]
    order.go_first(taker)
    assert order.leave(first, "shared", UNKEYED.of(first.contact)) == []


def test_what_is_sent_for_one_source_row_keeps_its_order() -> None:
    """Two entries of one source row wait for each other, though they share no identity."""
    order = DeliveryOrder()
    assert order.enter(row(1, ANN, row_id=7))
    assert not order.enter(row(2, BOB, row_id=7))


def test_rows_that_name_one_contact_keep_their_order() -> None:
    """A contact that the row itself names counts as the contact that it is written to."""
    order = DeliveryOrder()
    named = OutboxRow(1, 1, "1", b"", Contact({"firstName": "Ann"}, contact_id="contact1"))
    assert order.enter(named)
    assert not order.enter(row(2, BOB, contact_id="contact1"))


def test_a_row_waits_for_all_of_its_lanes() -> None:
    """A row that shares its e-mail with one and its phone with another goes when both have left."""
    order = DeliveryOrder()
    first, second, both = row(1, ANN), row(2, phone=HOME), row(3, ANN, HOME)
    assert [order.enter(each) for each in (first, second, both)] == [True, True, False]
    assert order.leave(first, "contact1", ()) == []
    assert order.leave(second, "contact2", ()) == [both]
    assert order.leave(both, "contact3", ()) == []
    assert len(order) == 0


def test_a_row_that_never_leaves_holds_back_only_what_is_behind_it() -> None:
    """Rows of other lanes go on."""
    order = DeliveryOrder()
    stuck, behind, other, after_other = row(1, ANN), row(2, ANN), row(3, BOB), row(4, BOB)
    assert [order.enter(each) for each in (stuck, behind, other, after_other)] == [True, False, True, False]
    assert order.leave(other, "contact3", ()) == [after_other]
    assert order.leave(after_other, "contact3", ()) == []
    assert len(order) == 2


def test_a_row_waits_until_its_blocker_is_acknowledged_without_the_identity() -> None:
    """A giver is sent before the taker, wherever it stands; once it gave the identity up, nothing is left to clear."""
    order = DeliveryOrder()
    taker, giver = row(1, ANN, blockers=(blocker(2, ANN),)), row(2, BOB, contact_id="contact2")
    assert not order.enter(taker)
    assert order.enter(giver)
    assert order.leave(giver, "contact2", {UNKEYED.hash("email", BOB)}) == [taker]
    assert order.to_clear(taker) == ()


def test_a_contact_that_still_has_the_identity_must_be_cleared_before_the_row_goes() -> None:
    """The answer shows the old e-mail, so that the taker has it cleared on the contact where the giver lives now."""
    order = DeliveryOrder()
    taker, giver = row(1, ANN, blockers=(blocker(2, ANN),)), row(2, BOB)
    order.enter(taker)
    order.enter(giver)
    assert order.leave(giver, "moved", {UNKEYED.hash("email", ANN)}) == [taker]
    assert order.to_clear(taker) == (Blocker(2, "moved", UNKEYED.hash("email", ANN), is_pending=False),)


def test_the_contact_of_a_row_that_was_not_accepted_keeps_what_it_had() -> None:
    """A refused giver leaves its contact as it was, which then has to be cleared."""
    order = DeliveryOrder()
    taker, giver = row(1, ANN, blockers=(blocker(2, ANN),)), row(2, BOB)
    order.enter(taker)
    order.enter(giver)
    assert order.leave(giver, None, None) == [taker]
    assert order.to_clear(taker) == (blocker(2, ANN, is_pending=False),)


def test_a_blocker_that_is_not_in_the_outbox_is_cleared_at_once() -> None:
    """No delivery will free the identity, so that the row does not wait."""
    order = DeliveryOrder()
    taker = row(1, ANN, blockers=(blocker(9, ANN, is_pending=False),))
    assert order.enter(taker)
    assert order.to_clear(taker) == (blocker(9, ANN, is_pending=False),)


def test_the_next_row_of_a_lane_has_to_clear_what_a_contact_kept() -> None:
    """A row gave up a phone that the answer still shows: the next row that sends the phone has it cleared."""
    order = DeliveryOrder()
    lane = UNKEYED.hash("phone", HOME)
    giver, taker = row(1, ANN, gives_up=(lane,)), row(2, BOB, HOME)
    assert [order.enter(giver), order.enter(taker)] == [True, False]
    assert order.leave(giver, "contact1", {UNKEYED.hash("email", ANN), lane}) == [taker]
    assert order.to_clear(taker) == (Blocker(1, "contact1", lane, is_pending=False),)


def test_a_row_that_does_not_send_what_a_contact_kept_does_not_have_it_cleared() -> None:
    """The next row gives the phone up as well, so that the row behind it has to have it cleared."""
    order = DeliveryOrder()
    lane = UNKEYED.hash("phone", HOME)
    giver, other, taker = row(1, ANN, gives_up=(lane,)), row(2, BOB, gives_up=(lane,)), row(3, "eve@example.com", HOME)
    assert [order.enter(each) for each in (giver, other, taker)] == [True, True, False]
    assert order.leave(giver, "contact1", {lane}) == [taker]
    assert order.to_clear(other) == ()
    assert order.to_clear(taker) == (Blocker(1, "contact1", lane, is_pending=False),)


def test_what_a_contact_has_to_give_up_is_said_once() -> None:
    """The giver blocked the taker and shared its lane: one call clears the contact."""
    order = DeliveryOrder()
    lane = UNKEYED.hash("email", ANN)
    giver = row(1, BOB, gives_up=(lane,), contact_id="contact1")
    taker = row(2, ANN, blockers=(blocker(1, ANN),))
    assert [order.enter(giver), order.enter(taker)] == [True, False]
    assert order.leave(giver, "contact1", {lane}) == [taker]
    assert order.to_clear(taker) == (blocker(1, ANN, is_pending=False),)


def test_a_row_that_was_acknowledged_while_a_page_was_read_unblocks_the_rows_of_the_page() -> None:
    """The page was read before the acknowledgement, and still names the row as a blocker."""
    order = DeliveryOrder()
    late = row(5, ANN, blockers=(blocker(2, ANN),))
    assert not order.enter(late)
    assert order.rows_at(order.unblock(2, "contact2", frozenset())) == [late]
    assert order.to_clear(late) == ()
    assert order.unblock(3, None, None) == []


def test_rows_that_block_each_other_are_a_ring_and_one_of_them_goes_first() -> None:
    """The first one's blocker is cleared before it is sent, and the other one follows."""
    order = DeliveryOrder()
    first = row(1, BOB, contact_id="contact1", blockers=(blocker(2, BOB),))
    second = row(2, ANN, contact_id="contact2", blockers=(blocker(1, ANN),))
    assert [order.enter(first), order.enter(second)] == [False, False]
    assert order.rings() == [[first, second]]
    order.go_first(first)
    assert order.rings() == []
    assert order.rows_at([1, 2]) == [first]
    assert [each.identity for each in order.to_clear(first)] == [UNKEYED.hash("email", BOB)]
    assert order.leave(first, "contact1", {UNKEYED.hash("email", BOB)}) == [second]
    assert order.leave(second, "contact2", {UNKEYED.hash("email", ANN)}) == []
    assert len(order) == 0


def test_a_ring_can_go_through_a_lane() -> None:
    """A row that waits behind another row of its lane is part of the ring, as is the row that it blocks."""
    order = DeliveryOrder()
    first, second = row(1, ANN, blockers=(blocker(2, ANN),)), row(2, ANN, HOME)
    assert [order.enter(first), order.enter(second)] == [False, False]
    assert order.rings() == [[first, second]]


def test_a_ring_holds_all_that_wait_for_blockers_and_in_lanes() -> None:
    """The second row waits behind the first one of its lane and for the third one, and both wait for it."""
    order = DeliveryOrder()
    rows = [
        row(1, ANN, blockers=(blocker(2, ANN),)),
        row(2, ANN, HOME, blockers=(blocker(3, ANN),)),
        row(3, BOB, blockers=(blocker(2, BOB),)),
    ]
    assert [order.enter(each) for each in rows] == [False] * 3
    assert order.rings() == [rows]


def test_the_last_row_that_waits_for_a_later_page_is_found() -> None:
    """Only a row whose blockers have not entered counts, and not one that waits for a row in here."""
    order = DeliveryOrder()
    early, late = row(1, ANN, blockers=(blocker(8, ANN),)), row(2, BOB, blockers=(blocker(9, BOB),))
    behind = row(3, "eve@example.com", blockers=(blocker(1, "eve@example.com"),))
    for each in (early, late, behind):
        order.enter(each)
    assert order.waiting_for_later() == late
    order.go_first(late)
    assert order.waiting_for_later() == early
    order.go_first(early)
    assert order.waiting_for_later() is None


def test_a_row_without_a_blocker_does_not_wait_for_later_rows() -> None:
    """Where nothing waits, there is nothing to let go first."""
    order = DeliveryOrder()
    order.enter(row(1, ANN))
    order.enter(row(2, ANN))
    assert order.waiting_for_later() is None
    assert order.rings() == []


IDENTITIES = st.tuples(st.sampled_from(["a@example.com", "b@example.com", ""]), st.sampled_from(["+1", "+2", ""]))


@given(st.lists(IDENTITIES), st.randoms(use_true_random=False))
def test_every_row_goes_once_and_in_the_order_of_its_lanes(identities: list[tuple[str, str]], random: Random) -> None:
    """Whatever rows share, each goes once, never beside a row of one of its lanes, and in the order they entered."""
    order = DeliveryOrder()
    rows = [row(position, *pair) for position, pair in enumerate(identities, start=1)]
    going = [each for each in rows if order.enter(each)]
    gone: list[OutboxRow] = []
    while going:
        shared = [lane for each in going for lane in each.lanes]
        assert len(shared) == len(set(shared)), "two rows of one lane at a time"
        leaving = random.choice(going)
        going.remove(leaving)
        gone.append(leaving)
        going += order.leave(leaving, None, None)
    assert sorted(each.position for each in gone) == [each.position for each in rows]
    for lane in {lane for each in rows for lane in each.lanes}:
        positions = [each.position for each in gone if lane in each.lanes]
        assert positions == sorted(positions)
    assert len(order) == 0


@st.composite
def blocked_rows(draw: st.DrawFn) -> list[OutboxRow]:
    """Return rows on contacts of their own, each of which may want e-mails that the contacts of others have."""
    number = draw(st.integers(1, 7))
    wanted = draw(st.lists(st.sets(st.integers(1, number), max_size=2), min_size=number, max_size=number))
    return [
        row(
            position,
            f"new{position}@example.com",
            contact_id=f"contact{position}",
            blockers=tuple(blocker(other, f"old{other}@example.com") for other in others if other != position),
        )
        for position, others in enumerate(wanted, start=1)
    ]


@given(blocked_rows(), st.randoms(use_true_random=False))
def test_every_blocked_row_goes_after_its_blockers_or_has_them_cleared(rows: list[OutboxRow], random: Random) -> None:
    """Whatever blocks what, each row goes once: after its blockers, or with an order to clear their contacts first."""
    order = DeliveryOrder()
    going = [each for each in rows if order.enter(each)]
    gone: list[int] = []
    while len(order):
        if not going:
            rings = order.rings()
            assert rings, "rows wait, and no ring explains it"
            for first, *_ in rings:
                order.go_first(first)
                going.append(first)
        leaving = going.pop(random.randrange(len(going)))
        cleared = {each.row_id for each in order.to_clear(leaving)}
        assert {each.row_id for each in leaving.blockers} - cleared <= set(gone)
        gone.append(leaving.row_id)
        going += order.leave(leaving, leaving.contact_id, {UNKEYED.hash("email", f"new{leaving.row_id}@example.com")})
    assert sorted(gone) == [each.row_id for each in rows]
