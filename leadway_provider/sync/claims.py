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
from types import MappingProxyType
from typing import Final, NamedTuple

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.reasons import reason
from leadway_provider.sync.identities import UNKEYED, IdentityHasher


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


class Claim(NamedTuple):
    """A row's claim on an identity. One row at most holds or retains it; any number of rows wait."""

    identity: str
    row_id: int
    kind: ClaimKind


class Holder(NamedTuple):
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


class Claimant(NamedTuple):
    """A changed row with the contact it would become; None where it can't be one.

    Attributes:
        in_crm: the hashes of the identities that the CRM has, or may have, on the row's contact.
    """

    row_id: int
    source_key: str
    contact: Contact | None
    in_crm: frozenset[str] = frozenset()


class Verdict(NamedTuple):
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


_NONE: Final[Mapping[str, ClaimKind]] = MappingProxyType({})
"""The claims of a row that has none."""


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
        for name, was in before.items():
            if name not in after:
                self.dropped.append(Claim(name, row_id, was))
        for name, now in after.items():
            if before.get(name) is not now:
                self.changed.append(Claim(name, row_id, now))


def _wanted(contact: Contact | None, identity: Sequence[str], hasher: IdentityHasher) -> dict[str, str]:
    """Return the hashes of a contact's identities by field, in the order in which the account matches them."""
    if contact is None:
        return {}
    fields = contact.fields
    return {name: hasher.hash(name, value) for name in identity if isinstance(value := fields.get(name), str)}


def _by_row(claims: Iterable[Claim]) -> dict[int, dict[str, ClaimKind]]:
    """Return the claims of each row that has any, by identity."""
    found: dict[int, dict[str, ClaimKind]] = {}
    for claim in claims:
        found.setdefault(claim.row_id, {})[claim.identity] = claim.kind
    return found


def settle(
    claimants: Sequence[Claimant],
    *,
    identity: Sequence[str],
    own: Iterable[Claim],
    find_holders: Callable[[Collection[str]], Mapping[str, Holder]],
    hasher: IdentityHasher = UNKEYED,
) -> Settlement:
    """Decide who holds which identity, among a batch of changed rows and the rows that hold identities already.

    Args:
        claimants: the rows, in the source's order.
        identity: the fields that the account matches by, in its order.
        own: the claims that these rows have until now.
        find_holders: returns who holds or retains each of these identities, which are all that any row wants.
        hasher: hashes the sync's e-mails and phones.
    """
    before = _by_row(own)
    wants = {claimant.row_id: _wanted(claimant.contact, identity, hasher) for claimant in claimants}
    holders = find_holders({name for wanted in wants.values() for name in wanted.values()})
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
                    kept[name] = found._replace(retains=True)
            elif name not in given_up.get(found.row_id, ()):
                kept[name] = found
        decided = {
            claimant.row_id: _decide(claimant, wants[claimant.row_id], before.get(claimant.row_id, _NONE), kept)
            if claimant.row_id in sent
            else _decide_unsent(claimant, wants[claimant.row_id], before.get(claimant.row_id, _NONE), kept)
            for claimant in sorted(claimants, key=lambda each: not given_up.get(each.row_id))
        }
        unsent = {row_id for row_id in sent if decided[row_id][0].contact is None}
        if not unsent:
            break
        sent -= unsent
    settlement = Settlement()
    for row_id, (verdict, after) in decided.items():
        if gave := given_up.get(row_id):
            verdict = verdict._replace(given_up=gave)  # noqa: PLW2901 - most rows give nothing up
        settlement.add(row_id, verdict, before.get(row_id, _NONE), after)
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
    settlement, before = Settlement(), _by_row(own)
    for claimant in claimants:
        row_id, contact, had = claimant.row_id, claimant.contact, before.get(claimant.row_id, _NONE)
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
    return Verdict(contact, (), tuple(claims)), claims


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
