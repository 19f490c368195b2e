"""sample=…: some contacts are read by id, over a real state database and an account over HTTP."""

from __future__ import annotations

import json
import logging
import random
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.cli import main
from leadway_provider.exceptions import UnavailableError
from leadway_provider.hooks.database import open_state
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import ContactRules, GuardPolicy, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.sample import share_bounds
from tests.operators.task import NEVER_AGAIN, Row, TaskInstance, Warehouse, operator, sync
from tests.operators.test_compare import LATER, id_of, of_rows, people, snapshots, writes


def sampled(run_id: str, sample: int | str, timing: Timing | None = None, **arguments: Any) -> dict[str, Any]:
    """Run the task, which compares a sample with the account; by chance, but the same in each run of the test."""
    timing = timing or replace(LATER, random=random.Random(7).random)  # noqa: S311 - not for secrets
    chosen: dict[str, Any] = {"compare": "account", "dry_run": True, "sample": sample, "timing": timing}
    return sync(run_id, **chosen | arguments)


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """What a report says of a sample."""
    return {name: value for name, value in report.items() if name.startswith("sampled")}


def read_by_id(sandbox: SandboxServer) -> list[str]:
    """The ids of the contacts that were read by id."""
    return [
        call.path.removeprefix("/contacts/")
        for call in sandbox.journal.calls
        if call.method == "GET" and call.path.startswith("/contacts/")
    ]


def test_a_share_of_the_account_is_told(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The contacts are read by id in that many calls, beside the proof of the token; nothing is sent or verified."""
    warehouse.fill(*people(*range(300)))
    sync("set-up")
    edited = {id_of(sandbox, number) for number in range(0, 300, 10)}
    deleted = {id_of(sandbox, number) for number in range(5, 300, 20)}
    for contact_id in edited:
        sandbox.account.update(contact_id, {"firstName": "Edited", "city": "Oslo"})
    for contact_id in deleted:
        sandbox.account.delete(contact_id)
    sandbox.journal.clear()
    caplog.set_level(logging.INFO)

    report = sampled("sample", 100)

    chosen = read_by_id(sandbox)
    assert len(chosen) == len(set(chosen)) == 100
    assert (report["calls"], sandbox.journal.total, writes(sandbox)) == (101, 101, [])
    drifted, missing = len(edited.intersection(chosen)), len(deleted.intersection(chosen))
    equal = 100 - drifted - missing
    assert drifted > 0
    assert missing > 0
    low, high = share_bounds(equal, 100, 300)
    assert of_rows(report) == {"unchanged": 300, "drifted": drifted, "missing": missing}
    assert report["drifted.first_name"] == drifted
    assert figures(report) == {
        "sampled": 100,
        "sampled_of": 300,
        "sampled_equal": equal,
        "sampled_share": equal / 100,
        "sampled_share_low": round(low, 6),
        "sampled_share_high": round(high, 6),
    }
    assert low < equal / 100 < high
    assert (
        f"Of 100 contacts chosen at random, {equal} ({equal}.0%) are as acknowledged. With 95% confidence, the share "
        f"of all 300 is {100 * low:.1f}% to {100 * high:.1f}%." in caplog.text
    )
    assert f"Of the others: {drifted} drifted (first_name {drifted}), {missing} rows whose contact is missing" in (
        caplog.text
    )
    assert not {"verified_at", "contacts", "unmatched"} & report.keys()
    assert snapshots(warehouse) == 0
    assert of_rows(sync("state")) == {"unchanged": 300}


def test_another_choice_is_made_each_time(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """By chance, which is the system's unless a test says otherwise."""
    warehouse.fill(*people(*range(200)))
    sync("set-up")
    choices: list[frozenset[str]] = []
    for number in range(3):
        sandbox.journal.clear()
        sampled(f"sample {number}", 10, Timing())
        choices.append(frozenset(read_by_id(sandbox)))
    assert len(set(choices)) == 3


def test_where_all_are_read_the_share_is_exact(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """There are fewer rows than the sample asks for."""
    warehouse.fill(*people(1, 2, 3, 4))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    caplog.set_level(logging.INFO)

    report = sampled("sample", "1000")

    assert report["calls"] == 5
    assert figures(report) == {
        "sampled": 4,
        "sampled_of": 4,
        "sampled_equal": 3,
        **dict.fromkeys(("sampled_share", "sampled_share_low", "sampled_share_high"), 0.75),
    }
    assert "All 4 contacts were read, so the share is exact: 3 (75.0%) are as acknowledged." in caplog.text


def test_without_a_row_to_choose_nothing_is_read(warehouse: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    """Before the first sync no row is acknowledged, so no share is told."""
    warehouse.fill(*people(1, 2))
    caplog.set_level(logging.INFO)

    report = sampled("sample", 10)

    assert figures(report) == {"sampled": 0, "sampled_of": 0, "sampled_equal": 0}
    assert (of_rows(report), report["calls"]) == ({"pending": 2}, 1)
    assert "No contact was read" in caplog.text


def test_rows_that_changed_are_not_chosen(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """They wait to be sent, so that their contacts say nothing; neither do rows of one contact."""
    shared = ContactRules(on_shared_identity="send")
    warehouse.fill(*people(1, 2), (8, "p9@example.com", "P9", None, None), (9, "p9@example.com", "P9", None, None))
    sync("set-up", rules=shared)
    warehouse.fill(
        (1, "p1@example.com", "Renamed", None, None),
        *people(2, 3),
        (8, "p9@example.com", "P9", None, None),
        (9, "p9@example.com", "P9", None, None),
    )
    sandbox.journal.clear()

    report = sampled("sample", 10, rules=shared)

    assert read_by_id(sandbox) == [id_of(sandbox, 2)]
    assert (report["sampled_of"], report["pending"], report["unchanged"]) == (1, 2, 3)


def test_a_row_that_may_have_been_written_is_not_chosen(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It is in the source as it was acknowledged, but a call with another value has had no answer."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    warehouse.fill((1, "p1@example.com", "Renamed", None, None), *people(2))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, method="PUT", written=True))
    with pytest.raises(UnavailableError):
        sync("lost", timing=NEVER_AGAIN)
    warehouse.fill(*people(1, 2))
    sandbox.journal.clear()

    report = sampled("sample", 10)

    assert read_by_id(sandbox) == [id_of(sandbox, 2)]
    assert (report["sampled_of"], report["sampled_equal"], report["drifted"]) == (1, 1, 0)


def test_a_row_that_comes_again_counts_as_its_last_one_is(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It was unchanged when it was first read; a row that is the same in the end is compared as such."""
    sql = "SELECT id, email, first_name FROM customers ORDER BY rowid"
    warehouse.fill(*people(*range(6)))
    sync("set-up", sql=sql)
    again: list[Row] = [(0, "p0@example.com", "Changed", None, None), *people(1)]
    warehouse.fill(*people(*range(6)), *again)
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.journal.clear()

    report = sampled(
        "sample",
        10,
        sql=sql,
        batch_size=2,
        guards=GuardPolicy(max_repeated=None),
    )

    assert sorted(read_by_id(sandbox)) == sorted(id_of(sandbox, number) for number in range(1, 6))
    assert of_rows(report) == {"unchanged": 5, "superseded": 2, "pending": 1, "drifted": 1}


def test_rows_that_were_compared_again_take_part(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The row changed, and not the contact that it becomes."""
    sql = "SELECT id, email, first_name FROM customers"
    warehouse.fill(*people(1, 2))
    sync("set-up", sql=sql)
    warehouse.fill((1, " p1@example.com", "P1 ", None, None), *people(2))
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})

    report = sampled("sample", 10, sql=sql)

    assert of_rows(report) == {"unchanged": 2, "drifted": 1}
    assert report["sampled"] == 2


def test_what_was_not_kept_is_as_acknowledged(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A stranger has the phone, and another row holds the other one: neither was written."""
    sandbox.account.upsert({"phone": "+12025550100", "firstName": "Stranger"})
    rows: list[Row] = [
        (1, "p1@example.com", "P1", "+12025550100", None),
        (2, "p2@example.com", "P2", "+12025550101", None),
        (3, "p3@example.com", "P3", "+12025550101", None),
    ]
    warehouse.fill(*((*row[:3], None, None) for row in rows))
    sync("set-up")
    warehouse.fill(*rows)
    assert sync("taken")["identity_taken"] == 1

    report = sampled("sample", 10)

    assert of_rows(report) == {"unchanged": 3}
    assert (report["sampled"], report["sampled_equal"]) == (3, 3)
    sandbox.account.update(id_of(sandbox, 2), {"phone": "+12025550199"})
    found = sampled("edited", 10)
    assert (found["drifted"], found["drifted.phone"]) == (1, 1)


def test_a_part_is_sampled_where_a_part_is_read(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Only rows that the query returns, or that are asked for by key, can be chosen."""
    warehouse.fill(*people(1, 2, 3))
    sync("set-up")
    some = sampled("some", 10, sql="SELECT id, email, first_name FROM customers WHERE id < 3", incremental=True)
    assert (some["read"], some["sampled_of"]) == (2, 2)
    sandbox.journal.clear()
    assert sampled("keys", 10, only_keys=[3])["sampled_of"] == 1
    assert read_by_id(sandbox) == [id_of(sandbox, 3)]


def test_a_contact_that_lost_the_tag_of_departed_rows_is_not_told(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A tag that somebody put on it by hand is: the row is sent without it."""
    removal = RemovalPolicy(on_removed="tag", removed_tags=["left"])
    warehouse.fill(*people(1, 2))
    sync("set-up", removal=removal)
    assert sampled("as it is", 10, removal=removal)["drifted"] == 0
    contact_id = id_of(sandbox, 1)
    sandbox.account.update(contact_id, {"tags": ["left"]})

    found = sampled("tagged", 10, removal=removal)

    assert (found["drifted"], found["drifted.tags"]) == (1, 1)


def test_what_a_write_policy_leaves_to_the_crm_has_not_drifted(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """People may change a field that is written once, and fill one that was empty."""
    sql = "SELECT id, email, first_name, country AS source, 'x' AS city FROM customers"
    rules = ContactRules(write={"source": "once", "city": "if_empty"})
    warehouse.fill(*((*row[:4], "NO") for row in people(1, 2)))
    sync("set-up", sql=sql, rules=rules)
    sandbox.account.update(id_of(sandbox, 1), {"source": "hand", "city": "Oslo"})

    report = sampled("sample", 10, sql=sql, rules=rules)

    assert (report["sampled"], report["sampled_equal"]) == (2, 2)


def test_guards_stop_a_plan_before_anything_is_read(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """As they do without a sample."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    sandbox.journal.clear()
    with pytest.raises(AirflowFailException, match="min_rows"):
        sampled("sample", 10, guards=GuardPolicy(min_rows=3))
    assert read_by_id(sandbox) == []


def test_a_full_resync_that_was_asked_for_reads_no_sample(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Every row would be sent then, so that none is unchanged."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    with closing(open_state("state")) as state:
        state.syncs().ask_full_resync(1)
    caplog.set_level(logging.INFO)
    sandbox.journal.clear()

    report = sampled("sample", 10)

    assert (of_rows(report), figures(report), read_by_id(sandbox)) == ({"pending": 2}, {}, [])
    assert "this run sends every row, and compares none with the account" in caplog.text


def test_the_last_sample_is_printed(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the last verification, which it is not: the exit status does not depend on it."""
    verify = ["verify", "--sync", "customers.sync", "--state-conn-id", "state"]
    warehouse.fill(*people(*range(4)))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.account.delete(id_of(sandbox, 2))
    capsys.readouterr()
    assert main([*verify, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["sampled"] is None
    report = sampled("sample", 4)
    sync("another", compare="account", dry_run=True)
    capsys.readouterr()

    assert main(verify) == 1

    shown = " ".join(capsys.readouterr().out.split())
    assert "verified by no run" in shown
    assert f"by run {report['run_id']} All 4 contacts were read, so the share is exact: 2 (50.0%) are as" in shown
    assert main([*verify, "--json"]) == 1
    [found] = json.loads(capsys.readouterr().out)
    told = found["sampled"]
    assert datetime.fromisoformat(told.pop("sampled_at"))
    assert (found["verified"], told) == (
        None,
        {
            "run": report["run_id"],
            "task_run": "customers/sample/sync/-1",
            **figures(report),
            "drifted": 1,
            "drifted_by_field": {"first_name": 1},
            "missing": 1,
        },
    )


def test_openlineage_is_told_what_drifted_in_a_sample(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """And not that all rows are equal, of which a sample knows nothing."""
    warehouse.fill(*people(*range(4)))
    sync("set-up")

    def asserted(run_id: str) -> list[tuple[str, bool, str | None]]:
        task = operator(sample=4, compare="account", dry_run=True)
        task.execute(cast("Any", {"ti": TaskInstance(run_id=run_id)}))
        lineage = task.get_openlineage_facets_on_complete(None)
        assert lineage
        facets = [each.inputFacets["dataQualityAssertions"] for each in lineage.inputs if each.inputFacets]
        return [(each.assertion, each.success, each.column) for facet in facets for each in facet.assertions]

    assert asserted("equal") == []
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    assert asserted("drifted") == [("not_drifted", False, "first_name")]
