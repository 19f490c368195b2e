"""Who may send which e-mail and phone, for the rows of one batch: their stored claims are read, and settled anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.policies import ContactRules
from leadway_provider.sync.claims import Claimant, Settlement, settle, share
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.ports import ClaimStore


def settled_batch(
    claims: ClaimStore,
    contacts: Mapping[str, Contact | Rejection],
    ids: Mapping[str, int],
    added: Collection[int],
    *,
    rules: ContactRules,
    hasher: IdentityHasher,
) -> Settlement:
    """Decide what each row may send, in the order in which it must be sent; nothing is stored.

    Args:
        claims: the claims that are stored.
        contacts: the contact of each row, or why it has none, by the row's key, in the source's order.
        ids: the row id of each key.
        added: the rows, by id, that the state store had not: they claim nothing yet.
        rules: which identities a row has, and what becomes of a shared one.
        hasher: hashes e-mails and phones.

    Raises:
        StateUnavailableError: the claims can't be read.
    """
    known = [row_id for row_id in ids.values() if row_id not in added]
    in_crm = claims.in_crm(known)
    claimants = [
        Claimant(ids[key], key, found if isinstance(found, Contact) else None, in_crm.get(ids[key], frozenset()))
        for key, found in contacts.items()
    ]
    identity, own = rules.identity, claims.claims_of(known)
    if rules.on_shared_identity == "send":
        return share(claimants, identity=identity, own=own, hasher=hasher)
    return settle(claimants, identity=identity, own=own, find_holders=claims.holders, hasher=hasher)
