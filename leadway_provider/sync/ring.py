"""Rings: things that wait for each other, so that none of them can go first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def rings(waits_for: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Return the groups that wait for each other, and for nothing outside of the group.

    Each thing of a group waits for each other one of it, maybe through others. A group of one is not a ring. The time
    that it takes grows with the number of things and of waits.

    Args:
        waits_for: for each thing, what it waits for; what is not a key waits for nothing.
    """
    found: list[list[int]] = []
    entered: dict[int, int] = {}
    lowest: dict[int, int] = {}
    group_of: dict[int, int] = {}
    path: list[int] = []
    for start in waits_for:
        if start in entered:
            continue
        visits = [(start, iter(waits_for[start]))]
        entered[start] = lowest[start] = len(entered)
        path.append(start)
        while visits:
            thing, left = visits[-1]
            following = next(left, None)
            if following is not None:
                if following not in entered:
                    entered[following] = lowest[following] = len(entered)
                    path.append(following)
                    visits.append((following, iter(waits_for.get(following, ()))))
                elif following not in group_of:
                    lowest[thing] = min(lowest[thing], entered[following])
                continue
            visits.pop()
            if visits:
                before = visits[-1][0]
                lowest[before] = min(lowest[before], lowest[thing])
            if lowest[thing] == entered[thing]:
                group = [path.pop()]
                while group[-1] != thing:
                    group.append(path.pop())
                group_of.update(dict.fromkeys(group, len(found)))
                found.append(group)
    return [
        group for number, group in enumerate(found) if len(group) > 1 and _is_alone(group, number, waits_for, group_of)
    ]


def _is_alone(
    group: Iterable[int], number: int, waits_for: Mapping[int, Iterable[int]], group_of: Mapping[int, int]
) -> bool:
    return all(group_of[other] == number for thing in group for other in waits_for.get(thing, ()))
