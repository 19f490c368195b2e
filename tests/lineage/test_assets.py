"""The contacts as an asset, and lineage where its parts are absent."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from airflow.providers_manager import ProvidersManager
from airflow.sdk import Asset

from leadway_provider.api.settings import DEFAULT_HOST
from leadway_provider.lineage.assets import convert_asset_to_openlineage, create_asset, is_contacts
from leadway_provider.operators.lineage import settle_assets


def test_airflow_knows_the_scheme() -> None:
    """Handler, factory and converter are found through the provider's info."""
    known = ProvidersManager()  # type: ignore[no-untyped-call]  # Airflow has no types there
    assert "leadway" in known.asset_uri_handlers
    assert known.asset_factories["leadway"](location_id="abc").uri == "leadway://abc/contacts"
    assert "leadway" in known.asset_to_openlineage_converters


def test_a_location_keeps_its_case() -> None:
    """Ids of accounts tell capitals from small letters."""
    assert create_asset("ve9EPM428h8vShlRW1KT").uri == "leadway://ve9EPM428h8vShlRW1KT/contacts"


@pytest.mark.parametrize("uri", ["leadway://abc", "leadway:///contacts", "leadway://abc/opportunities"])
def test_another_uri_is_an_error_while_the_dag_is_parsed(uri: str) -> None:
    """It says how an asset is written."""
    with pytest.raises(ValueError, match="leadway://<location id>/contacts"):
        Asset(uri=uri)


def test_an_asset_becomes_the_dataset_that_the_operator_writes() -> None:
    """Under the API's public host, unless a hook that reports it knows another."""
    public = convert_asset_to_openlineage(create_asset("abc"), None)
    assert (public.namespace, public.name) == (DEFAULT_HOST, "abc.contacts")
    hook = SimpleNamespace(settings=SimpleNamespace(base_url="https://proxy.example.com:8443/leadway"))
    assert convert_asset_to_openlineage(create_asset("abc"), hook).namespace == "https://proxy.example.com:8443"


def test_other_outlets_are_no_contacts() -> None:
    """By URI, of an Asset or of a reference to one."""
    assert is_contacts(create_asset("abc"))
    assert is_contacts(Asset.ref(uri="leadway://abc/contacts"))
    assert not is_contacts(Asset("file:///leadway"))
    assert not is_contacts(Asset.ref(name="leadway"))


class OneEvent:
    """What Airflow keeps for the events of a task's outlets; Airflow 3.1 can't use an Asset as a dict's key."""

    def __init__(self) -> None:
        self.extra: dict[str, object] = {}

    def __getitem__(self, outlet: object) -> Self:
        assert is_contacts(outlet)
        return self


@pytest.mark.parametrize("count", ["created", "updated", "unknown", "removed", "unchanged", "unremoved"])
def test_an_event_needs_a_contact_that_changed(count: str) -> None:
    """Removal changes contacts too."""
    asset = create_asset("abc")
    task: Any = SimpleNamespace(outlets=[asset], inlets=[], record=None, only_plan=False, emit_unchanged=False)
    events = OneEvent()
    report = dict.fromkeys(("created", "updated", "unknown", "removed", "unchanged", "unremoved"), 0) | {count: 1}
    settle_assets(task, cast("Any", {"outlet_events": events}), report)
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


def test_without_openlineage_nothing_is_told_and_nothing_fails() -> None:
    """In a process where neither it nor the parser can be imported."""
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, capture_output=True, text=True)
