"""Who is sent first, and who holds an identity next: `settle` and `succession` as plain functions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.claims import (
    Claim,
    Claimant,
    ClaimKind,
    Holder,
    Waiting,
    settle,
)
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.succession import Succession, succession

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"
HOLDS, WAITS, RETAINS = ClaimKind.HOLDS, ClaimKind.WAITS, ClaimKind.RETAINS


def email(value: str) -> str:
    """Return the hash of an e-mail."""
    return UNKEYED.hash("email", value)


def phone(value: str) -> str:
    """Return the hash of a phone."""
    return UNKEYED.hash("phone", value)


def claimant(row_id: int, *values: str | None, in_crm: frozenset[str] = frozenset()) -> Claimant:
    """Return a changed row with this e-mail and phone; None where it can't be a contact."""
    fields = {name: value for name, value in zip(("email", "phone"), values, strict=False) if value}
    return Claimant(row_id, str(row_id), Contact(fields) if fields else None, in_crm)


def test_a_batch_is_settled_in_the_order_in_which_it_must_be_sent() -> None:
    """A row that gives an identity up comes before the row that takes it, though the source has them the other way."""
    found = settle(
        [claimant(2, BOB, HOME), claimant(1, ANN, WORK)],
        identity=("email", "phone"),
        own=[Claim(email(ANN), 1, HOLDS), Claim(phone(HOME), 1, HOLDS)],
        find_holders=lambda _: {email(ANN): Holder(1, "1"), phone(HOME): Holder(1, "1")},
    )
    assert list(found.verdicts) == [1, 2]
    assert found.verdicts[1].given_up == (phone(HOME),)
    assert found.verdicts[2].claimed == (email(BOB), phone(HOME))
    assert found.dropped == [Claim(phone(HOME), 1, HOLDS)]
    assert Claim(phone(HOME), 2, HOLDS) in found.changed


def test_a_row_that_is_not_sent_gives_nothing_up() -> None:
    """Row 1 wants the e-mail of another row and so is not sent; what its contact has is not free for row 2."""
    found = settle(
        [claimant(1, EVE, WORK, in_crm=frozenset({email(ANN), phone(HOME)})), claimant(2, BOB, HOME)],
        identity=("email", "phone"),
        own=[Claim(email(ANN), 1, HOLDS), Claim(phone(HOME), 1, HOLDS)],
        find_holders=lambda _: {email(EVE): Holder(9, "9"), phone(HOME): Holder(1, "1")},
    )
    assert found.verdicts[1].contact is None
    assert found.verdicts[1].given_up == ()
    assert found.verdicts[2].claimed == (email(BOB),)
    assert found.verdicts[2].contact == Contact({"email": BOB}, withheld=found.verdicts[2].reasons)
    assert "The contact of key 1 still has it." in found.verdicts[2].reasons[0].message
    assert set(found.changed) == {
        Claim(email(EVE), 1, WAITS),
        Claim(email(ANN), 1, RETAINS),
        Claim(phone(HOME), 1, RETAINS),
        Claim(email(BOB), 2, HOLDS),
        Claim(phone(HOME), 2, WAITS),
    }


def test_a_row_that_is_not_sent_loses_what_no_contact_has() -> None:
    """It never reached the CRM with its phone, so that there is nothing to retain."""
    found = settle(
        [claimant(1, in_crm=frozenset({email(ANN)}))],
        identity=("email", "phone"),
        own=[Claim(email(ANN), 1, HOLDS), Claim(phone(HOME), 1, HOLDS)],
        find_holders=lambda _: {},
    )
    assert found.dropped == [Claim(phone(HOME), 1, HOLDS)]
    assert found.changed == [Claim(email(ANN), 1, RETAINS)]


def test_what_no_contact_has_is_free_at_once_where_its_row_is_not_sent() -> None:
    """Row 1 never reached the CRM with its phone, so row 2 of the same batch has it."""
    found = settle(
        [claimant(1), claimant(2, BOB, HOME)],
        identity=("email", "phone"),
        own=[Claim(phone(HOME), 1, HOLDS)],
        find_holders=lambda _: {phone(HOME): Holder(1, "1")},
    )
    assert found.dropped == [Claim(phone(HOME), 1, HOLDS)]
    assert found.verdicts[2].claimed == (email(BOB), phone(HOME))


def test_a_row_that_names_its_contact_is_sent_without_the_identities_of_others() -> None:
    """It needs no identity to be matched, so that another row's e-mail is withheld from it instead."""
    named = Claimant(2, "2", Contact({"email": ANN, "phone": HOME}, contact_id="contact2"))
    found = settle([named], identity=("email", "phone"), own=[], find_holders=lambda _: {email(ANN): Holder(1, "1")})
    contact = found.verdicts[2].contact
    assert contact is not None
    assert contact.fields == {"phone": HOME}
    assert [each.code for each in contact.withheld] == ["identity_shared"]
    assert found.verdicts[2].claimed == (phone(HOME),)


def test_a_row_that_is_sent_ends_what_it_retained() -> None:
    """Its contact has the row's own identities again after the call, and no others."""
    found = settle(
        [claimant(1, BOB, in_crm=frozenset({email(ANN)}))],
        identity=("email", "phone"),
        own=[Claim(email(ANN), 1, RETAINS)],
        find_holders=lambda _: {email(ANN): Holder(1, "1", retains=True)},
    )
    assert found.verdicts[1].given_up == (email(ANN),)
    assert found.dropped == [Claim(email(ANN), 1, RETAINS)]
    assert found.changed == [Claim(email(BOB), 1, HOLDS)]


def everywhere(_row_id: int) -> bool:
    """Return True, for a source that has every row."""
    return True


def test_the_row_that_waits_longest_holds_an_identity_next() -> None:
    """Of several rows that wait for a departed holder, the first one succeeds."""
    holder = Holder(1, "1")
    line = [Waiting(phone(HOME), 2, holder, is_sent=True), Waiting(phone(HOME), 3, holder, is_sent=True)]
    found = succession(line, is_present=lambda row_id: row_id != 1, was_read=lambda row_id: row_id != 1)
    assert found == Succession(
        ended=(Claim(phone(HOME), 1, HOLDS),),
        holders=(Claim(phone(HOME), 2, HOLDS),),
        plan_again=frozenset({2}),
        plan_when_read=frozenset({1}),
    )


def test_a_sent_row_that_is_not_next_for_one_identity_can_be_next_for_another() -> None:
    """It is sent whether it gets the first one or not, so that waiting for it costs it nothing."""
    line = [
        Waiting(phone(HOME), 2, None, is_sent=True),
        Waiting(phone(HOME), 3, None, is_sent=True),
        Waiting(phone(WORK), 3, None, is_sent=True),
    ]
    found = succession(line, is_present=everywhere, was_read=everywhere)
    assert set(found.holders) == {Claim(phone(HOME), 2, HOLDS), Claim(phone(WORK), 3, HOLDS)}


def test_nothing_passes_on_while_the_holder_is_there() -> None:
    """A row that is present and holds an identity keeps it."""
    line = [Waiting(phone(HOME), 2, Holder(1, "1"), is_sent=True)]
    assert succession(line, is_present=everywhere, was_read=everywhere) == Succession()


def test_a_free_identity_passes_to_a_row_only_where_it_can_be_planned_again() -> None:
    """A row that this plan did not read is planned when a later run reads it."""
    line = [Waiting(phone(HOME), 2, None, is_sent=True)]
    found = succession(line, is_present=everywhere, was_read=lambda _: False)
    assert found == Succession(plan_when_read=frozenset({2}))


def test_rows_that_wait_for_each_other_in_a_ring_are_sent_together() -> None:
    """Each retains what the next one wants, so that all of them can be sent at once."""
    ring = [
        Waiting(email(ANN), 2, Holder(1, "1", retains=True), is_sent=False),
        Waiting(email(BOB), 3, Holder(2, "2", retains=True), is_sent=False),
        Waiting(email(EVE), 1, Holder(3, "3", retains=True), is_sent=False),
    ]
    found = succession(ring, is_present=everywhere, was_read=everywhere)
    assert found.plan_again == {1, 2, 3}
    assert set(found.holders) == {Claim(email(ANN), 2, HOLDS), Claim(email(BOB), 3, HOLDS), Claim(email(EVE), 1, HOLDS)}
    assert set(found.ended) == {
        Claim(email(ANN), 1, RETAINS),
        Claim(email(BOB), 2, RETAINS),
        Claim(email(EVE), 3, RETAINS),
    }


def test_rows_that_wait_for_what_a_row_holds_are_not_sent() -> None:
    """The last row of this line waits for a holder that is present, so that nothing in it can move."""
    line = [
        Waiting(email(ANN), 2, Holder(1, "1", retains=True), is_sent=False),
        Waiting(email(BOB), 1, Holder(9, "9"), is_sent=False),
    ]
    assert succession(line, is_present=everywhere, was_read=everywhere) == Succession()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), max_size=12), st.sets(st.integers(1, 6)))
def test_only_rows_that_can_be_sent_succeed(wishes: list[tuple[int, int]], departed: set[int]) -> None:
    """An identity has one next holder, which was read, and is taken only from rows that departed or are sent."""
    holders = {number: Holder(number, str(number), retains=number % 2 == 1) for number in range(1, 6)}
    line = [
        Waiting(email(str(number)), row_id, holders.get(number), is_sent=row_id % 3 == 0)
        for number, row_id in sorted(set(wishes))
        if number != row_id
    ]

    def is_present(row_id: int) -> bool:
        return row_id not in departed

    found = succession(line, is_present=is_present, was_read=is_present)
    assert len({claim.identity for claim in found.holders}) == len(found.holders)
    assert found.plan_again == {claim.row_id for claim in found.holders}
    assert not found.plan_again & departed
    for claim in found.ended:
        assert not is_present(claim.row_id) or (claim.kind is RETAINS and claim.row_id in _sent(line, found))


def _sent(line: list[Waiting], found: Succession) -> frozenset[int]:
    return found.plan_again | {each.row_id for each in line if each.is_sent}


def test_a_row_outside_of_a_ring_does_not_break_it() -> None:
    """It waits for longest, but if it got the e-mail, no row could be sent; so it waits on."""
    line = [
        Waiting(email(ANN), 2, Holder(1, "1", retains=True), is_sent=False),
        Waiting(email(ANN), 3, Holder(1, "1", retains=True), is_sent=False),
        Waiting(email(BOB), 1, Holder(3, "3", retains=True), is_sent=False),
    ]
    found = succession(line, is_present=everywhere, was_read=everywhere)
    assert found.plan_again == {1, 3}
    assert {(claim.identity, claim.row_id) for claim in found.holders} == {(email(ANN), 3), (email(BOB), 1)}
