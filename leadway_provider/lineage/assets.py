"""The contacts of an account as an Airflow asset, `leadway://<location id>/contacts`; named in the provider's info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.sdk import Asset

SCHEME: Final = "leadway"
_API: Final = "https://services.leadconnectorhq.com"


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check a URI while a DAG is parsed.

    Raises:
        ValueError: it doesn't name an account's contacts.
    """
    if not uri.netloc or uri.path != "/contacts":
        raise ValueError(f"An asset of Leadway is written {SCHEME}://<location id>/contacts, which this is not.")
    return uri._replace(query="", fragment="")


def create_asset(location_id: str, extra: Mapping[str, Any] | None = None) -> Asset:
    """The asset of an account's contacts."""
    from airflow.providers.common.compat.sdk import Asset  # noqa: PLC0415 - Airflow loads this module while it parses

    return Asset(uri=f"{SCHEME}://{location_id}/contacts", extra=dict(extra or {}))


def convert_asset_to_openlineage(asset: Asset, lineage_context: object) -> Dataset:
    """The dataset that the asset is.

    Args:
        asset: an asset of this scheme.
        lineage_context: who reported it; a LeadwayHook knows the API's host, otherwise it is the public one.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset  # noqa: PLC0415 - only beside OpenLineage

    from leadway_provider.lineage.run import contacts_dataset  # noqa: PLC0415 - a DAG file needs no pydantic

    host = getattr(getattr(lineage_context, "settings", None), "base_url", _API)
    namespace, name = contacts_dataset(host, urlsplit(asset.uri).netloc)
    return Dataset(namespace=namespace, name=name)


def is_contacts(outlet: object) -> bool:
    """Whether an outlet, an Asset or a reference to one by URI, is an account's contacts."""
    return str(getattr(outlet, "uri", "")).startswith(f"{SCHEME}://")
