"""The connection form as Airflow's UI receives it, in any supported version."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

import leadway_provider
from leadway_provider.hooks.leadway import LeadwayHook
from tests.airflow_version import VERSION

FIELDS: dict[str, tuple[list[str], object]] = {
    "location_id": (["string", "null"], None),
    "auth": (["string", "null"], "token"),
    "refresh_token": (["string", "null"], None),
    "company_id": (["string", "null"], None),
    "state_conn_id": (["string", "null"], None),
    "api_version": (["string", "null"], "2021-07-28"),
    "quota_requests": (["integer", "null"], 100),
    "quota_seconds": (["integer", "null"], 10),
    "timeout": (["integer", "null"], 30),
    "verify": (["string", "null"], "true"),
    "proxy": (["string", "null"], None),
}


SCRIPT = """
import json
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.providers_manager import ProvidersManager

(form,) = [form for form in HookMetaService.hook_meta_data() if form.connection_type == "leadway"]
hook = ProvidersManager().hooks["leadway"]
print(json.dumps({"form": form.model_dump(mode="json"), "hook": hook._asdict()}))
"""


@pytest.fixture(scope="module")
def airflow_view() -> dict[str, Any]:
    """Return what Airflow makes of the type `leadway`, in another process, because Airflow replaces wtforms there."""
    process = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    seen: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return seen


@pytest.fixture(scope="module")
def form(airflow_view: dict[str, Any]) -> dict[str, Any]:
    """Return what the UI's connection page receives for the type `leadway`."""
    found: dict[str, Any] = airflow_view["form"]
    return found


def test_airflow_discovers_the_connection_type(airflow_view: dict[str, Any]) -> None:
    """The installed package is enough for Airflow to find the type, its hook and the hook's argument."""
    hook = airflow_view["hook"]
    assert hook["package_name"] == "leadway-provider"
    assert hook["connection_id_attribute_name"] == "leadway_conn_id"
    assert hook["connection_testable"]


def test_the_form_names_the_type_and_the_token(form: dict[str, Any]) -> None:
    """Login and password are labelled with their meaning, and the default host is shown."""
    assert form["hook_name"] == "Leadway CRM"
    assert form["standard_fields"]["login"]["title"] == "Client id (OAuth)"
    assert form["standard_fields"]["password"]["title"] == "Private integration token, or client secret"
    assert form["standard_fields"]["host"]["placeholder"] == "https://services.leadconnectorhq.com"


def test_the_form_hides_the_schema_and_keeps_the_port(form: dict[str, Any]) -> None:
    """Without a port field, Airflow 3.3 refuses to test a stored connection."""
    hidden = [name for name, shown in form["standard_fields"].items() if shown and shown["hidden"]]
    assert hidden == ["url_schema"]


def test_the_form_has_every_field_with_type_and_default(form: dict[str, Any]) -> None:
    """The fields are those of the connection's extra, each with the default for an empty field."""
    fields = form["extra_fields"]
    assert {name: (field["schema"]["type"], field["value"]) for name, field in fields.items()} == FIELDS
    assert all(field["schema"]["title"] and field["description"] for field in fields.values())
    values = fields["auth"]["schema"].get("enum")  # earlier forms consist of widgets, which have no list of values
    assert values == (["token", "oauth", "agency"] if VERSION >= (3, 2) else None)
    assert [name for name in fields if fields[name]["schema"].get("format") == "password"] == ["refresh_token", "proxy"]


def test_the_form_of_the_hook_is_the_declared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3.1 reads the form from the hook, with its replacement for wtforms."""
    wtforms: Any = ModuleType("wtforms")
    for name in ("StringField", "IntegerField", "PasswordField", "BooleanField"):
        setattr(wtforms, name, getattr(HookMetaService, f"Mock{name}"))
    monkeypatch.setitem(sys.modules, "wtforms", wtforms)

    widgets = {name: widget.param.dump() for name, widget in LeadwayHook.get_connection_form_widgets().items()}

    assert {name: (widget["schema"]["type"], widget["value"]) for name, widget in widgets.items()} == FIELDS
    declared = leadway_provider.connection_type()["conn-fields"]
    for name, widget in widgets.items():
        assert widget["schema"]["title"] == declared[name]["label"]
        assert widget["description"] == declared[name]["description"]
        assert widget["schema"].get("format") == declared[name]["schema"].get("format")


def test_the_standard_fields_of_the_hook_are_the_declared_ones() -> None:
    """Airflow 3.1 reads them from the hook too, with Python's names."""
    assert LeadwayHook.get_ui_field_behaviour() == {
        "hidden_fields": ["schema"],
        "relabeling": {"login": "Client id (OAuth)", "password": "Private integration token, or client secret"},
        "placeholders": leadway_provider.connection_type()["ui-field-behaviour"]["placeholders"],
    }
