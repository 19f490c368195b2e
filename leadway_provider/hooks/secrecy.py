"""What Airflow does for secrets: it masks them in logs, and encrypts them with its Fernet key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException

from leadway_provider.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.models.crypto import FernetProtocol


def mask(*secrets: Any) -> None:
    """Let Airflow's logs show asterisks for these from now on; of a mapping, for what its names say is secret."""
    try:
        from airflow.sdk.log import mask_secret  # noqa: PLC0415 - Airflow 3.1 and later have it here
    except ImportError:
        from airflow.sdk.execution_time.secrets_masker import (  # type: ignore[no-redef]  # noqa: PLC0415 - Airflow 3.0
            mask_secret,
        )
    for secret in filter(None, secrets):
        mask_secret(secret)


def encrypt(secret: str) -> str:
    """Encrypt with Airflow's Fernet key.

    Raises:
        ConfigurationError: there is no key.
    """
    return _fernet().encrypt(secret.encode()).decode()


def decrypt(text: str) -> str:
    """Decrypt what `encrypt` made, under the key it was made with or one that followed it.

    Raises:
        ConfigurationError: there is no key, or the text was made with another one.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - few connections need it

    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(
            "Airflow's fernet_key can't decrypt the OAuth tokens in the state store: they were encrypted with another "
            "one. Put that key behind the new one in [core] fernet_key, separated by a comma, on every worker; or "
            "connect the app to the account again and put the new refresh token into the connection."
        ) from None


def _fernet() -> FernetProtocol:
    try:
        from airflow.sdk.crypto import get_fernet  # noqa: PLC0415 - where tasks find it since Airflow 3.2
    except ImportError:
        from airflow.models.crypto import get_fernet  # noqa: PLC0415 - the same in Airflow 3.0 and 3.1
    try:
        fernet = get_fernet()
    except AirflowException:
        fernet = None  # what is set there is no key; it isn't repeated
    if fernet is None or not fernet.is_encrypted:
        raise ConfigurationError(
            "OAuth tokens are kept encrypted only, and Airflow has no usable key: set [core] fernet_key, the same on "
            "every worker."
        )
    return fernet
