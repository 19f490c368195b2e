"""Real workers of Celery: eight accounts and one big one over two workers, and one worker is killed in the middle."""

from __future__ import annotations

from collections import Counter

from leadway_provider.sandbox.server import SandboxServer
from tests.celery.cluster import Cluster, until
from tests.celery.conftest import BIG, ROWS_OF_A_SHOP, ROWS_OF_BIG, SHOPS

IN_FLIGHT = 4
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")


def test_a_worker_is_killed(cluster: Cluster, sandbox: SandboxServer) -> None:
    """Everything is delivered, nothing is doubled, and each account is called within its quota."""
    big = cluster.trigger("big_account")
    until(lambda: cluster.runs(big, "deliver_north", "deliver_south"), "two workers deliver to the big account")
    shops = cluster.trigger("eight_accounts")  # now, so that its tasks don't keep a worker from the big account
    until(lambda: len(sandbox.service.accounts[BIG]) > ROWS_OF_BIG // 4, "the big account has a quarter of its rows")
    cluster.kill_worker("north")
    assert len(sandbox.service.accounts[BIG]) < ROWS_OF_BIG
    cluster.start_worker("east", queue="north")  # another machine in its place
    tasks = {(task["task_id"], task["map_index"]): task for task in cluster.ended(big)}
    assert tasks["deliver_north", -1]["try_number"] > 1
    tasks |= {(task["task_id"], task["map_index"]): task for task in cluster.ended(shops)}
    again = [task for task in tasks.values() if task["try_number"] > 1]

    assert cluster.report(big, "deliver_south")["acknowledged"] > 0
    report = cluster.report(big, "sync")
    assert report["read"] == ROWS_OF_BIG == sum(report[outcome] for outcome in OUTCOMES)
    assert report["created"] + report["updated"] == ROWS_OF_BIG
    for number in range(len(SHOPS)):
        report = cluster.report(shops, "sync", number)
        assert report["read"] == ROWS_OF_A_SHOP == sum(report[outcome] for outcome in OUTCOMES)
    held = {location: len(account) for location, account in sandbox.service.accounts.items()}
    assert held == {BIG: ROWS_OF_BIG} | dict.fromkeys(SHOPS, ROWS_OF_A_SHOP)

    rows = ROWS_OF_BIG + len(SHOPS) * ROWS_OF_A_SHOP
    sent = Counter(call.body["email"] for call in sandbox.journal.writes if call.body)
    assert set(sent.values()) <= {1, 2}
    assert rows <= sent.total() <= rows + IN_FLIGHT * len(again)
    assert sandbox.journal.statuses[429] <= sandbox.journal.total // 500
