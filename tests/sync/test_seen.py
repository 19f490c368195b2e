"""Bits of row ids, stored and united."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.seen import covers, is_set, pack, united

Ids = st.sets(st.integers(1, 200))


def bits(ids: set[int]) -> bytes:
    """One bit for each id."""
    return sum(1 << number for number in ids).to_bytes(26, "little")


@given(Ids, Ids)
def test_what_any_saw_is_in_the_union(one: set[int], other: set[int]) -> None:
    """The union has the bits of both, and no others, also beyond its end."""
    union = united([pack(bits(one)), pack(bits(other))])
    assert {number for number in range(300) if is_set(union, number)} == one | other


@given(Ids, Ids)
def test_covering_is_seeing_all_of_it(one: set[int], other: set[int]) -> None:
    """One covers another where it saw everything that the other saw."""
    assert covers(pack(bits(one)), pack(bits(other))) == (one >= other)


def test_a_whole_table_takes_little_room() -> None:
    """Ten million rows that were all seen are a few kilobytes."""
    assert len(pack(b"\xff" * 1_250_000)) < 10_000
