"""The contacts as an asset, and a process without the optional packages."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from airflow.providers_manager import ProvidersManager
from airflow.sdk import Asset

from leadway_provider.lineage.assets import convert_asset_to_openlineage, create_asset, is_contacts
from leadway_provider.lineage.run import contacts_dataset
from leadway_provider.operators.lineage import report_to_assets
from leadway_provider.sync.request import SyncRequest


def test_airflow_finds_the_scheme() -> None:
    """Handler, factory and converter are found through the provider's info."""
    known = ProvidersManager()  # type: ignore[no-untyped-call]  # Airflow has no types there
    assert "leadway" in known.asset_uri_handlers
    assert known.asset_factories["leadway"](location_id="abc").uri == "leadway://abc/contacts"
    assert "leadway" in known.asset_to_openlineage_converters


def test_a_location_keeps_its_case() -> None:
    """Upper and lower case make a difference in the ids of accounts."""
    assert create_asset("ve9EPM428h8vShlRW1KT").uri == "leadway://ve9EPM428h8vShlRW1KT/contacts"


@pytest.mark.parametrize("uri", ["leadway://abc", "leadway:///contacts", "leadway://abc/opportunities"])
def test_another_uri_is_an_error_while_the_dag_is_parsed(uri: str) -> None:
    """The error says how an asset is written."""
    with pytest.raises(ValueError, match="leadway://<location id>/contacts"):
        Asset(uri=uri)


def test_an_asset_and_its_dataset_are_one_thing() -> None:
    """Namespace and name together are the asset's URI, whoever reports it and whatever the API's host is."""
    asset = create_asset("ve9EPM428h8vShlRW1KT")
    for reporter in (
        None,
        SimpleNamespace(settings=SimpleNamespace(base_url="https://proxy.example.com:8443/leadway")),
    ):
        dataset = convert_asset_to_openlineage(asset, reporter)
        assert f"{dataset.namespace}/{dataset.name}" == asset.uri
    assert contacts_dataset("ve9EPM428h8vShlRW1KT").uri == asset.uri


def test_other_outlets_are_not_contacts() -> None:
    """The URI decides, of an Asset or of a reference to one."""
    assert is_contacts(create_asset("abc"))
    assert is_contacts(Asset.ref(uri="leadway://abc/contacts"))
    assert not is_contacts(Asset("file:///leadway"))
    assert not is_contacts(Asset.ref(name="leadway"))


class OneEvent:
    """Airflow's object for the events of outlets. It is not a dict, because an Asset can't be a key in Airflow 3.1."""

    def __init__(self) -> None:
        self.extra: dict[str, object] = {}

    def __getitem__(self, outlet: object) -> Self:
        assert is_contacts(outlet)
        return self


@pytest.mark.parametrize("count", ["created", "updated", "unknown", "removed", "unchanged", "unremoved"])
def test_an_event_needs_a_contact_that_changed(count: str) -> None:
    """A contact that was created, updated or removed makes an event, and so does one that may have been."""
    asset = create_asset("abc")
    task: Any = SimpleNamespace(outlets=[asset], inlets=[])
    request = SyncRequest(task_id="sync", default_name="dag.sync", sql="SELECT 1", sql_conn_id="none", key="id")
    events = OneEvent()
    report = dict.fromkeys(("created", "updated", "unknown", "removed", "unchanged", "unremoved"), 0) | {count: 1}
    report_to_assets(task, request, None, cast("Any", {"outlet_events": events}), report)
    assert bool(task.outlets) == bool(events.extra) == (count not in ("unchanged", "unremoved"))


WITHOUT = """
import sys
for name in ("openlineage", "airflow.providers.openlineage.extractors", "sqlglot"):
    sys.modules[name] = None
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
task = LeadwayUpsertContactsOperator(task_id="sync", sql="SELECT 1", sql_conn_id="none", key="id")
assert task.get_openlineage_facets_on_start() is None
assert task.get_openlineage_facets_on_failure(None) is None
assert not [name for name in sys.modules if name.startswith("sqlglot.")]
"""


def test_without_openlineage_there_are_no_events_and_no_errors() -> None:
    """The operator works in a process where neither OpenLineage nor the parser can be imported."""
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, capture_output=True, text=True)
