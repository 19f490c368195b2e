"""The OpenLineage events and asset events of real DAG runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from airflow.sdk import Asset

from leadway_provider import __version__
from leadway_provider.lineage.facet import PRODUCER
from leadway_provider.sandbox.faults import Fault, FaultKind
from tests.lineage.conftest import Airflow
from tests.lineage.facets import rebuild
from tests.lineage.published import validate

ANN = (700000001, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "Liechtenstein")
BOB = (700000002, "bob.zabriskie@example.com", "Zabriskie", "+12025550102", "Liechtenstein")
EVE = (700000003, "eve.montague@example.com", "Montague", None, None)
NAT = (700000004, "nat.windermere at example", "Windermere", None, None)
CONTACTS = "leadway://sandbox-location/contacts"
REPORTS = "file:///reports/customers"
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")


@pytest.fixture(autouse=True)
def empty(airflow: Airflow) -> Iterator[None]:
    """Empty the warehouse, the state store and the faults after each test."""
    yield
    airflow.execute("DELETE FROM customers")
    airflow.execute("DELETE FROM orders")
    airflow.sandbox.faults.clear()
    (airflow.folder / "state.db").unlink(missing_ok=True)


def fill(airflow: Airflow, *rows: tuple[object, ...]) -> None:
    """Add rows to the customers."""
    airflow.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", rows)


def edges(event: dict[str, Any]) -> dict[str, set[str]]:
    """Return the columns that feed each field, or the transformation's type if there are none."""
    [output] = event["outputs"]
    found = {}
    for name, field in output["facets"]["columnLineage"]["fields"].items():
        inputs = {f"{each['name']}.{each['field']}" for each in field["inputFields"]}
        found[name] = inputs or {field["transformationType"]}
    return found


def test_a_sync_reports_its_inputs_its_output_and_its_columns(airflow: Airflow) -> None:
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
    assert (output["namespace"], output["name"]) == ("leadway://sandbox-location", "contacts")
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
    facet = event["run"]["facets"]["leadwaySync"]
    assert facet["counts"] | {"calls": facet["calls"], "seconds": facet["seconds"], "run_id": facet["runId"]} == report
    assert facet["dailyQuotaRemaining"] == 200_000 - len(airflow.sandbox.journal.calls)
    assert {each["name"] for each in facet["columns"] if "feeds" not in each} == {"id"}
    assert facet["constants"] == ["tags"]


def test_a_run_reports_its_columns_before_it_starts(airflow: Airflow) -> None:
    """The first event has tables, contacts and columns, from the query and the connections."""
    fill(airflow, ANN)
    airflow.run("plain")
    event = airflow.last("plain.sync", "START")
    assert [each["name"] for each in event["inputs"]] == ["customers", "orders"]
    assert event["outputs"][0]["namespace"] == "leadway://sandbox-location"
    assert edges(event) == edges(airflow.last("plain.sync", "COMPLETE"))
    assert event["run"]["facets"]["leadwaySync"]["counts"] == {}


def test_a_column_without_a_known_table_comes_from_the_result(airflow: Airflow) -> None:
    """The field has lineage from the result's column, and the event says why."""
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


def test_a_run_that_fails_half_way_reports_inputs_outputs_and_counts(airflow: Airflow) -> None:
    """The event of the failure has the contact that was written before the token was refused."""
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


def test_a_query_that_the_source_refuses_has_its_tables(airflow: Airflow) -> None:
    """The event of the failure has what the query's text shows."""
    assert airflow.run("broken")["state"] == "failed"
    event = airflow.last("broken.sync", "FAIL")
    assert [each["name"] for each in event["inputs"]] == ["customers"]
    assert edges(event) == {"email": {"customers.email"}, "tags": {"CONSTANT"}}


def test_the_contacts_asset_has_an_event_only_where_something_changed(airflow: Airflow) -> None:
    """A sync with changes makes an event with its counts and starts the follower; one without changes makes none."""
    fill(airflow, EVE)
    changed = airflow.run("plain")
    assert changed["assets"][CONTACTS]["read"] == 1
    assert changed["follows"] == ["follower"]
    unchanged = airflow.run("plain")
    assert (unchanged["state"], unchanged["assets"], unchanged["follows"]) == ("success", {REPORTS: {}}, [])


def test_emit_unchanged_makes_an_event_every_time(airflow: Airflow) -> None:
    """With emit_unchanged, a sync that changed nothing makes an event too."""
    fill(airflow, EVE)
    airflow.run("always")
    again = airflow.run("always")
    assert again["assets"][CONTACTS]["unchanged"] == 1
    assert again["follows"] == ["follower"]


def test_a_verified_account_is_in_both_events(airflow: Airflow) -> None:
    """The asset's event has the time, the rows and the hash; OpenLineage's has an assertion of the contacts."""
    fill(airflow, (700000005, "leo.marchbanks@example.com", "Marchbanks", None, None))
    airflow.run("compared")
    before = airflow.last("compared.sync", "COMPLETE")
    extra = airflow.run("compared")["assets"][CONTACTS]
    after = airflow.last("compared.sync", "COMPLETE")

    assert (extra["unchanged"], extra["verified_rows"], len(extra["verified_hash"])) == (1, 1, 32)
    assert datetime.fromisoformat(extra["verified_at"]).tzinfo is not None
    for event, is_verified in ((before, False), (after, True)):
        [contacts] = [each for each in event["inputs"] if each["namespace"] == "leadway://sandbox-location"]
        facet = contacts["inputFacets"]["dataQualityAssertions"]
        [asserted] = facet["assertions"]
        assert (asserted["assertion"], asserted["success"]) == ("all_rows_equal", is_verified)
        assert facet["_producer"] == PRODUCER


def test_a_dry_run_makes_no_event(airflow: Airflow) -> None:
    """It changes no contact, so emit_unchanged makes no difference."""
    fill(airflow, EVE)
    assert airflow.run("dry")["assets"] == {REPORTS: {}}


def test_the_table_of_a_plan_is_an_output(airflow: Airflow) -> None:
    """It has the table's columns, and where the keys come from; the event of its asset has what the dry run tells."""
    fill(airflow, ANN, NAT)
    answer = airflow.run("planned")
    plan = Asset(uri=f"sqlite://{airflow.folder / 'warehouse.db'}/plan").uri
    assert answer["assets"].keys() == {REPORTS, plan}
    assert {name: answer["assets"][plan][name] for name in ("read", "creates", "invalid")} == {
        "read": 2,
        "creates": 1,
        "invalid": 1,
    }
    with sqlite3.connect(airflow.folder / "warehouse.db") as database:
        columns = [each[0] for each in database.execute("SELECT * FROM plan").description]
    for event_type in ("START", "COMPLETE"):
        contacts, output = airflow.last("planned.sync", event_type)["outputs"]
        assert (contacts["name"], output["name"]) == ("contacts", "plan")
        assert output["namespace"] == f"sqlite://{airflow.folder / 'warehouse.db'}"
        assert [each["name"] for each in output["facets"]["schema"]["fields"]] == columns
        [key] = output["facets"]["columnLineage"]["fields"]["source_key"]["inputFields"]
        assert (key["name"], key["field"]) == ("customers", "id")


def test_too_many_rejected_rows_make_no_event(airflow: Airflow) -> None:
    """The contacts were delivered, but a sync that failed must not start other DAGs."""
    fill(airflow, ANN, NAT)
    answer = airflow.run("plain")
    assert (answer["state"], answer["assets"], answer["follows"]) == ("failed", {}, [])
    counts = airflow.last("plain.sync", "FAIL")["run"]["facets"]["leadwaySync"]["counts"]
    assert (counts["read"], counts["invalid"], counts["pending"]) == (2, 1, 0)


def test_the_tasks_inlets_are_its_source_tables(airflow: Airflow) -> None:
    """A listener finds the query's tables among the task's inlets."""
    fill(airflow, EVE)
    airflow.run("plain")
    tables = [uri.rpartition("/")[2] for uri in (airflow.folder / "inlets").read_text(encoding="utf-8").split()]
    assert tables == ["customers", "orders"]


def test_a_plain_task_with_the_hook_reports_the_contacts(airflow: Airflow) -> None:
    """The contacts that the hook writes are an output of the task, by the URI of their asset."""
    airflow.run("hooked")
    event = airflow.last("hooked.upsert", "COMPLETE")
    assert [(each["namespace"], each["name"]) for each in event["outputs"]] == [
        ("leadway://sandbox-location", "contacts")
    ]


def test_events_fit_the_client_and_the_published_schemas(airflow: Airflow) -> None:
    """Every event fits OpenLineage's own JSON schemas, its client's classes, and the provider's schema in docs/."""
    fill(airflow, ANN, NAT)
    for dag_id in ("plain", "vague", "broken", "dry", "planned", "compared", "hooked"):
        airflow.run(dag_id)
    events = airflow.events()
    assert {"START", "COMPLETE", "FAIL"} <= {event["eventType"] for event in events}
    for event in events:
        validate(event)
    for event in (each for each in events if each["job"]["name"].endswith(".sync")):
        assert rebuild(event).job.name == event["job"]["name"]


def test_the_projects_facets_name_the_project_as_their_producer(airflow: Airflow) -> None:
    """The facets of a sync that Airflow did not make name this provider and its version."""
    fill(airflow, ANN)
    airflow.run("plain")
    event = airflow.last("plain.sync", "COMPLETE")
    [output] = event["outputs"]
    made = [event["run"]["facets"]["leadwaySync"], event["job"]["facets"]["sql"], *output["facets"].values()]
    made += output["outputFacets"].values()
    assert {each["_producer"] for each in made} == {
        f"https://github.com/leadway-crm/leadway-provider/tree/{__version__}"
    }


def test_no_event_and_no_log_holds_a_contacts_data(airflow: Airflow) -> None:
    """Of the values of the source, only the key of a rejected row is in an event or a log."""
    fill(airflow, ANN, BOB, EVE, NAT)
    airflow.sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob.zabriskie@example.com"))
    for dag_id in ("plain", "always", "vague"):
        airflow.run(dag_id)
    events = (airflow.folder / "events").read_text(encoding="utf-8")
    assert events.count("leadwaySync") >= 6
    logged = (airflow.folder / "log").read_text(encoding="utf-8")
    assert "Every row of this run" in logged
    for value in (str(value) for row in (ANN, BOB, EVE, NAT) for value in row[1:] if value):
        assert value not in events
        assert value not in logged
