"""A task that is run again, whatever ended it, by Airflow's own scheduler, workers and triggerer."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.service import Settings
from tests.deployment.deployment import Run
from tests.deployment.scene import Scene

ROWS = 120
IN_FLIGHT = 4


def under_way(scene: Scene) -> Run:
    """A run that has sent some of its rows."""
    scene.fill(ROWS)
    run = scene.trigger()
    scene.arrived(20)
    return run


def test_retried_after_a_kill(scene: Scene) -> None:
    """The worker's process is killed amid delivery; the retry goes on with the outbox, and sends few rows twice."""
    run = under_way(scene)
    run.kill()
    scene.warehouse.run("DROP TABLE customers")  # nothing is planned twice, so nobody misses it
    report = run.report()
    assert run.task()["try_number"] == 2
    assert (report["read"], report["created"] + report["updated"]) == (ROWS, ROWS)
    assert ROWS <= scene.sent <= ROWS + IN_FLIGHT
    assert len(scene.sandbox.account.contacts) == ROWS


def test_cleared_after_success(scene: Scene) -> None:
    """The same run once more finds nothing to send; with a changed row, one."""
    scene.fill(20)
    run = scene.trigger()
    assert run.report()["created"] == 20
    for name, sent in (("Ann", 20), ("Bea", 21)):
        scene.warehouse.run(f"UPDATE customers SET first_name = '{name}' WHERE id = 1")  # noqa: S608 - a test's own
        tries = run.task()["try_number"]
        run.clear()
        assert run.report()["read"] == 20
        assert run.task()["try_number"] == tries + 1
        assert scene.sent == sent


def test_cleared_while_it_runs(scene: Scene) -> None:
    """Airflow ends the process and starts another one: each row is sent once all the same."""
    run = under_way(scene)
    run.clear()
    report = run.report()
    assert (report["read"], report["created"]) == (ROWS, ROWS)
    assert scene.sent == ROWS


def test_marked_failed_while_it_runs(scene: Scene) -> None:
    """Nothing leaves any more, what was on its way is acknowledged; cleared later, the run does the rest."""
    run = under_way(scene)
    run.mark_failed()
    run.ended()
    sent = scene.sent
    assert sent < ROWS
    assert scene.waiting == ROWS - sent
    run.clear()
    assert run.report()["created"] == ROWS
    assert scene.sent == ROWS


def test_out_of_time(scene: Scene) -> None:
    """An execution timeout ends attempt after attempt; each goes on where the one before it was.

    Where it strikes after the last acknowledgement, the next attempt finds nothing to send, and reports that.
    """
    scene.fill(ROWS)
    run = scene.trigger("hurried")
    report = run.report()
    assert run.task()["try_number"] > 1
    assert (report["read"], report["created"] + report["unchanged"]) == (ROWS, ROWS)
    assert report["created"] in {0, ROWS}
    assert scene.sent == ROWS == len(scene.sandbox.account.contacts)


class TestQuota:
    """An account whose day is some seconds long and grants fewer calls than there are rows."""

    @pytest.fixture
    def settings(self) -> Settings:
        """Its day."""
        return Settings(burst=None, daily=Quota(25, 8.0, "fixed"))

    def test_deferred(self, scene: Scene) -> None:
        """The triggerer brings the task back when the quota returns; no call is refused, nothing planned twice."""
        scene.fill(30)
        run = scene.trigger()
        run.reached("deferred")
        scene.warehouse.run("DROP TABLE customers")
        report = run.report()
        assert (report["read"], report["created"]) == (30, 30)
        assert run.task()["try_number"] == 1
        assert scene.sent == 30
        assert 429 not in scene.sandbox.journal.statuses

    def test_waiting_in_place(self, scene: Scene) -> None:
        """With deferrable=False the task keeps its worker slot, and goes on by itself."""
        scene.fill(30)
        run = scene.trigger("patient")
        assert run.report()["created"] == 30
        assert "Waiting in the worker slot for" in run.log()
        assert "DEFERRED" not in run.log()
        assert scene.sent == 30

    def test_cleared_while_it_is_deferred(self, scene: Scene) -> None:
        """The task that is started anew goes on with what the deferred one left, when the quota returns."""
        scene.fill(30)
        run = scene.trigger()
        run.reached("deferred")
        run.clear()
        assert run.report()["created"] == 30
        assert scene.sent == 30
