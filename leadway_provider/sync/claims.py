"""Who is who: of the rows that share an e-mail or a phone, one key holds it.

The account matches a contact by one field and then by the other. Rows that share the first identity are one contact:
one key holds it and the others are superseded. Rows that share only the second one stay separate: one key holds it and
sends it, from the others it is withheld. Who holds is remembered, so it stays from run to run, and passes on when the
holder gives it up. Only hashes of identities are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.sync.lane import lane


@dataclass(frozen=True, slots=True)
class Claim:
    """A row's claim on an identity; one row holds it, and the others wait for it."""

    identity: str
    row_id: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """The row that holds an identity."""

    row_id: int
    source_key: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits for an identity, and the row that holds it; None where nobody does any more."""

    identity: str
    row_id: int
    holder: int | None


@dataclass(frozen=True, slots=True)
class Claimant:
    """A changed row with the contact it would become; None where it can't be one."""

    row_id: int
    source_key: str
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row may send.

    Attributes:
        contact: what is left of the contact; None where another row stands for it.
        reasons: why the row, or a value of it, stands back.
        lanes: what the row's call must keep its order by: identities it sends, and those it gives up.
    """

    contact: Contact | None
    reasons: tuple[Reason, ...] = ()
    lanes: tuple[str, ...] = ()


@dataclass(slots=True)
class Settlement:
    """What came of a batch of claimants.

    Attributes:
        verdicts: by row id, in the order in which they must be sent: who gives an identity up goes before who takes it.
        dropped: claims that are no more.
        made: claims that are new, or changed between holding and waiting.
    """

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    dropped: list[Claim] = field(default_factory=list)
    made: list[Claim] = field(default_factory=list)


def _wanted(contact: Contact | None, identity: Sequence[str]) -> dict[str, str]:
    """The lanes of a contact's identities by field, in the order in which the account matches them."""
    if contact is None:
        return {}
    found = contact.identities
    return {name: lane(name, found[name]) for name in identity if name in found}


def settle(
    claimants: Sequence[Claimant], *, identity: Sequence[str], own: Iterable[Claim], holders: Mapping[str, Holder]
) -> Settlement:
    """Decide who holds what among a batch of changed rows and the rows that held before.

    Args:
        claimants: the rows, in the source's order.
        identity: the fields that the account matches by, in its order.
        own: the claims that these rows had until now.
        holders: who holds each identity that any of them wants.
    """
    before: dict[int, dict[str, bool]] = {claimant.row_id: {} for claimant in claimants}
    for claim in own:
        before[claim.row_id][claim.identity] = claim.holds
    wants = {claimant.row_id: _wanted(claimant.contact, identity) for claimant in claimants}
    given_up = {
        row_id: tuple(name for name, holds in claims.items() if holds and name not in wants[row_id].values())
        for row_id, claims in before.items()
    }
    holder = {name: found for name, found in holders.items() if name not in given_up.get(found.row_id, ())}
    settlement = Settlement()
    for claimant in sorted(claimants, key=lambda each: not given_up[each.row_id]):
        row_id = claimant.row_id
        verdict, after = _decide(claimant, wants[row_id], holder)
        settlement.verdicts[row_id] = replace(verdict, lanes=(*verdict.lanes, *given_up[row_id]))
        settlement.dropped += [Claim(name, row_id, was) for name, was in before[row_id].items() if name not in after]
        settlement.made += [Claim(name, row_id, now) for name, now in after.items() if before[row_id].get(name) != now]
    return settlement


def _decide(claimant: Claimant, wants: Mapping[str, str], holder: dict[str, Holder]) -> tuple[Verdict, dict[str, bool]]:
    """One row's verdict, and its claims by identity from now on; what it gets is marked in `holder`."""
    if claimant.contact is None or not wants:
        return Verdict(claimant.contact), {}
    me = Holder(claimant.row_id, claimant.source_key)
    first, *others = wants
    if holder.setdefault(wants[first], me).row_id != me.row_id:
        return Verdict(None, (_shared(first, holder[wants[first]]),)), {wants[first]: False}
    claims = {wants[first]: True}
    withheld = []
    for name in others:
        claims[wants[name]] = holder.setdefault(wants[name], me).row_id == me.row_id
        if not claims[wants[name]]:
            withheld.append(_shared(name, holder[wants[name]]))
    back = {each.field for each in withheld}
    fields = {name: value for name, value in claimant.contact.fields.items() if name not in back}
    contact = replace(claimant.contact, fields=fields, withheld=(*claimant.contact.withheld, *withheld))
    sent = tuple(name for name, holds in claims.items() if holds)
    return Verdict(contact, tuple(withheld), sent), claims


def _shared(name: str, holder: Holder) -> Reason:
    return reason(name, "identity_shared", f"Key {holder.source_key} holds it.")


def heirs(waiting: Iterable[Waiting], is_present: Callable[[int], bool]) -> tuple[set[int], list[Claim]]:
    """Who inherits what nobody of the present rows holds: the next in line that is present.

    Args:
        waiting: all that wait, by identity, and the next in line first.
        is_present: whether the source has the row now.

    Returns:
        The ids of the heirs, and the claims of absent holders that end therewith.
    """
    found: set[int] = set()
    ended: list[Claim] = []
    settled = ""
    for each in waiting:
        if each.identity == settled or not is_present(each.row_id):
            continue
        settled = each.identity
        if each.holder is not None and is_present(each.holder):
            continue
        found.add(each.row_id)
        if each.holder is not None:
            ended.append(Claim(each.identity, each.holder, holds=True))
    return found, ended
