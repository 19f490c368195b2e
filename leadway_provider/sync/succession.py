"""Who holds an e-mail or phone next, where its holder has departed or gave it up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from leadway_provider.sync.claims import Claim, ClaimKind, Waiting
from leadway_provider.sync.ring import rings


@dataclass(frozen=True, slots=True)
class Succession:
    """Identities that pass from one row to the next, found when all rows are planned.

    Attributes:
        ended: claims that end: of departed holders, and of rows that retained an identity and are sent now.
        holders: claims of the rows that hold an identity from now on.
        plan_again: the ids of the rows that must be planned again in this plan.
        plan_when_read: the ids of rows that must be planned when a later run reads them, whether they change or not.
    """

    ended: tuple[Claim, ...] = ()
    holders: tuple[Claim, ...] = ()
    plan_again: frozenset[int] = frozenset()
    plan_when_read: frozenset[int] = frozenset()


def succession(
    waiting: Iterable[Waiting], *, is_present: Callable[[int], bool], was_read: Callable[[int], bool]
) -> Succession:
    """Find the next holders of identities whose holder departed or gave them up, and of those that rows retain.

    Rows that wait for each other's identities, in a ring, can be sent together. A row that waits for what another row
    holds can't.

    Args:
        waiting: all claims that wait, by identity, the one that waits longest first.
        is_present: returns whether the source has the row of that id, as far as is known.
        was_read: returns whether this plan read the row of that id, so that it can be planned again.
    """
    found: list[Waiting] = []
    when_read: set[int] = set()
    for each in waiting:
        if each.holder is None or each.holder.retains or not is_present(each.holder.row_id):
            if was_read(each.row_id):
                found.append(each)
            elif is_present(each.row_id) and each.holder is None:
                when_read.add(each.row_id)
    candidates = {each.row_id for each in found}
    # A row outside of a ring would break it, if it got an identity that a row of the ring waits for: then none is sent.
    in_ring = {row_id for ring in rings(_waits_for(found)) for row_id in ring}
    found.sort(key=lambda each: each.row_id not in in_ring)
    while True:
        successors = _first_in_line(found, candidates, is_present)
        stuck = {each.row_id for each in found if not each.is_sent and successors.get(each.identity) is not each}
        if not candidates & stuck:
            break
        candidates -= stuck
    ended: list[Claim] = []
    for each in successors.values():
        if (holder := each.holder) is not None:
            kind = ClaimKind.RETAINS if holder.retains else ClaimKind.HOLDS
            ended.append(Claim(each.identity, holder.row_id, kind))
    departed = {claim.row_id for claim in ended if not is_present(claim.row_id)}
    return Succession(
        ended=tuple(ended),
        holders=tuple(Claim(each.identity, each.row_id, ClaimKind.HOLDS) for each in successors.values()),
        plan_again=frozenset(each.row_id for each in successors.values()),
        plan_when_read=frozenset(when_read | departed),
    )


def _waits_for(waiting: Iterable[Waiting]) -> dict[int, list[int]]:
    """Return for each row that is not sent without what it waits for, the row that retains this."""
    return {each.row_id: [each.holder.row_id] for each in waiting if each.holder is not None and not each.is_sent}


def _first_in_line(
    waiting: Iterable[Waiting], candidates: Collection[int], is_present: Callable[[int], bool]
) -> dict[str, Waiting]:
    """Return by identity the first candidate that waits for it, where no row keeps the identity."""
    first: dict[str, Waiting] = {}
    for each in waiting:
        holder = each.holder
        is_kept = holder is not None and is_present(holder.row_id) and holder.row_id not in candidates
        if each.row_id in candidates and not is_kept:
            first.setdefault(each.identity, each)
    return first
