"""The key that a sync's e-mails and phones are hashed with, kept by Airflow's Fernet key."""

from __future__ import annotations

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.hooks.secrecy import can_encrypt, decrypt, encrypt
from leadway_provider.printable import printable_log
from leadway_provider.store.state import StateStore
from leadway_provider.sync.identities import UNKEYED, IdentityHasher
from leadway_provider.sync.request import SyncIdentity

log = printable_log(__name__)


def identity_hasher(state: StateStore, sync: SyncIdentity, *, keeps: bool = True) -> IdentityHasher:
    """Return what hashes a sync's e-mails and phones; one that has no key is logged.

    The caller must hold the sync's lease.

    Args:
        state: the state store.
        sync: the sync.
        keeps: whether what is hashed is kept; not in a copy of the state, whose owner needs no advice on that.

    Raises:
        ConfigurationError: the sync's key can't be decrypted.
        StateUnavailableError: the database can't be reached, is locked or can't be written.
    """
    if not can_encrypt():
        if state.has_identity_key(sync):
            raise ConfigurationError(
                f"The e-mails and phones of sync {sync.name!r} are hashed with a key that Airflow's Fernet key "
                "encrypts, and Airflow has no usable key here: set [core] fernet_key to the one that it had, here and "
                "on every worker. If it is lost, `leadway state reset` lets the sync begin anew."
            )
        if keeps:
            log.warning(
                "Airflow has no Fernet key, so the state store keeps hashes of e-mails and phones without a key, which "
                "can be found by trying. Set [core] fernet_key, and then let sync %s begin anew with "
                "`leadway state reset`.",
                sync.name,
            )
        return UNKEYED
    if (key := state.identity_key(sync, encrypt, decrypt)) is not None:
        return IdentityHasher(key)
    if keeps:
        log.warning(
            "Sync %s began without a Fernet key, so the state store has hashes of e-mails and phones without a key, "
            "which can be found by trying. `leadway state reset` lets it begin anew with one.",
            sync.name,
        )
    return UNKEYED
