"""An outbox is split, and workers deliver its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import LeaseLostError
from leadway_provider.sync.lease import LeaseState, LeaseTiming, LeaseWatcher
from leadway_provider.sync.parts import Part, deliver_parts, part_size, split
from leadway_provider.sync.records import Blocker, OutboxRow
from leadway_provider.testing import MemoryState

TIMING = LeaseTiming()


def row(position: int, **values: Any) -> OutboxRow:
    """A row of the outbox; its id is its position and 100."""
    return OutboxRow(position, position + 100, f"K{position}", b"", Contact({}), **values)


def blocked(by: int, contact_id: str) -> tuple[Blocker, ...]:
    """What blocks a row: another one, whose contact has an identity of it."""
    return (Blocker(by, contact_id, "aa", is_pending=True),)


LINKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one gives up what the other one sends": ({"lanes": ("aa",)}, {"claimed": ("aa",), "lanes": ("aa",)}),
    "both are on a contact": ({"lives_on": "c1"}, {"contact_id": "c1"}),
    "one takes over the contact of the other": ({"takes_over": "c1"}, {"lives_on": "c1"}),
    "one blocks the other": ({}, {"blockers": blocked(101, "")}),
    "one blocks both": ({"blockers": blocked(900, "")}, {"left_behind": blocked(900, "")}),
    "one's contact has what the other one sends": ({"lives_on": "c1"}, {"blockers": blocked(900, "c1")}),
}
"""What links row 1 to another row."""


@pytest.mark.parametrize("linked", LINKS.values(), ids=LINKS)
def test_rows_that_may_touch_one_thing_are_in_one_part(linked: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """The later one is moved to the part of the first one; all others stay where their positions are."""
    first, last = linked
    found = split([row(1, **first), *(row(n) for n in range(2, 6)), row(6, **last)], 2)
    assert found.parts == [Part(1, 1, 2), Part(2, 3, 4), Part(3, 5, 6)]
    assert found.moved == {6: 1}


def test_links_go_over_several_rows() -> None:
    """Two rows that share nothing are in one part where a third one shares something with each."""
    rows = [row(1, lanes=("aa",)), row(2), row(3, lanes=("bb",)), row(4), row(5, lanes=("aa", "bb"))]
    assert split(rows, 1).moved == {3: 1, 5: 1}


def test_nothing_to_split() -> None:
    """An empty outbox has no parts."""
    assert split([], 5).parts == []


NAMES = st.frozensets(st.integers(0, 30).map(lambda number: f"{number:02x}"), max_size=3)


@given(st.lists(NAMES, max_size=40), st.integers(1, 7))
def test_no_two_parts_share_a_name(names: list[frozenset[str]], size: int) -> None:
    """Whatever rows share, each row is in one part, and each name too."""
    rows = [row(3 * n, lanes=tuple(sorted(each))) for n, each in enumerate(names)]
    found = split(rows, size)
    part_of = {each.position: found.moved.get(each.position, by_position(found.parts, each.position)) for each in rows}
    for one, other in combinations(rows, 2):
        if set(one.lanes) & set(other.lanes):
            assert part_of[one.position] == part_of[other.position]
    alone = [each for each in rows if not any(set(each.lanes) & set(other.lanes) for other in rows if other != each)]
    assert not found.moved.keys() & {each.position for each in alone}


def by_position(parts: Any, position: int) -> int:
    """The part that a position is in."""
    [number] = [part.number for part in parts if part.first <= position <= part.last]
    return int(number)


@pytest.mark.parametrize(("rows", "size"), [(0, 5), (60, 5), (3200, 100), (1_000_000, 1000)])
def test_parts_are_neither_tiny_nor_huge(rows: int, size: int) -> None:
    """A small outbox has a few parts, and a large one has many."""
    assert part_size(rows) == size


@dataclass
class Team:
    """The parts of an outbox with ten rows, and one worker to look at.

    Attributes:
        delivered: the numbers of the parts that it delivered.
        seconds: its clock.
    """

    delivered: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        state = MemoryState()
        run = state.begin()
        for n, row_id in run.ensure_rows([f"K{n}" for n in range(10)]).items():
            state.add_entry(run.id, row_id, state.rows[row_id].state)
            assert n
        self.parts = state.parts(run.id)
        self.parts.split([row(n) for n in range(1, 11)], 2)
        self.join("me")

    def join(self, token: str, process: str = "elsewhere 1") -> LeaseState:
        """Another worker joins."""
        state = LeaseState(token, 0, token, process)
        assert self.parts.acquire(None, state)
        return state

    def work(
        self,
        pause: Callable[[], None] = lambda: None,
        deliver: Callable[[Part], None] = lambda _: None,
        alive: Callable[[str], bool | None] = lambda _: None,
    ) -> int:
        """Let the worker deliver parts until all are complete."""

        def paused(seconds: float) -> None:
            self.seconds += seconds
            pause()

        def deliver_one(part: Part) -> None:
            deliver(part)
            self.delivered.append(part.number)

        clock = Clock(monotonic=lambda: self.seconds)
        return deliver_parts(
            self.parts,
            "me",
            deliver_one,
            watcher=lambda: LeaseWatcher("me", clock=clock, alive=alive, timing=TIMING),
            pause=paused,
            look_every=TIMING.look_every,
        )


def test_a_worker_alone_delivers_everything() -> None:
    """It takes one part after the other, and waits for nobody."""
    team = Team()
    assert team.work() == 5
    assert team.delivered == [1, 2, 3, 4, 5]
    assert team.seconds == 0


def test_a_worker_waits_for_others_that_are_alive() -> None:
    """As long as they store heartbeats, their parts are theirs, however long they take."""
    team = Team()
    team.join("other")
    held = team.parts.next_part("other")
    assert held is not None

    def pause() -> None:
        assert team.parts.heartbeat("other")
        if team.seconds >= 10 * TIMING.expires_after:
            team.parts.complete("other", held)

    assert team.work(pause) == 4
    assert held.number not in team.delivered
    assert team.seconds == pytest.approx(10 * TIMING.expires_after)


def test_a_silent_worker_loses_its_parts() -> None:
    """After the time of a lease its part is delivered by who is left, and it can neither take nor end one."""
    team = Team()
    team.join("other")
    held = team.parts.next_part("other")
    assert held is not None
    assert team.work() == 5
    assert team.delivered[-1] == held.number
    assert team.seconds == pytest.approx(TIMING.expires_after)
    assert not team.parts.heartbeat("other")
    too_late: list[Callable[[], object]] = [
        lambda: team.parts.next_part("other"),
        lambda: team.parts.complete("other", held),
    ]
    for late in too_late:
        with pytest.raises(LeaseLostError, match="have taken over the parts"):
            late()


def test_a_worker_whose_process_is_gone_loses_its_parts_at_once() -> None:
    """Where its process can be looked for, nobody waits."""
    team = Team()
    team.join("other", "here 2")
    assert team.parts.next_part("other")
    assert team.work(alive=lambda process: process != "here 2") == 5
    assert team.seconds == 0


def test_a_heartbeat_comes_before_an_expulsion() -> None:
    """Who looked before the last heartbeat comes too late."""
    team = Team()
    seen = team.join("other")
    assert team.parts.heartbeat("other")
    assert not team.parts.expel(seen)
    assert team.parts.next_part("other")


def test_what_a_failure_leaves_is_free_again() -> None:
    """A worker that ends gives its part back, and the next one begins with it."""
    team = Team()

    def deliver(part: Part) -> None:
        if part.number == 3:
            raise LeaseLostError("the end")

    with pytest.raises(LeaseLostError):
        team.work(deliver=deliver)
    team.parts.release("me")
    team.join("me")
    assert team.work() == 3
    assert team.delivered == [1, 2, 3, 4, 5]
