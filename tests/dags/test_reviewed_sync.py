"""The example in which a person approves what is sent."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import needs_3_3
from tests.dags.example import Warehouse, report

pytestmark = needs_3_3

ANN: dict[str, object] = {"customer_id": "C-1", "email": "ann@example.com", "first_name": "Ann"}


class Person(threading.Thread):
    """Waits until the run asks, does something meanwhile, and answers as Airflow's page of required actions does."""

    def __init__(self, choice: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.choice = choice
        self.meanwhile = meanwhile
        self.was_shown = ""

    def run(self) -> None:
        from airflow.models.hitl import HITLDetail
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.trigger import handle_event_submit
        from airflow.sdk.timezone import utcnow
        from airflow.triggers.base import TriggerEvent
        from airflow.utils.session import create_session
        from sqlalchemy import select

        asked = select(TaskInstance).where(
            TaskInstance.dag_id == "reviewed_sync", TaskInstance.state == "awaiting_input"
        )

        def answered() -> bool:
            with create_session() as session:
                if (task := session.scalar(asked)) is None:
                    return False
                self.meanwhile()
                detail = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
                self.was_shown = detail.body or ""
                detail.responded_at, detail.chosen_options, detail.params_input = utcnow(), [self.choice], {}
                event = TriggerEvent(detail.as_resume_event_payload())  # type: ignore[no-untyped-call]  # of Airflow
                handle_event_submit(event, task_instance=task, session=session)
            return True

        over = threading.Event()
        while not over.wait(0.1):
            # Such as a locked database, and a question that is not stored yet; without an answer the run waits forever.
            with suppress(SQLAlchemyError, sqlite3.Error):
                if answered():
                    over.set()


@pytest.mark.parametrize("choice", ["Approve", "Reject"])
def test_what_is_sent_is_what_was_approved(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer, choice: str
) -> None:
    """The plan goes out as it was shown, although the source has changed since; a rejected one never does."""
    warehouse.insert("customers", ANN, {"customer_id": "C-2", "email": "bob@example.com", "first_name": "Bob"})
    person = Person(choice, lambda: warehouse.run("UPDATE customers SET first_name = 'Later'"))
    person.start()
    run = example("reviewed_sync").test()
    person.join()
    assert "- read: 2\n- will be sent when you approve: 2\n" in person.was_shown
    assert re.search(r"\(/leadway/runs/[0-9a-f]{12}\)", person.was_shown)
    assert "@" not in person.was_shown
    with closing(sqlite3.connect(warehouse.file)) as database:
        planned = database.execute("SELECT source_key, effect, new_values FROM leadway_plan ORDER BY 1").fetchall()
    assert planned == [("C-1", "create", None), ("C-2", "create", None)]
    if choice == "Reject":
        assert run.get_task_instance("deliver").state == "skipped"
        assert not sandbox.journal.writes
    else:
        assert report(run, "deliver")["created"] == 2
        assert {contact.first_name for contact in sandbox.account.contacts} == {"Ann", "Bob"}
