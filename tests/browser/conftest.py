"""A browser, and what it looks at: an Airflow with a run that failed, one that goes on, and a dry run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from tests.browser.site import Site, airflow_site, password, until
from tests.services import REQUIRED, postgres_database

expect.set_options(timeout=30_000)


@dataclass(frozen=True)
class Runs:
    """The ids of the DAG runs, and the addresses of their runs on the page.

    Attributes:
        dag_run_ids: the ids by DAG.
        site: where they are.
    """

    dag_run_ids: dict[str, str]
    site: Site

    def page(self, dag_id: str) -> str:
        """Return the path of the run of a DAG."""
        return f"/leadway/task-runs/{dag_id}/{self.dag_run_ids[dag_id]}/sync/-1"

    def task(self, dag_id: str) -> str:
        """Return the path of Airflow's own page of the task."""
        return f"/dags/{dag_id}/runs/{self.dag_run_ids[dag_id]}/tasks/sync"


@pytest.fixture(scope="module")
def chromium() -> str:
    """The path of Debian's browser."""
    if found := shutil.which("chromium"):
        return found
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"chromium is not installed ({REQUIRED}=1)")
    pytest.skip("chromium is not installed")


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An Airflow, where there is a browser to look at it; over SQLite its scheduler was seen to end under load."""
    assert browser.is_connected()
    with postgres_database() as metadata, airflow_site(tmp_path_factory.mktemp("site"), metadata) as site:
        yield site


@pytest.fixture(scope="module")
def runs(site: Site) -> Runs:
    """The runs: `people` and `dry` are over, and `slow` delivers for longer than all tests take."""
    ids = {dag_id: site.trigger(dag_id) for dag_id in ("people", "dry", "slow")}
    for dag_id in ("people", "dry"):
        until(f"{dag_id} is over", partial(site.is_over, dag_id, ids[dag_id]))
    until("slow delivers", lambda: site.is_delivering("slow"))
    return Runs(ids, site)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


LogIn = Callable[[str], BrowserContext]


@pytest.fixture(scope="module")
def log_in(browser: Browser, site: Site) -> Iterator[LogIn]:
    """Log a person in, once each, on Airflow's own form."""
    contexts: dict[str, BrowserContext] = {}

    def logged_in(user: str) -> BrowserContext:
        if user not in contexts:
            contexts[user] = browser.new_context(base_url=site.url, service_workers="block")
            page = contexts[user].new_page()
            page.goto("/")
            page.get_by_label("username").fill(user)
            page.get_by_label("password").fill(password(user))
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: urlsplit(url).path == "/")
            page.close()
        return contexts[user]

    yield logged_in
    for each in contexts.values():
        each.close()


@pytest.fixture
def page(log_in: LogIn, runs: Runs) -> Iterator[Page]:
    """A page of somebody who may do everything, once there are runs to see; nothing on it opens a dialog."""
    assert runs.dag_run_ids
    page = log_in("ada").new_page()
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    yield page
    page.close()
    assert dialogs == []
