"""Order per contact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.lane import lanes
from leadway_provider.sync.lanes import Lanes
from leadway_provider.sync.ports import OutboxRow


def row(position: int, email: str | None = None, phone: str | None = None) -> OutboxRow:
    """An outbox row of its own key, with these identities."""
    fields = {name: value for name, value in (("email", email), ("phone", phone)) if value}
    contact = Contact(fields)
    return OutboxRow(position, position, str(position), b"", contact, lanes(contact))


def test_rows_without_a_shared_identity_all_go_at_once() -> None:
    """Different contacts do not wait for each other."""
    queue = Lanes()
    assert queue.enter(row(1, "ann@example.com", "+12025550101"))
    assert queue.enter(row(2, "bob@example.com", "+12025550102"))


def test_an_email_is_one_identity_whatever_its_case() -> None:
    """The account compares e-mails without case, so do the lanes."""
    queue = Lanes()
    assert queue.enter(row(1, "Ann@Example.com"))
    assert not queue.enter(row(2, "ann@example.com"))


def test_a_row_waits_for_all_of_its_lanes() -> None:
    """A row that shares its e-mail with one and its phone with another goes when both have left."""
    queue = Lanes()
    first, second, both = (
        row(1, "ann@example.com"),
        row(2, phone="+12025550101"),
        row(3, "ann@example.com", "+12025550101"),
    )
    assert [queue.enter(each) for each in (first, second, both)] == [True, True, False]
    assert queue.leave(first) == []
    assert queue.leave(second) == [both]
    assert queue.leave(both) == []
    assert len(queue) == 0


@given(
    st.lists(st.tuples(st.sampled_from(["a@example.com", "b@example.com", ""]), st.sampled_from(["+1", "+2", ""]))),
    st.randoms(use_true_random=False),
)
def test_every_row_goes_once_in_order_of_its_lanes(identities: list[tuple[str, str]], random: object) -> None:
    """Whatever rows share, each goes exactly once, never beside one of its lanes, and in the order they entered."""
    queue = Lanes()
    rows = [row(position, *pair) for position, pair in enumerate(identities, start=1)]
    going = [each for each in rows if queue.enter(each)]
    gone: list[OutboxRow] = []
    while going:
        shared = [identity for each in going for identity in each.lanes]
        assert len(shared) == len(set(shared)), "two rows of one lane at a time"
        leaving = random.choice(going)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
        going.remove(leaving)
        gone.append(leaving)
        going += queue.leave(leaving)
    assert sorted(each.position for each in gone) == [each.position for each in rows]
    for identity in {identity for each in rows for identity in each.lanes}:
        order = [each.position for each in gone if identity in each.lanes]
        assert order == sorted(order)
    assert len(queue) == 0
