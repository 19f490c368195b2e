"""What the page shows of real runs, to whom, and that nothing on it is more than text."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from leadway_provider.plugin.visit import NextRun
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import TaskInstance, Warehouse, sync
from tests.plugin.conftest import Person

ANN = (1, "ann@example.com", "Ann", None, None)
NOBODY = (2, "not an e-mail", "Bob", None, None)
HOSTILE = "<script>alert(1)</script>\x1b]0;title\x07\u202e=1+1"


def run_once(run_id: str = "first", **arguments: Any) -> dict[str, Any]:
    """Run the task once, with every row allowed to be rejected."""
    return sync(run_id, **({"max_rejected": 10} | arguments))


@pytest.fixture
def synced(warehouse: Warehouse) -> str:
    """A run with one contact created and one row invalid; its id."""
    warehouse.fill(ANN, NOBODY)
    return str(run_once()["run_id"])


def text(page: TestClient, path: str, status: int = 200) -> str:
    """What a person reads at an address, without tags, in one line."""
    answer = page.get(path)
    assert answer.status_code == status, answer.text
    without_tags = re.sub(r"<[^>]*>", " ", answer.text)
    return " ".join(without_tags.split())


def links(page: TestClient, path: str) -> list[str]:
    """The addresses that a page links to."""
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*)"', page.get(path).text)]


@pytest.mark.usefixtures("synced")
def test_syncs_are_listed_with_their_last_run(page: TestClient) -> None:
    """Name, account, rows, success, and the outcomes of the last run."""
    shown = text(page, "/")
    assert "customers.sync" in shown
    assert "Account sandbox-location" in shown
    assert "Rows 2 Success 50%" in shown
    assert "invalid 1 created 1" in shown


def test_a_run_shows_outcomes_that_add_up_and_rejected_rows_with_reasons(page: TestClient, synced: str) -> None:
    """The bar's parts are as wide as their shares; a rejected row is shown with its key, and why."""
    shown = text(page, f"/runs/{synced}")
    assert "2 rows read" in shown
    assert "email : It is not an e-mail address" in shown or "email_malformed" in shown
    widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="24"', page.get(f"/runs/{synced}").text)]
    assert sum(widths) == pytest.approx(1000)


def test_from_the_list_to_the_history_of_a_rejected_row_in_three_clicks(page: TestClient, synced: str) -> None:
    """Every page links to the next one."""
    run = f"/runs/{synced}"
    assert run in links(page, "/")
    row = next(link for link in links(page, run) if link.startswith("/rows?"))
    assert "Row 2" in text(page, row)
    assert "The CRM has it as it was read no" in text(page, row)


@pytest.mark.usefixtures("synced")
def test_a_person_is_found_by_key_and_by_contact(page: TestClient, sandbox: SandboxServer) -> None:
    """Both lead to the row's history, with each delivery and the columns that were sent."""
    contact_id = sandbox.account.contacts[0].id
    for wanted in ("1", contact_id):
        assert f"contact {contact_id}" in text(page, f"/search?q={wanted}")
    history = text(page, next(link for link in links(page, "/search?q=1") if link.startswith("/rows?")))
    assert re.search(r"created \d{4}-", history)
    assert "first_name (from first_name)" in history


def test_a_dry_run_says_that_nothing_was_sent(page: TestClient, warehouse: Warehouse) -> None:
    """The rows that would be sent are pending."""
    warehouse.fill(ANN)
    run_id = run_once(dry_run=True)["run_id"]
    shown = text(page, f"/runs/{run_id}")
    assert "nothing was sent" in shown
    assert "pending 1" in shown


def test_the_plan_of_a_dry_run_is_listed(page: TestClient, warehouse: Warehouse) -> None:
    """Rejected rows with their reasons first, and those that would be sent; CSV has the rejected ones."""
    warehouse.fill(ANN, NOBODY)
    run = f"/runs/{run_once(dry_run=True)['run_id']}"
    assert "The plan invalid 1 pending 1" in text(page, run)
    assert "2 email : The value is not an e-mail address" in text(page, run)
    assert "Source key Why 1" in text(page, f"{run}?outcome=pending")
    assert page.get(f"{run}/rejected.csv").text.startswith("source_key,outcome,field,code,reason\r\n2,invalid,email")
    run_once("next")
    assert "This plan was never sealed: nothing of it was sent" in text(page, run)


@pytest.mark.usefixtures("synced")
def test_what_a_run_used_is_drawn(page: TestClient, synced: str) -> None:
    """Its calls over time, and which column feeds which field."""
    html = page.get(f"/runs/{synced}").text
    assert re.search(r'<path class="area" d="M0 120 L0\.0 [\d. L]+ Z"/>', html)
    assert "2 calls in all" in html
    assert 'aria-label="4 columns feed 4 fields; the table below names them"' in html
    assert "first_name first_name firstName" in text(page, f"/runs/{synced}")


@pytest.mark.parametrize(
    ("next_run", "said"),
    [
        (NextRun(datetime(2100, 1, 1, tzinfo=UTC), is_paused=False), "(2100-01-01 00:00:00 UTC)"),
        (NextRun(None, is_paused=False), "Next run when it is triggered"),
        (NextRun(None, is_paused=True), "Next run none: the DAG is paused"),
        (NextRun(datetime(2000, 1, 1, tzinfo=UTC), is_paused=False), "Next run due now"),
    ],
)
@pytest.mark.usefixtures("synced")
def test_the_next_run_is_said(page: TestClient, person: Person, next_run: NextRun, said: str) -> None:
    """As Airflow's scheduler has it."""
    person.next_run = next_run
    assert said in text(page, "/")
    assert said in text(page, "/syncs/1")


@pytest.mark.usefixtures("synced")
def test_syncs_are_filtered(page: TestClient) -> None:
    """By name, account, and what needs a look; where none is left, the way back is shown."""
    for query in ("q=CUSTOMERS", "q=sandbox-loc", "show=rejected"):
        assert "customers.sync" in text(page, f"/?{query}")
    for query in ("q=other", "show=waiting", "show=running"):
        assert "No sync is like this. Show all" in text(page, f"/?{query}")


@pytest.mark.usefixtures("synced")
def test_a_contact_is_linked_to_the_crm(page: TestClient, sandbox: SandboxServer) -> None:
    """By the address of the configuration, in a new tab."""
    address = f"https://crm.example.com/v2/location/sandbox-location/contacts/detail/{sandbox.account.contacts[0].id}"
    assert (
        f'<a class="id" href="{address}" target="_blank" rel="noopener noreferrer">'
        in page.get("/rows?sync_id=1&key=1").text
    )


@pytest.mark.usefixtures("synced")
def test_a_dag_run_and_a_task_lead_to_their_runs(page: TestClient, synced: str) -> None:
    """The places beside Airflow's own pages name DAG, DAG run, task and map index."""
    assert f"/runs/{synced}" in links(page, "/dag-runs/customers/first")
    answer = page.get("/task-runs/customers/first/sync/-1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{synced}")
    assert "No sync has begun here yet" in text(page, "/task-runs/customers/first/another/-1")
    assert "No sync has begun here yet" in text(page, "/dag-runs/customers/second")


def test_rejected_rows_are_downloaded_without_formulas(page: TestClient, warehouse: Warehouse) -> None:
    """A key that a spreadsheet would compute is marked as text."""
    warehouse.run("DROP TABLE customers")
    warehouse.run(
        "CREATE TABLE customers AS SELECT '=1+1' id, 'no e-mail' email, 'Ann' first_name, 0 phone, '' country"
    )
    run_id = run_once()["run_id"]
    answer = page.get(f"/runs/{run_id}/rejected.csv")
    head, *rows = list(csv.reader(answer.text.splitlines()))
    assert head == ["source_key", "outcome", "field", "code", "reason"]
    assert {row[0] for row in rows} == {"'=1+1"}
    assert answer.headers["content-disposition"] == f'attachment; filename="rejected-{run_id[:8]}.csv"'


def test_hostile_keys_are_text(page: TestClient, warehouse: Warehouse) -> None:
    """A key with a script, terminal escapes and a direction mark is shown as what it is, and can be followed."""
    warehouse.run("DROP TABLE customers")
    warehouse.run(
        f"CREATE TABLE customers AS SELECT '{HOSTILE}' id, 'no e-mail' email, '' first_name, 0 phone, '' country"
    )
    run_id = run_once()["run_id"]
    html = page.get(f"/runs/{run_id}").text
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b]0;title\\x07\\u202e=1+1" in html
    row = next(link for link in links(page, f"/runs/{run_id}") if link.startswith("/rows?"))
    assert "Row &lt;script&gt;" in text(page, row)


@pytest.mark.parametrize("dags", [set(), {"another"}])
def test_who_may_not_read_the_dag_sees_nothing_of_it(
    page: TestClient, person: Person, synced: str, dags: set[str]
) -> None:
    """Its syncs, runs and rows are as if they did not exist."""
    person.dags = dags
    assert "customers.sync" not in text(page, "/")
    for path in (f"/runs/{synced}", f"/runs/{synced}/rejected.csv", "/syncs/1", "/rows?sync_id=1&key=1"):
        assert "There is no such" in text(page, path, status=404)
    assert "There is no such" in text(page, "/dag-runs/customers/first", status=404)
    assert "There is no such" in text(page, "/task-runs/customers/first/sync/-1", status=404)
    assert "customers.sync" not in text(page, "/search?q=1")


def test_nobody_sees_nothing(page: TestClient, person: Person, synced: str) -> None:
    """Without a login every address answers 401, but for the style sheet."""
    person.dags = None
    for path in (
        "/",
        "/quota",
        "/search",
        "/syncs/1",
        f"/runs/{synced}",
        f"/runs/{synced}/rejected.csv",
        "/rows?sync_id=1&key=1",
    ):
        assert page.get(path).status_code == 401
    assert page.get("/dag-runs/customers/first").status_code == 401
    assert page.get("/task-runs/customers/first/sync/-1").status_code == 401


@pytest.mark.usefixtures("synced")
def test_the_browser_may_run_no_script_of_others(page: TestClient) -> None:
    """The policy allows files of the page and nothing else; no page has a script or a style in its text."""
    answer = page.get("/")
    sources = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
    assert sources.pop("default-src") == sources.pop("base-uri") == "'none'"
    assert set(sources.values()) == {"'self'"}
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert page.get("/static/page.css").headers["content-type"].startswith("text/css")


@pytest.mark.usefixtures("no_state")
def test_without_a_state_store_the_page_says_what_to_do(page: TestClient) -> None:
    """Before the first run there is no file."""
    assert "No sync has run yet Add a connection of type leadway" in text(page, "/")
    assert "a sync creates it at its first run" in text(page, "/quota", status=404)


@pytest.mark.parametrize("path", ["/runs/unknown", "/syncs/999", "/rows?sync_id=1&key=unknown", "/?cursor=nonsense"])
@pytest.mark.usefixtures("synced")
def test_what_is_not_there_is_not_found(page: TestClient, path: str) -> None:
    """A wrong id or cursor is answered with 404."""
    text(page, path, status=404)


def test_mapped_tasks_are_apart(page: TestClient, warehouse: Warehouse) -> None:
    """Each map index leads to its own run."""
    warehouse.fill(ANN)
    found = {
        index: run_once(ti=TaskInstance(run_id="first", map_index=index), sync_name=f"part {index}")["run_id"]
        for index in (0, 1)
    }
    for index, run_id in found.items():
        answer = page.get(f"/task-runs/customers/first/sync/{index}", follow_redirects=False)
        assert answer.headers["location"] == f"/runs/{run_id}"


def test_a_run_shows_what_its_sample_says(page: TestClient, warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """In the words of the log, with the fields that drifted; other runs have no such note."""
    warehouse.fill(ANN, (2, "bob@example.com", "Bob", None, None))
    first = run_once()["run_id"]
    ann = sandbox.account.holder("email", "ann@example.com")
    assert ann is not None
    sandbox.account.update(ann.id, {"firstName": "Edited"})

    sampled = run_once("sample", compare="account", dry_run=True, sample=10)["run_id"]

    said = "All 2 contacts were read, so the share is exact: 1 (50.0%) is as acknowledged. Drifted: first_name 1."
    assert said in text(page, f"/runs/{sampled}")
    run_once("the next one, which abandons the dry run")
    assert said in text(page, f"/runs/{sampled}")
    assert "contacts were read" not in text(page, f"/runs/{first}")
