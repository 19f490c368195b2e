"""Who is who: of the rows that share an e-mail or a phone, one key holds it.

The account matches a contact by one field and then by the other. Rows that share the first identity are one contact:
one key holds it and the others are superseded. Rows that share only the second one stay separate: one key holds it and
sends it, and it is withheld from the others. Claims are stored, so the holder stays the same from run to run.

A claim says who may have an identity. What the CRM has on which contact is another matter: a row that wants another
identity than before, and can't be sent, retains what the CRM still has on its contact. Only hashes are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.sync.identities import UNKEYED, IdentityHasher
from leadway_provider.sync.ring import rings


class ClaimKind(IntEnum):
    """What a row's claim on an identity is."""

    WAITS = 0
    """The row has the identity, and another row holds or retains it."""
    HOLDS = 1
    """The row may send the identity."""
    RETAINS = 2
    """The row no longer has the identity, but the CRM may have it on the row's contact, and the row can't be sent.

    It ends when the row is sent.
    """


@dataclass(frozen=True, slots=True)
class Claim:
    """A row's claim on an identity. One row at most holds or retains it; any number of rows wait."""

    identity: str
    row_id: int
    kind: ClaimKind


@dataclass(frozen=True, slots=True)
class Holder:
    """The row that holds or retains an identity."""

    row_id: int
    source_key: str
    retains: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits for an identity, and the row that holds or retains it; None where no row does any more.

    Attributes:
        is_sent: whether the row holds another identity, and so is sent without this one.
    """

    identity: str
    row_id: int
    holder: Holder | None
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Claimant:
    """A changed row with the contact it would become; None where it can't be one.

    Attributes:
        in_crm: the hashes of the identities that the CRM has, or may have, on the row's contact.
    """

    row_id: int
    source_key: str
    contact: Contact | None
    in_crm: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row may send.

    Attributes:
        contact: what is left of the contact; None where another row stands for it.
        reasons: why the row, or a value of it, is not sent.
        claimed: the hashes of the identities that it sends, and no other row may have.
        given_up: the hashes of the identities that it gives up.
    """

    contact: Contact | None
    reasons: tuple[Reason, ...] = ()
    claimed: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


@dataclass(slots=True)
class Settlement:
    """What was decided for a batch of claimants.

    Attributes:
        verdicts: by row id, in the order in which they must be sent: a row that gives an identity up before the row
            that takes it.
        dropped: claims that have ended.
        changed: claims that are new, or of another kind.
    """

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    dropped: list[Claim] = field(default_factory=list)
    changed: list[Claim] = field(default_factory=list)

    def add(
        self, row_id: int, verdict: Verdict, before: Mapping[str, ClaimKind], after: Mapping[str, ClaimKind]
    ) -> None:
        """Note what was decided for a row, with its claims by identity before and after."""
        self.verdicts[row_id] = verdict
        self.dropped += [Claim(name, row_id, was) for name, was in before.items() if name not in after]
        self.changed += [Claim(name, row_id, now) for name, now in after.items() if before.get(name) is not now]


def _wanted(contact: Contact | None, identity: Sequence[str], hasher: IdentityHasher) -> dict[str, str]:
    """Return the hashes of a contact's identities by field, in the order in which the account matches them."""
    if contact is None:
        return {}
    found = contact.identities
    return {name: hasher.hash(name, found[name]) for name in identity if name in found}


def settle(
    claimants: Sequence[Claimant],
    *,
    identity: Sequence[str],
    own: Iterable[Claim],
    holders: Mapping[str, Holder],
    hasher: IdentityHasher = UNKEYED,
) -> Settlement:
    """Decide who holds which identity, among a batch of changed rows and the rows that hold identities already.

    Args:
        claimants: the rows, in the source's order.
        identity: the fields that the account matches by, in its order.
        own: the claims that these rows have until now.
        holders: who holds or retains each identity that any of them wants.
        hasher: hashes the sync's e-mails and phones.
    """
    before: dict[int, dict[str, ClaimKind]] = {claimant.row_id: {} for claimant in claimants}
    for claim in own:
        before[claim.row_id][claim.identity] = claim.kind
    wants = {claimant.row_id: _wanted(claimant.contact, identity, hasher) for claimant in claimants}
    in_crm = {claimant.row_id: claimant.in_crm for claimant in claimants}
    sent = {claimant.row_id for claimant in claimants if claimant.contact is not None}
    while True:
        # At first every row counts as sent, and gives up what it no longer wants. A row that turns out not to be sent
        # gives up nothing, which may cost others their place: so it is decided anew without it.
        given_up = {
            row_id: tuple(
                name
                for name, kind in claims.items()
                if kind is not ClaimKind.WAITS and row_id in sent and name not in wants[row_id].values()
            )
            for row_id, claims in before.items()
        }
        kept: dict[str, Holder] = {}
        for name, found in holders.items():
            if found.row_id in in_crm and found.row_id not in sent:
                if found.retains or name in in_crm[found.row_id]:
                    kept[name] = replace(found, retains=True)
            elif name not in given_up.get(found.row_id, ()):
                kept[name] = found
        decided = {
            claimant.row_id: _decide(claimant, wants[claimant.row_id], before[claimant.row_id], kept)
            if claimant.row_id in sent
            else _decide_unsent(claimant, wants[claimant.row_id], before[claimant.row_id], kept)
            for claimant in sorted(claimants, key=lambda each: not given_up[each.row_id])
        }
        unsent = {row_id for row_id in sent if decided[row_id][0].contact is None}
        if not unsent:
            break
        sent -= unsent
    settlement = Settlement()
    for row_id, (verdict, after) in decided.items():
        if gave := given_up[row_id]:
            verdict = replace(verdict, given_up=gave)  # noqa: PLW2901 - most rows give nothing up
        settlement.add(row_id, verdict, before[row_id], after)
    return settlement


def share(
    claimants: Sequence[Claimant],
    *,
    identity: Sequence[str],
    own: Iterable[Claim],
    hasher: IdentityHasher = UNKEYED,
) -> Settlement:
    """Let every row send and hold what it has, also where another row holds it: for rows that may share contacts.

    Args:
        claimants: the rows, in the source's order.
        identity: the fields that the account matches by, in its order.
        own: the claims that these rows have until now.
        hasher: hashes the sync's e-mails and phones.
    """
    settlement = Settlement()
    before: dict[int, dict[str, ClaimKind]] = {claimant.row_id: {} for claimant in claimants}
    for claim in own:
        before[claim.row_id][claim.identity] = claim.kind
    for claimant in claimants:
        row_id, contact, had = claimant.row_id, claimant.contact, before[claimant.row_id]
        if contact is None:
            verdict, after = _decide_unsent(claimant, {}, had, {})
        else:
            claimed = tuple(_wanted(contact, identity, hasher).values())
            given_up = tuple(name for name in had if name not in claimed)
            verdict, after = Verdict(contact, (), claimed, given_up), dict.fromkeys(claimed, ClaimKind.HOLDS)
        settlement.add(row_id, verdict, had, after)
    return settlement


def _decide(
    claimant: Claimant, wants: Mapping[str, str], before: Mapping[str, ClaimKind], holder: dict[str, Holder]
) -> tuple[Verdict, dict[str, ClaimKind]]:
    """Return one row's verdict, and its claims by identity from now on; what it gets is entered in `holder`."""
    contact = claimant.contact
    if contact is None or not wants:
        return Verdict(contact), {}
    me = Holder(claimant.row_id, claimant.source_key)
    first = next(iter(wants))
    if holder.setdefault(wants[first], me).row_id != me.row_id and contact.contact_id is None:
        return _decide_unsent(claimant, wants, before, holder)
    claims: dict[str, ClaimKind] = {}
    withheld = []
    for name, hashed in wants.items():
        mine = holder.setdefault(hashed, me).row_id == me.row_id
        claims[hashed] = ClaimKind.HOLDS if mine else ClaimKind.WAITS
        if not mine:
            withheld.append(_shared(name, holder[hashed]))
    if withheld:
        back = {each.field for each in withheld}
        fields = {name: value for name, value in contact.fields.items() if name not in back}
        contact = replace(contact, fields=fields, withheld=(*contact.withheld, *withheld))
    claimed = tuple(name for name, kind in claims.items() if kind is ClaimKind.HOLDS)
    return Verdict(contact, tuple(withheld), claimed), claims


def _decide_unsent(
    claimant: Claimant, wants: Mapping[str, str], before: Mapping[str, ClaimKind], holder: Mapping[str, Holder]
) -> tuple[Verdict, dict[str, ClaimKind]]:
    """Return the verdict of a row that is not sent: it waits, and retains what the CRM still has on its contact."""
    claims = {
        name: ClaimKind.RETAINS
        for name, kind in before.items()
        if kind is ClaimKind.RETAINS or (kind is ClaimKind.HOLDS and name in claimant.in_crm)
    }
    if claimant.contact is None or not wants:
        return Verdict(None), claims
    first = next(iter(wants))
    claims[wants[first]] = ClaimKind.WAITS
    found = holder.get(wants[first], Holder(claimant.row_id, claimant.source_key))
    return Verdict(None, (_shared(first, found),)), claims


def _shared(name: str, holder: Holder) -> Reason:
    detail = f"Key {holder.source_key} holds it."
    if holder.retains:
        detail = f"The contact of key {holder.source_key} still has it."
    return reason(name, "identity_shared", detail)


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
