"""Airflow's services for secrets: masking them in logs, and encrypting them with its Fernet key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException

from leadway_provider.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.models.crypto import FernetProtocol


def mask(*secrets: Any) -> None:
    """Show asterisks for these secrets in Airflow's logs; in a mapping, for the values whose names mean secrets."""
    from airflow.sdk.log import mask_secret  # noqa: PLC0415 - a DAG file does not need it

    for secret in filter(None, secrets):
        mask_secret(secret)


def encrypt(secret: str) -> str:
    """Return the secret, encrypted with Airflow's Fernet key.

    Raises:
        ConfigurationError: Airflow has no usable key.
    """
    return _fernet().encrypt(secret.encode()).decode()


def can_encrypt() -> bool:
    """Return whether Airflow has a usable Fernet key."""
    try:
        _fernet()
    except ConfigurationError:
        return False
    return True


def decrypt(text: str) -> str:
    """Return the secret that `encrypt` was given, if its key is still among Airflow's Fernet keys.

    Raises:
        ConfigurationError: Airflow has no usable key, or the text was encrypted with another one.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - few connections need it

    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(
            "Airflow's fernet_key can't decrypt a secret in the state store: it was encrypted with another key. Put "
            "that key after the new one in [core] fernet_key, separated by a comma, on every worker. If it is lost, "
            "OAuth tokens need the app to be connected to the account again and the new refresh token in the "
            "connection; a sync whose e-mails and phones were hashed needs `leadway state reset`."
        ) from None


def _fernet() -> FernetProtocol:
    try:
        from airflow.sdk.crypto import get_fernet  # noqa: PLC0415 - for tasks since Airflow 3.2
    except ImportError:
        from airflow.models.crypto import get_fernet  # noqa: PLC0415 - the same in Airflow 3.1
    try:
        fernet = get_fernet()
    except AirflowException:
        fernet = None  # the setting is not a key; the error below does not repeat it
    if fernet is None or not fernet.is_encrypted:
        raise ConfigurationError(
            "OAuth tokens are stored encrypted only, and Airflow has no usable key: set [core] fernet_key, the same on "
            "every worker."
        )
    return fernet
