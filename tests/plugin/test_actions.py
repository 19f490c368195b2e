"""What a person may ask of a sync's next run: only on the page itself, and only with the permission to edit the DAG."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.operators.task import Warehouse, sync
from tests.plugin.conftest import Person
from tests.plugin.test_page import ANN, text

OWN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form of the page itself."""


@pytest.fixture(autouse=True)
def synced(warehouse: Warehouse) -> None:
    """A sync that has run."""
    warehouse.fill(ANN)
    sync("first")


def token(page: TestClient) -> str:
    """The token in the forms of the page, as the person gets it."""
    [found, _] = re.findall(r'name="token" value="([^"]+)"', page.get("/syncs/1").text)
    assert isinstance(found, str)
    return found


def test_a_full_resync_is_asked_for_and_taken_back(page: TestClient, person: Person) -> None:
    """The page says so, and Airflow's audit log has who did it."""
    answer = page.post("/syncs/1/full-resync", data={"token": token(page)}, headers=OWN, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/syncs/1")
    assert "the next run sends every row" in text(page, "/syncs/1")
    page.post("/syncs/1/no-full-resync", data={"token": token(page)}, headers=OWN)
    assert "the next run sends every row" not in text(page, "/syncs/1")
    assert person.did == [("customers", "leadway.full_resync"), ("customers", "leadway.no_full_resync")]


def test_refused_rows_are_counted(page: TestClient) -> None:
    """How many rows it concerns is said; here there are none."""
    answer = page.post("/syncs/1/retry-refused", data={"token": token(page)}, headers=OWN)
    assert "0 rows that the API refused are tried again" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_site_can_ask_for_nothing(page: TestClient, person: Person, headers: dict[str, str]) -> None:
    """Not even with a token."""
    answer = page.post("/syncs/1/full-resync", data={"token": token(page)}, headers=headers)
    assert answer.status_code == 403
    assert person.did == []
    assert "the next run sends every row" not in text(page, "/syncs/1")


def test_an_old_browser_names_its_origin(page: TestClient, person: Person) -> None:
    """Where it does not say how pages belong together, the origin must be this server."""
    page.post("/syncs/1/full-resync", data={"token": token(page)}, headers={"Origin": "http://testserver"})
    assert len(person.did) == 1


def test_a_token_is_for_one_person(page: TestClient, person: Person) -> None:
    """A token of somebody else, a forged one, and none."""
    of_ann = token(page)
    person.id = "eve"
    for value in (of_ann, f"{of_ann}x", "", "é"):
        answer = page.post("/syncs/1/full-resync", data={"token": value}, headers=OWN)
        assert answer.status_code == 403
    assert person.did == []


class PastSigner(TimestampSigner):
    """Signs as if it were 12 hours and a second ago."""

    def get_timestamp(self) -> int:
        """Return that time."""
        return super().get_timestamp() - 12 * 3600 - 1


def test_a_token_ends(page: TestClient, person: Person) -> None:
    """After 12 hours the page must be loaded again."""
    old = URLSafeTimedSerializer("signs", salt="leadway page", signer=PastSigner).dumps(person.id)
    answer = page.post("/syncs/1/full-resync", data={"token": old}, headers=OWN)
    assert (answer.status_code, "it is too old" in answer.text) == (403, True)


def test_who_may_only_read_sees_no_button_and_is_refused(page: TestClient, person: Person) -> None:
    """The permission is asked for with each action."""
    issued = token(page)
    person.edits = False
    assert "<button>Full resync" not in page.get("/syncs/1").text
    assert page.post("/syncs/1/full-resync", data={"token": issued}, headers=OWN).status_code == 403
    person.dags = set()
    assert page.post("/syncs/1/full-resync", data={"token": issued}, headers=OWN).status_code == 404
    person.dags = None
    assert page.post("/syncs/1/full-resync", data={"token": issued}, headers=OWN).status_code == 401
    assert person.did == []


def test_a_get_changes_nothing(page: TestClient) -> None:
    """A link can't ask for anything."""
    assert page.get("/syncs/1/full-resync", headers=OWN).status_code == 405


def test_in_a_tab_the_page_says_where_to_act(page: TestClient) -> None:
    """A form in a frame without an origin would be refused."""
    answer = page.get("/syncs/1", headers={"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"})
    assert "open this sync by Airflow&#39;s menu" in answer.text or "by Airflow's menu" in answer.text
    assert "<form" not in answer.text
