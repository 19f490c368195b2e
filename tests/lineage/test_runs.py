"""What real DAG runs tell OpenLineage and the DAGs that follow an asset."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from tests.lineage.conftest import Airflow
from tests.lineage.facets import rebuild

ANN = (700000001, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "Liechtenstein")
BOB = (700000002, "bob.zabriskie@example.com", "Zabriskie", "+12025550102", "Liechtenstein")
EVE = (700000003, "eve.montague@example.com", "Montague", None, None)
NAT = (700000004, "nat.windermere at example", "Windermere", None, None)
CONTACTS = "leadway://sandbox-location/contacts"
REPORTS = "file:///reports/customers"
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "lineage.md"
OUTCOMES = ("unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown", "pending")


@pytest.fixture(autouse=True)
def empty(airflow: Airflow) -> Iterator[None]:
    """Every test has its own rows, and no row is known from before."""
    yield
    airflow.execute("DELETE FROM customers")
    airflow.execute("DELETE FROM orders")
    airflow.sandbox.faults.clear()
    (airflow.folder / "state.db").unlink(missing_ok=True)


def fill(airflow: Airflow, *rows: tuple[object, ...]) -> None:
    """Let these be among the customers."""
    airflow.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", rows)


def edges(event: dict[str, Any]) -> dict[str, set[str]]:
    """Field by field, what feeds it; where no column does, the transformation's type."""
    [output] = event["outputs"]
    found = {}
    for name, field in output["facets"]["columnLineage"]["fields"].items():
        inputs = {f"{each['name']}.{each['field']}" for each in field["inputFields"]}
        found[name] = inputs or {field["transformationType"]}
    return found


def test_a_sync_tells_its_inputs_its_output_and_the_columns_between(airflow: Airflow) -> None:
    """The event of a finished run has the tables, the contacts, each field's columns, the query and the numbers."""
    fill(airflow, ANN, BOB)
    report = airflow.run("plain")["assets"][CONTACTS]
    event = airflow.last("plain.sync", "COMPLETE")
    source = f"sqlite://{airflow.folder / 'warehouse.db'}"
    assert [(each["namespace"], each["name"]) for each in event["inputs"]] == [
        (source, "customers"),
        (source, "orders"),
    ]
    [output] = event["outputs"]
    assert (output["namespace"], output["name"]) == (airflow.sandbox.url, "sandbox-location.contacts")
    assert edges(event) == {
        "email": {"customers.email"},
        "first_name": {"customers.first_name"},
        "phone": {"customers.phone"},
        "country": {"customers.country"},
        "source": {"CONSTANT"},
        "custom.Lifetime Value": {"orders.total"},
        "tags": {"CONSTANT"},
    }
    fields = {each["name"]: each["type"] for each in output["facets"]["schema"]["fields"]}
    assert fields["custom.Lifetime Value"] == "MONETORY"
    assert set(fields) == set(edges(event))
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert event["job"]["facets"]["sql"]["query"].strip().startswith("SELECT c.id, lower(c.email)")
    told = event["run"]["facets"]["leadwaySync"]
    assert told["counts"] | {"calls": told["calls"], "seconds": told["seconds"], "run_id": told["runId"]} == report
    assert told["dailyQuotaRemaining"] == 200_000 - len(airflow.sandbox.journal.calls)
    assert {each["name"] for each in told["columns"] if "feeds" not in each} == {"id"}
    assert told["constants"] == ["tags"]


def test_a_run_tells_of_its_columns_before_it_starts(airflow: Airflow) -> None:
    """The first event knows tables, contacts and columns from the query and the connections alone."""
    fill(airflow, ANN)
    airflow.run("plain")
    event = airflow.last("plain.sync", "START")
    assert [each["name"] for each in event["inputs"]] == ["customers", "orders"]
    assert event["outputs"][0]["name"] == "sandbox-location.contacts"
    assert edges(event) == edges(airflow.last("plain.sync", "COMPLETE"))
    assert event["run"]["facets"]["leadwaySync"]["counts"] == {}


def test_a_column_whose_table_is_not_told_comes_from_the_result(airflow: Airflow) -> None:
    """Lineage from the result's columns to the fields remains, and the event says why."""
    fill(airflow, ANN)
    airflow.run("vague")
    event = airflow.last("vague.sync", "COMPLETE")
    assert [each["name"] for each in event["inputs"]] == ["customers", "orders", "vague.sync.query"]
    assert edges(event)["email"] == {"vague.sync.query.email"}
    assert (
        "several tables"
        in event["outputs"][0]["facets"]["columnLineage"]["fields"]["email"]["transformationDescription"]
    )
    assert "several tables" in event["run"]["facets"]["leadwaySync"]["columns"][0]["problem"]


def test_a_run_that_fails_half_way_still_tells_inputs_outputs_and_counts(airflow: Airflow) -> None:
    """One contact was created before the token was refused; the failure's event says so."""
    fill(airflow, ANN, BOB)
    airflow.sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob.zabriskie@example.com"))
    answer = airflow.run("plain")
    assert (answer["state"], answer["assets"]) == ("failed", {})
    event = airflow.last("plain.sync", "FAIL")
    assert [each["name"] for each in event["inputs"]] == ["customers", "orders"]
    assert edges(event)["email"] == {"customers.email"}
    counts = event["run"]["facets"]["leadwaySync"]["counts"]
    assert {name: counts[name] for name in OUTCOMES if counts[name]} == {"updated": 1, "pending": 1}
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 1
    assert "leadway_default" in event["run"]["facets"]["errorMessage"]["message"]


def test_a_query_that_the_source_refuses_still_tells_its_tables(airflow: Airflow) -> None:
    """What is known before the query runs is told when it fails."""
    assert airflow.run("broken")["state"] == "failed"
    event = airflow.last("broken.sync", "FAIL")
    assert [each["name"] for each in event["inputs"]] == ["customers"]
    assert edges(event) == {"email": {"customers.email"}, "tags": {"CONSTANT"}}


def test_the_contacts_asset_has_an_event_only_where_something_changed(airflow: Airflow) -> None:
    """A changing sync makes an event with its counts and lets the follower run; one without changes makes none."""
    fill(airflow, EVE)
    changed = airflow.run("plain")
    assert changed["assets"][CONTACTS]["read"] == 1
    assert changed["follows"] == ["follower"]
    unchanged = airflow.run("plain")
    assert (unchanged["state"], unchanged["assets"], unchanged["follows"]) == ("success", {REPORTS: {}}, [])


def test_emit_unchanged_makes_an_event_every_time(airflow: Airflow) -> None:
    """With emit_unchanged the second sync, which changed nothing, has its event too."""
    fill(airflow, EVE)
    airflow.run("always")
    again = airflow.run("always")
    assert again["assets"][CONTACTS]["unchanged"] == 1
    assert again["follows"] == ["follower"]


def test_a_dry_run_makes_no_event_whatever_is_asked(airflow: Airflow) -> None:
    """It has touched no contact."""
    fill(airflow, EVE)
    assert airflow.run("dry")["assets"] == {REPORTS: {}}


def test_too_many_rejected_rows_make_no_event(airflow: Airflow) -> None:
    """The threshold comes first: the contacts were delivered, but nothing may follow a sync that failed."""
    fill(airflow, ANN, NAT)
    answer = airflow.run("plain")
    assert (answer["state"], answer["assets"], answer["follows"]) == ("failed", {}, [])
    counts = airflow.last("plain.sync", "FAIL")["run"]["facets"]["leadwaySync"]["counts"]
    assert (counts["read"], counts["invalid"], counts["pending"]) == (2, 1, 0)


def test_the_tasks_inlets_are_its_source_tables(airflow: Airflow) -> None:
    """Whoever listens to the task finds the query's tables among its inlets."""
    fill(airflow, EVE)
    airflow.run("plain")
    tables = [uri.rpartition("/")[2] for uri in (airflow.folder / "inlets").read_text(encoding="utf-8").split()]
    assert tables == ["customers", "orders"]


def test_a_plain_task_with_the_hook_tells_the_contacts(airflow: Airflow) -> None:
    """What the hook writes is an output of the task, under the API's own host."""
    airflow.run("hooked")
    event = airflow.last("hooked.upsert", "COMPLETE")
    assert [(each["namespace"], each["name"]) for each in event["outputs"]] == [
        (airflow.sandbox.url, "sandbox-location.contacts")
    ]


def test_events_are_what_the_client_and_the_documented_schema_take(airflow: Airflow) -> None:
    """Every event can be made of the client's own classes, and the project's facet fits its schema in docs/."""
    fill(airflow, ANN, NAT)
    for dag_id in ("plain", "vague", "broken"):
        airflow.run(dag_id)
    schema = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)[0])
    events = [event for event in airflow.events() if event["job"]["name"].endswith(".sync")]
    assert events
    for event in events:
        facet = event["run"]["facets"]["leadwaySync"]
        jsonschema.validate(facet, schema, jsonschema.Draft202012Validator)
        assert facet["_schemaURL"] == schema["$id"]
        assert rebuild(event).job.name == event["job"]["name"]


def test_no_event_and_no_log_holds_a_contacts_data(airflow: Airflow) -> None:
    """Of everything in the source only the key of a rejected row may appear, in the error that names it."""
    fill(airflow, ANN, BOB, EVE, NAT)
    airflow.sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob.zabriskie@example.com"))
    for dag_id in ("plain", "always", "vague"):
        airflow.run(dag_id)
    told = (airflow.folder / "events").read_text(encoding="utf-8")
    assert told.count("leadwaySync") >= 6
    logged = (airflow.folder / "log").read_text(encoding="utf-8")
    assert "leadway.run" in logged
    for value in (str(value) for row in (ANN, BOB, EVE, NAT) for value in row[1:] if value):
        assert value not in told
        assert value not in logged
