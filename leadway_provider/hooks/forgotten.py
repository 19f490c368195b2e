"""The source keys that a sync leaves alone, recognised by hashes whose key Airflow's Fernet key encrypts."""

from __future__ import annotations

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.hooks.secrecy import can_encrypt, decrypt, encrypt
from leadway_provider.store.state import StateStore
from leadway_provider.sync.forgotten import ForgottenKeys, KeyHasher
from leadway_provider.sync.request import SyncIdentity


def forgotten_keys(state: StateStore, sync: SyncIdentity) -> ForgottenKeys:
    """Return the keys that a sync leaves alone; a sync that has forgotten none needs no Fernet key for this.

    Raises:
        ConfigurationError: the key of the hashes can't be decrypted, so forgotten persons would be sent again.
        StateUnavailableError: the database can't be reached, is locked or can't be written.
    """
    hashes = state.forgotten().hashes(sync)
    return ForgottenKeys(key_hasher(state, sync.name, sync.host), hashes) if hashes else ForgottenKeys()


def key_hasher(state: StateStore, sync_name: str, host: str) -> KeyHasher:
    """Return what hashes the source keys of a sync; the key of the hashes is made where there is none.

    Raises:
        ConfigurationError: Airflow has no usable Fernet key, or not the one that the key was encrypted with.
        StateUnavailableError: the database can't be reached, is locked or can't be written.
    """
    if can_encrypt():
        try:
            return KeyHasher(state.forgotten_secret(encrypt, decrypt), sync_name, host)
        except ConfigurationError:
            pass
    raise ConfigurationError(
        f"The keys that sync {sync_name!r} has to leave alone, because their persons were forgotten, are hashed with a "
        "key that Airflow's Fernet key encrypts, and Airflow has no usable key: set [core] fernet_key, on every "
        "worker, to the one that it had. If it is lost, `leadway state forget-sync` lets the sync begin anew; then "
        "forget these persons again before its first run."
    )
