"""The provider's info satisfies Airflow's own schemas and matches the package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import airflow
import jsonschema  # type: ignore[import-untyped]  # comes with Airflow, its types don't

import leadway_provider
from leadway_provider.hooks import configuration
from leadway_provider.hooks.leadway import LeadwayHook
from tests.airflow_version import VERSION

AIRFLOW = Path(airflow.__path__[0])


def airflow_schema(name: str) -> dict[str, Any]:
    """Return a JSON schema of Airflow."""
    schema: dict[str, Any] = json.loads((AIRFLOW / name).read_text())
    return schema


def test_the_info_satisfies_the_schema_that_airflow_checks_at_runtime() -> None:
    """Airflow refuses to start with a provider whose info violates this schema."""
    jsonschema.validate(leadway_provider.get_provider_info(), airflow_schema("provider_info.schema.json"))


def test_every_section_satisfies_the_stricter_schema_of_airflows_own_providers() -> None:
    """This schema rejects unknown keys, which the run-time schema accepts; Airflow 3.1 knows no commands."""
    sections = airflow_schema("provider.yaml.schema.json")
    info = leadway_provider.get_provider_info()
    if VERSION < (3, 2):
        del info["cli"]
    for name, value in info.items():
        jsonschema.validate(value, {**sections["properties"][name], "definitions": sections.get("definitions", {})})


def test_the_entry_point_leads_to_the_info_of_the_installed_distribution() -> None:
    """Airflow finds the info by its entry point and requires that it names the distribution."""
    distribution = importlib.metadata.distribution("leadway-provider")
    (entry_point,) = distribution.entry_points.select(group="apache_airflow_provider")
    info = entry_point.load()()
    assert info["package-name"] == distribution.metadata["Name"]
    assert info["versions"] == [leadway_provider.__version__]


def test_every_module_that_is_listed_exists() -> None:
    """A listed module that does not exist breaks `airflow providers`."""
    info = leadway_provider.get_provider_info()
    modules = [
        module
        for section in ("operators", "hooks", "triggers")
        for entry in info[section]
        for module in entry["python-modules"]
    ]
    assert modules
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_every_class_that_is_listed_exists() -> None:
    """A notifier or a decorator that can't be imported breaks `airflow providers`, and every DAG file that uses it."""
    info = leadway_provider.get_provider_info()
    paths = [*info["notifications"], *(each["class-name"] for each in info["task-decorators"])]
    assert len(paths) == 2
    for path in paths:
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_info_and_hook_agree() -> None:
    """The connection type in the info is the hook's, with the same name."""
    declared = leadway_provider.connection_type()
    assert declared["hook-class-name"] == f"{LeadwayHook.__module__}.{LeadwayHook.__qualname__}"
    assert (declared["connection-type"], declared["hook-name"]) == (LeadwayHook.conn_type, LeadwayHook.hook_name)


def test_each_caller_gets_an_info_of_its_own() -> None:
    """Airflow changes the info that it gets, which must not change the info of the next caller."""
    leadway_provider.get_provider_info()["connection-types"][0]["conn-fields"].clear()
    assert leadway_provider.get_provider_info()["connection-types"][0]["conn-fields"]


def test_the_configuration_that_is_declared_is_the_one_that_is_read() -> None:
    """Airflow knows the section, and its defaults are those of the code."""
    section = leadway_provider.get_provider_info()["config"][configuration.SECTION]
    options = {name: option["default"] for name, option in section["options"].items()}
    assert options == {
        "state_conn_id": None,
        "app_url": None,
        "ledger_days": str(configuration.LEDGER_DAYS),
        "max_in_flight": str(configuration.MAX_IN_FLIGHT),
    }
    assert configuration.configured_state_conn_id() is None
    assert configuration.configured_app_url() is None
    assert configuration.configured_ledger_days() == configuration.LEDGER_DAYS


def test_the_files_that_are_named_exist() -> None:
    """Guides and logo are files of the repository."""
    [integration] = leadway_provider.get_provider_info()["integrations"]
    root = Path(__file__).parents[2]
    for path in (*integration["how-to-guide"], integration["logo"]):
        assert (root / path.removeprefix("/")).is_file(), path


def test_every_operator_is_listed() -> None:
    """`airflow providers` and registries show what the info lists."""
    [entry] = leadway_provider.get_provider_info()["operators"]
    folder = Path(leadway_provider.__file__).parent / "operators"
    operator = re.compile(r"^class \w+\((?:\w+, )*BaseOperator\)", re.MULTILINE)
    written = {path.stem for path in folder.glob("*.py") if operator.search(path.read_text(encoding="utf-8"))}
    assert sorted(entry["python-modules"]) == sorted(f"leadway_provider.operators.{name}" for name in written)


def test_the_plugin_is_that_of_the_entry_point() -> None:
    """Airflow loads it by the entry point, and passes over a second plugin of that name."""
    [listed] = leadway_provider.get_provider_info()["plugins"]
    (entry_point,) = importlib.metadata.distribution("leadway-provider").entry_points.select(group="airflow.plugins")
    assert entry_point.value.replace(":", ".") == listed["plugin-class"]
    assert entry_point.load().name == listed["name"]


def test_every_guide_and_logo_that_is_listed_exists() -> None:
    """They are paths in the repository."""
    [integration] = leadway_provider.get_provider_info()["integrations"]
    paths = [*integration["how-to-guide"], integration["logo"]]
    assert [
        path for path in paths if not (Path(leadway_provider.__file__).parents[1] / path.lstrip("/")).is_file()
    ] == []
