"""The notifier after runs of a task: people are told when something is first wrong, and when it is right again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, BaseNotifier

from leadway_provider.clock import Clock
from leadway_provider.exceptions import ConfigurationError, StateVersionError
from leadway_provider.notifications.conditions import NoRunFor, RejectedShare
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.notifications.summary import Summary
from tests.operators.task import Row, TaskInstance, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
NOBODY: Row = (2, "nobody at example", "Nat", None, None)


class Inbox:
    """What a person receives."""

    def __init__(self) -> None:
        self.messages: list[Summary] = []

    def __call__(self, summary: Summary) -> None:
        self.messages.append(summary)

    def texts(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """What each message says of new and of recovered conditions; the inbox is empty then."""
        found = [(message.met, message.recovered) for message in self.messages]
        self.messages.clear()
        return found


def run(notifier: LeadwayNotifier, run_id: str, **arguments: Any) -> None:
    """Run the task, and call the notifier as Airflow does after it."""
    ti = TaskInstance(run_id=run_id)
    context: dict[str, Any] = {"ti": ti, "task": SimpleNamespace(state_conn_id="state")}
    try:
        sync(ti=ti, **arguments)
    except AirflowFailException as error:
        context["exception"] = error
    notifier(context)


def test_people_are_told_once_and_again_when_it_recovers(warehouse: Warehouse) -> None:
    """Three bad runs are one message, the good one after them another, and a good one alone is none."""
    inbox = Inbox()
    notifier = LeadwayNotifier(inbox, conditions=[RejectedShare(0.4)])
    warehouse.fill(ANN)
    run(notifier, "good")
    assert inbox.texts() == []
    warehouse.fill(ANN, NOBODY)
    for run_id in ("bad", "bad again", "still bad"):
        run(notifier, run_id, max_rejected=1)
    says = "1 of 2 rows rejected (50.0%; the limit is 40.0%)"
    assert inbox.texts() == [((says,), ())]
    warehouse.fill(ANN)
    run(notifier, "good again", guards={"min_rows": 1})
    run(notifier, "still good")
    assert inbox.texts() == [((), ("0 of 1 row rejected (0.0%; the limit is 40.0%)",))]


def test_a_failure_is_a_condition_of_its_own(warehouse: Warehouse) -> None:
    """It is told once, with the error, also where the task failed before it began a run; then its end is told."""
    inbox = Inbox()
    notifier = LeadwayNotifier(inbox)
    run(notifier, "no query", sql="SELECT nonsense FROM nowhere")
    [first] = inbox.messages
    assert (first.location_id, "the task has failed: " in first.met[0]) == ("sandbox-location", True)
    inbox.messages.clear()
    run(notifier, "again", leadway_conn_id="nowhere")
    assert inbox.texts() == []
    warehouse.fill(ANN)
    run(notifier, "good")
    assert inbox.texts() == [((), ("the task or the DAG run has succeeded again",))]


def test_a_first_failure_without_a_sync_is_told(warehouse: Warehouse) -> None:
    """Where not even the connection is right, no sync is known; the message names the task."""
    assert warehouse.file.exists()
    inbox = Inbox()
    notifier = LeadwayNotifier(inbox)
    run(notifier, "first", leadway_conn_id="nowhere")
    [message] = inbox.messages
    assert message.title == "Leadway sync of task customers.sync needs attention"
    assert message.location_id is None


def test_each_notifier_tells_for_itself(warehouse: Warehouse) -> None:
    """Two notifiers of one sync with the same condition each tell once; their names distinguish them."""
    first, second = Inbox(), Inbox()
    notifiers = [
        LeadwayNotifier(box, conditions=[RejectedShare(0)], name=name) for box, name in ((first, "a"), (second, "b"))
    ]
    warehouse.fill(ANN, NOBODY)
    for notifier in notifiers * 2:
        run(notifier, "run", max_rejected=1)
    assert [len(box.messages) for box in (first, second)] == [1, 1]


def test_a_message_that_was_not_sent_is_sent_with_the_next_run(warehouse: Warehouse) -> None:
    """What is stored as told has been told."""
    inbox = Inbox()

    def broken(_: Summary) -> None:
        raise ConnectionError("no way to the messenger")

    warehouse.fill(ANN, NOBODY)
    with pytest.raises(ConnectionError):
        run(LeadwayNotifier(broken, conditions=[RejectedShare(0)], name="pager"), "one", max_rejected=1)
    run(LeadwayNotifier(inbox, conditions=[RejectedShare(0)], name="pager"), "two", max_rejected=1)
    assert len(inbox.messages) == 1


def test_no_run_for_is_told_from_elsewhere(warehouse: Warehouse) -> None:
    """A task of another DAG asks by the sync's name, because a sync that does not run has no callback."""
    warehouse.fill(ANN)
    sync("one")
    inbox = Inbox()
    later = [datetime.now(UTC)]
    watch = LeadwayNotifier(
        inbox,
        conditions=[NoRunFor(timedelta(hours=26))],
        sync_name="customers.sync",
        state_conn_id="state",
        clock=Clock(now=lambda: later[0]),
    )
    watcher: dict[str, Any] = {"ti": TaskInstance(dag_id="watch", task_id="watch")}
    watch(watcher)
    later[0] += timedelta(hours=27)
    watch(watcher)
    watch(watcher)
    assert [len(met) for met, _ in inbox.texts()] == [1]


class Messenger(BaseNotifier):
    """A notifier such as those of Airflow's providers, with a template."""

    template_fields = ("text",)
    sent: ClassVar[list[str]] = []

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context: Any) -> None:
        self.sent.append(self.text)


def test_another_notifier_sends_a_template_of_the_summary(warehouse: Warehouse) -> None:
    """Its template has the summary as `leadway`, anew in each message, and no contact's value is in it."""
    warehouse.fill(ANN, NOBODY)
    Messenger.sent.clear()
    notifier = LeadwayNotifier(
        Messenger("{{ leadway.text }}\n{{ ti.task_id }}"), conditions=[RejectedShare(0)], name="messenger"
    )
    run(notifier, "bad", max_rejected=1)
    warehouse.fill(ANN)
    run(notifier, "good", guards={"min_rows": 1})
    bad, good = Messenger.sent
    lines = bad.splitlines()
    assert lines[:3] == [
        "Leadway sync customers.sync needs attention",
        "- 1 of 2 rows rejected (50.0%; the limit is 0.0%)",
        "Account: sandbox-location",
    ]
    assert lines[3].endswith(": 2 read, 1 invalid, 1 created")
    assert lines[4].startswith("Rejected rows: leadway rejected --run ")
    assert lines[-1] == "sync"
    assert good.startswith("Leadway sync customers.sync has recovered\n- recovered: 0 of 1 row rejected")
    assert "example" not in bad


def test_a_dags_callback_tells_of_each_of_its_syncs(warehouse: Warehouse) -> None:
    """The context of a DAG's callback names no task of ours; the DAG run's syncs are found by it."""
    warehouse.fill(ANN)
    for name in ("one", "two"):
        sync("dag run", sync_name=name)
    inbox = Inbox()
    notifier = LeadwayNotifier(inbox, state_conn_id="state")
    dag_run = SimpleNamespace(dag_id="customers", run_id="dag run", state="failed")
    notifier({"dag_run": dag_run, "reason": "task_failure"})
    assert sorted(message.sync for message in inbox.messages) == ["one", "two"]
    assert inbox.messages[0].met == ("the DAG run has failed: task_failure",)


def test_a_missed_deadline_is_told(warehouse: Warehouse) -> None:
    """Airflow awaits the notifier in the triggerer, with a context of plain values."""
    warehouse.fill(ANN)
    sync("late")
    inbox = Inbox()
    context: Any = {
        "dag_run": {"dag_id": "customers", "dag_run_id": "late"},
        "deadline": {"id": "1", "deadline_time": "2026-11-22 06:00:00"},
    }

    async def awaited() -> None:
        await LeadwayNotifier(inbox, state_conn_id="state", context=context)

    asyncio.run(awaited())
    assert inbox.texts() == [(("the DAG run has missed its deadline, 2026-11-22 06:00:00",), ())]


def test_a_state_store_that_can_not_be_read_hides_no_failure(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure is told with the reason why nothing else was checked; without a failure the reason is raised."""
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "sqlite", "host": str(warehouse.file)}))
    warehouse.run("CREATE TABLE leadway_alembic_version (version_num TEXT)")
    warehouse.run("INSERT INTO leadway_alembic_version VALUES ('9999')")
    inbox = Inbox()
    run(LeadwayNotifier(inbox), "one")
    [message] = inbox.messages
    assert "no other condition was checked" in message.met[1]
    with pytest.raises(StateVersionError):
        LeadwayNotifier(inbox, state_conn_id="state")({"ti": TaskInstance()})


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"through": "slack"}, "through of LeadwayNotifier"),
        ({"through": print, "conditions": [0.05]}, "conditions of LeadwayNotifier has 0.05"),
        ({"through": print, "name": "n" * 65}, "name of LeadwayNotifier"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: dict[str, Any], names: str) -> None:
    """The error, which comes while the DAG is parsed, names the argument."""
    with pytest.raises(ConfigurationError, match=names):
        LeadwayNotifier(**arguments)
