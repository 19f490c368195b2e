"""What Airflow is told about the package is what Airflow's own schemas ask for, and is true."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from pathlib import Path
from typing import Any

import airflow
import jsonschema  # type: ignore[import-untyped]  # comes with Airflow, its types don't

import leadway_provider
from leadway_provider.hooks.leadway import LeadwayHook

AIRFLOW = Path(airflow.__path__[0])


def airflow_schema(name: str) -> dict[str, Any]:
    """One of the JSON schemas that Airflow ships."""
    schema: dict[str, Any] = json.loads((AIRFLOW / name).read_text())
    return schema


def test_the_info_satisfies_the_schema_that_airflow_checks_at_runtime() -> None:
    """Airflow refuses to start with a provider whose info breaks this schema."""
    jsonschema.validate(leadway_provider.get_provider_info(), airflow_schema("provider_info.schema.json"))


def test_every_section_satisfies_the_stricter_schema_of_airflows_own_providers() -> None:
    """The runtime schema lets unknown words pass; the one for official providers knows them all."""
    sections = airflow_schema("provider.yaml.schema.json")
    for name, value in leadway_provider.get_provider_info().items():
        jsonschema.validate(value, {**sections["properties"][name], "definitions": sections.get("definitions", {})})


def test_the_entry_point_leads_to_the_info_of_the_installed_distribution() -> None:
    """Airflow finds the info by entry point and insists that it names the distribution."""
    distribution = importlib.metadata.distribution("leadway-provider")
    (entry_point,) = distribution.entry_points.select(group="apache_airflow_provider")
    info = entry_point.load()()
    assert info["package-name"] == distribution.metadata["Name"]
    assert info["versions"] == [leadway_provider.__version__]


def test_every_module_that_is_listed_exists() -> None:
    """A listed module that can't be found would break `airflow providers`."""
    info = leadway_provider.get_provider_info()
    modules = [
        module for section in ("operators", "hooks") for entry in info[section] for module in entry["python-modules"]
    ]
    assert modules
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_info_and_hook_agree() -> None:
    """The info's connection type is the hook's, under the name that the hook shows."""
    declared = leadway_provider.connection_type()
    assert declared["hook-class-name"] == f"{LeadwayHook.__module__}.{LeadwayHook.__qualname__}"
    assert (declared["connection-type"], declared["hook-name"]) == (LeadwayHook.conn_type, LeadwayHook.hook_name)


def test_each_caller_gets_an_info_of_its_own() -> None:
    """Airflow edits what it is given; that must not change what the next caller sees."""
    leadway_provider.get_provider_info()["connection-types"][0]["conn-fields"].clear()
    assert leadway_provider.get_provider_info()["connection-types"][0]["conn-fields"]
