"""The contacts of an account as an Airflow asset, `leadway://<location id>/contacts`.

The provider's info names these functions, so that Airflow finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.sdk import Asset

SCHEME: Final = "leadway"


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return the URI without query and fragment. Airflow calls this when it parses a DAG.

    Raises:
        ValueError: the URI doesn't name an account's contacts.
    """
    if not uri.netloc or uri.path != "/contacts":
        raise ValueError(
            f"{uri.geturl()!r} is not an asset of Leadway: write its URI as {SCHEME}://<location id>/contacts."
        )
    return uri._replace(query="", fragment="")


def create_asset(location_id: str, extra: Mapping[str, Any] | None = None) -> Asset:
    """Return the asset of an account's contacts.

    Args:
        location_id: the account.
        extra: what the asset carries as its own `extra`.
    """
    from airflow.providers.common.compat.sdk import Asset  # noqa: PLC0415 - Airflow loads this module while it parses

    return Asset(uri=f"{SCHEME}://{location_id}/contacts", extra=dict(extra or {}))


def convert_asset_to_openlineage(asset: Asset, lineage_context: object) -> Dataset:  # noqa: ARG001 - Airflow's interface
    """Return the OpenLineage dataset of an asset of this scheme."""
    from airflow.providers.common.compat.openlineage.facet import Dataset  # noqa: PLC0415 - only beside OpenLineage

    from leadway_provider.lineage.run import contacts_dataset  # noqa: PLC0415 - a DAG file needs no pydantic

    namespace, name = contacts_dataset(urlsplit(asset.uri).netloc)
    return Dataset(namespace=namespace, name=name)


def is_contacts(outlet: object) -> bool:
    """Return True if an outlet is an account's contacts.

    Args:
        outlet: an Asset, a reference to one by URI, or anything else.
    """
    return str(getattr(outlet, "uri", "")).startswith(f"{SCHEME}://")
