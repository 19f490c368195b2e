"""The page in a real browser, inside a real Airflow, with real runs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import leadway_provider
from tests.browser.conftest import LogIn, Runs
from tests.browser.site import APP_URL, Site

SHOWN_HOSTILE = r"<script>alert(1)</script>\x1b]0;title\x07\u202e"
PLACES = ("syncs", "sync", "failed", "in progress", "dry", "quota", "search", "row", "nothing")


def path(place: str, runs: Runs) -> str:
    """The address of a page of each sort."""
    places = {
        "syncs": "/leadway/",
        "sync": "/leadway/syncs/1",
        "failed": runs.page("people"),
        "in progress": runs.page("slow"),
        "dry": runs.page("dry"),
        "quota": "/leadway/quota",
        "search": "/leadway/search?q=1",
        "row": f"/leadway/rows?sync_id={sync_id(runs)}&key=wrong",
        "nothing": "/leadway/runs/unknown",
    }
    return places[place]


def sync_id(runs: Runs) -> int:
    """The store's number of the sync that fails."""
    found: int = runs.site.ask("SELECT id FROM leadway_sync WHERE name = 'people.sync'")[0][0]
    return found


def test_from_a_failed_task_to_the_history_of_a_rejected_row(page: Page, runs: Runs) -> None:
    """Two clicks from Airflow's own page of the task, to which an alert leads: the tab, and the row."""
    page.goto(runs.task("people"))
    page.get_by_role("link", name="Leadway", exact=True).last.click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Run of people.sync")).to_be_visible()
    frame.get_by_role("link", name="wrong").click()
    expect(frame.get_by_role("heading", name="Row wrong")).to_be_visible()
    expect(frame.get_by_text("email_malformed").first).to_be_visible()
    expect(frame.get_by_role("heading", name="Deliveries, newest first")).to_be_visible()


def test_in_the_navigation(page: Page) -> None:
    """Airflow's menu leads to the syncs, and its address follows."""
    page.goto("/")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Leadway").click()
    expect(page.frame_locator("iframe").get_by_role("link", name="people.sync")).to_be_visible()


def test_a_run_in_progress_counts_on_by_itself(page: Page, runs: Runs) -> None:
    """Nobody clicks: the page is read again, and more rows are done."""
    page.goto(runs.page("slow"))
    progress = page.get_by_role("progressbar")
    before = progress.get_attribute("value") or ""
    expect(progress).not_to_have_attribute("value", before)
    expect(page.get_by_role("status", name="Progress")).to_contain_text("About")
    expect(page.get_by_role("img", name="Calls a second")).to_be_visible()


def test_hostile_keys_are_text(page: Page, runs: Runs) -> None:
    """A key with a script, a terminal escape and a direction mark is shown as what it is, and leads to its row."""
    page.goto(runs.page("people"))
    page.get_by_role("link", name=SHOWN_HOSTILE).click()
    expect(page.get_by_role("heading", name=f"Row {SHOWN_HOSTILE}")).to_be_visible()


def test_a_contact_is_linked_to_the_crm(page: Page, runs: Runs) -> None:
    """By the app's address of the configuration."""
    page.goto(f"/leadway/rows?sync_id={sync_id(runs)}&key=1")
    link = page.get_by_role("link", name="in the CRM").first
    assert (link.get_attribute("href") or "").startswith(f"{APP_URL}/v2/location/sandbox-location/contacts/detail/")


def test_the_task_has_extra_links(site: Site, runs: Runs) -> None:
    """To its run, although it failed, and to the account's contacts."""
    links = site.links("people", runs.dag_run_ids["people"])
    dag_run_id = quote(runs.dag_run_ids["people"], safe="")
    assert links["Leadway run"] == f"{site.url}/leadway/task-runs/people/{dag_run_id}/sync/-1"
    assert links["Leadway contacts"] == f"{APP_URL}/v2/location/sandbox-location/contacts/smart_list/All"


def test_the_log_of_a_failed_task_has_the_error_once(site: Site, runs: Runs) -> None:
    """With Airflow's own frames, and none of this package."""
    log = site.log("people", runs.dag_run_ids["people"])
    assert log.count("max_rejected is 0") == 1
    assert "task_runner.py" in log
    assert str(Path(leadway_provider.__file__).parent) not in log


def test_a_full_resync_is_asked_for_and_taken_back(page: Page, runs: Runs) -> None:
    """The buttons are forms of the page; Airflow's audit log has who did it."""
    page.goto(f"/leadway/syncs/{sync_id(runs)}")
    page.get_by_role("button", name="Full resync next time").click()
    expect(page.get_by_text("the next run sends every row")).to_be_visible()
    assert runs.site.audited("leadway.full_resync") == {("people", "ada")}
    page.get_by_role("button", name="No full resync").click()
    expect(page.get_by_role("button", name="Full resync next time")).to_be_visible()


def test_a_viewer_may_not_act(log_in: LogIn, runs: Runs) -> None:
    """A viewer sees the runs, has no buttons, and is refused without them."""
    context, address = log_in("vic"), f"/leadway/syncs/{sync_id(runs)}"
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("heading", name="people.sync")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    answer = context.request.post(f"{address}/full-resync", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 403
    page.close()


def test_who_may_not_read_a_dag_sees_nothing_of_it(log_in: LogIn, runs: Runs) -> None:
    """A guest is logged in, and may not read any DAG."""
    context = log_in("guest")
    page = context.new_page()
    page.goto("/leadway/")
    expect(page.get_by_text("No sync has run yet")).to_be_visible()
    assert context.request.get(runs.page("people")).status == 404
    page.close()


@pytest.mark.parametrize("place", PLACES)
def test_anonymous(browser: Browser, site: Site, runs: Runs, place: str) -> None:
    """Nobody is answered without a login."""
    context = browser.new_context(base_url=site.url)
    assert context.request.get(path(place, runs)).status == 401
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, runs: Runs, scheme: str) -> None:
    """Contrast, names, order of headings and the like, on every page."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = {}
    for place in PLACES:
        page.goto(path(place, runs))
        results = Axe().run(page)
        if results.violations_count:
            found[place] = results.generate_report()
    assert found == {}


def test_on_a_phone(page: Page, runs: Runs) -> None:
    """Nothing is wider than the screen, but for what scrolls in itself."""
    page.set_viewport_size({"width": 360, "height": 740})
    for place in PLACES:
        page.goto(path(place, runs))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place


def test_by_keyboard(page: Page) -> None:
    """The first key skips to the content; every link can be reached, and is shown as reached."""
    page.goto("/leadway/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "people.sync":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="people.sync", level=1)).to_be_visible()
