"""A run that finds the account as the source says keeps that it did, and says so wherever the run is told of."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.cli import main
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, TaskInstance, Warehouse, sync
from tests.operators.test_compare import compare, id_of, people

STATE = ["--state-conn-id", "state"]


def verified(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of a verification; nothing where the run has verified nothing."""
    return {name: value for name, value in report.items() if name.startswith("verified")}


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """Return what `leadway verify` prints of the sync."""
    capsys.readouterr()
    assert main(["verify", "--sync", "customers.sync", *arguments, *STATE]) == status
    return capsys.readouterr().out


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_that_has_nothing_to_send_has_verified_the_account(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture, *, dry_run: bool
) -> None:
    """A run, or a dry run, after the deliveries of another one; the run that delivered has not verified it."""
    warehouse.fill(*people(1, 2, 3))
    assert not verified(compare("first"))
    caplog.set_level(logging.INFO)

    before = datetime.now(UTC)
    report = compare("second", dry_run=dry_run)

    assert (report["unchanged"], report["verified_rows"], report["believed"]) == (3, 3, 0)
    assert datetime.fromisoformat(report["verified_at"]) > before
    assert f"Verified: the account has 3 rows as the source says (hash {report['verified_hash']})" in caplog.text


def test_the_hash_is_of_keys_contacts_and_fields(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It stays while these do, whatever the order of the rows; another value, contact or row makes another one."""
    warehouse.fill(*people(1, 2, 3))
    sync("set-up")
    hashes = [verified(compare("as it is"))["verified_hash"], verified(compare("again"))["verified_hash"]]
    warehouse.fill(*people(3, 1, 2))
    hashes.append(verified(compare("in another order"))["verified_hash"])
    assert len(set(hashes)) == 1

    warehouse.fill((1, "p1@example.com", "Renamed", None, None), *people(2, 3))
    compare("renamed")
    hashes.append(verified(compare("after renamed"))["verified_hash"])
    sandbox.account.delete(id_of(sandbox, 2))
    compare("another contact")
    hashes.append(verified(compare("after another contact"))["verified_hash"])
    warehouse.fill((1, "p1@example.com", "Renamed", None, None), *people(2))
    hashes.append(verified(compare("a row less"))["verified_hash"])
    assert len(set(hashes)) == 4


def test_a_dry_run_hashes_what_it_would_adopt(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Rows that were never sent live on the contacts that were found for them, before and after these are stored."""
    for number in (1, 2):
        sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": f"P{number}"})
    warehouse.fill(*people(1, 2))

    dry, real, later = compare("dry", dry_run=True), compare("real"), compare("later")

    assert (dry["adopted"], dry["verified_rows"]) == (2, 2)
    assert dry["verified_hash"] == real["verified_hash"] == later["verified_hash"]


@pytest.mark.parametrize("what", ["edited", "deleted", "new row", "departed", "part", "no comparison"])
def test_what_is_not_as_the_source_says_is_not_verified(
    warehouse: Warehouse, sandbox: SandboxServer, what: str
) -> None:
    """Neither is an account of which a run has compared some rows only, or none."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    arguments: dict[str, Any] = {"compare": "account"}
    match what:
        case "edited":
            sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
        case "deleted":
            sandbox.account.delete(id_of(sandbox, 1))
        case "new row":
            warehouse.fill(*people(1, 2, 3))
        case "departed":
            warehouse.fill(*people(1))
            arguments["removal"] = RemovalPolicy(on_removed="untag", removed_tags=["customer"], max_removed=1)
        case "part":
            arguments["incremental"] = True
        case _:
            arguments["compare"] = "state"

    assert not verified(sync("run", dry_run=True, **arguments))
    assert not verified(sync("run", **arguments))


def test_rejected_and_believed_rows_are_told_beside(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account can't have the first ones, and has another value than was sent of the others."""
    sandbox.account.upsert({"phone": "+12025550100", "firstName": "Stranger"})
    warehouse.fill(*people(1, 2))
    sync("set-up")
    warehouse.fill((1, "p1@example.com", "P1", "+12025550100", None), *people(2), (9, "no address", None, None, None))
    assert sync("taken", max_rejected=1)["identity_taken"] == 1

    report = compare("run", max_rejected=1)

    assert (report["unchanged"], report["invalid"], report["believed"], report["verified_rows"]) == (2, 1, 1, 1)
    assert "  rows     1 equal to their contacts, 1 rejected, 1 believed\n" in shown(capsys)


def test_a_run_that_takes_over_what_another_one_left_has_verified_nothing(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Such a row was not equal when it was planned, and its contact may have got it since."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    warehouse.fill((1, "p1@example.com", "Refused", None, None), *people(2))
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="p1@example.com"))
    sync("refused", max_rejected=1)

    assert not verified(compare("tried again"))
    assert verified(compare("then"))["verified_rows"] == 2


def test_the_last_verification_is_printed(warehouse: Warehouse, sandbox: SandboxServer, capsys: Any) -> None:
    """With status 1 before the first one; a later run that found a difference does not hide it."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    assert 'verified by no run; a run with compare="account"' in shown(capsys, status=1)
    assert json.loads(shown(capsys, "--json", status=1))[0]["verified"] is None
    report = compare("verified")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    compare("healed")

    [found] = json.loads(shown(capsys, "--json"))

    assert found["verified"] == {
        "verified_at": report["verified_at"],
        "run": report["run_id"],
        "task_run": "customers/verified/sync/-1",
        "rows": 2,
        "rejected": 0,
        "superseded": 0,
        "skipped": 0,
        "believed": 0,
        "contacts": 2,
        "unmatched": 0,
        "hash": report["verified_hash"],
    }


def test_a_dry_run_that_was_replaced_has_still_verified_the_account(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its plan can't be delivered any more after the sync's next run, and what it found remains true."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    report = compare("verified", dry_run=True)
    sync("daily")

    assert f"by run {report['run_id']}" in shown(capsys)
    sandbox.faults.add(Fault(FaultKind.FORBIDDEN, times=None, path="/contacts/search"))
    with pytest.raises(AirflowFailException):
        compare("cut short", dry_run=True)
    sandbox.faults.clear()
    sync("daily again")
    assert f"by run {report['run_id']}" in shown(capsys)


def test_a_plan_that_was_never_sealed_has_verified_nothing(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it had found by then does not count."""
    warehouse.fill(*people(1))
    sync("set-up")
    report = compare("killed")
    engine = sa.create_engine(f"sqlite:///{warehouse.state}")
    with closing(engine.connect()) as connection, connection.begin():
        ended = sa.text("UPDATE leadway_run SET status = 'abandoned' WHERE task_run LIKE 'customers/killed/%'")
        assert connection.execute(ended).rowcount == 1
    engine.dispose()

    assert report["run_id"] not in shown(capsys, status=1)


def test_openlineage_is_told_what_was_found(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The account's contacts were read: whether all rows are equal, and the fields that are not."""

    def asserted(compared: str = "account") -> list[tuple[str, bool, str | None]]:
        task = LeadwayUpsertContactsOperator(
            task_id="sync",
            sql=SQL.replace("first_name", "first_name AS firstName"),
            sql_conn_id="warehouse",
            key="id",
            state_conn_id="state",
            compare=compared,
        )
        task.execute(cast("Any", {"ti": TaskInstance(run_id=f"run {len(sandbox.journal.calls)}")}))
        lineage = task.get_openlineage_facets_on_complete(None)
        assert lineage
        facets = [each.inputFacets["dataQualityAssertions"] for each in lineage.inputs if each.inputFacets]
        assert {(each.namespace, each.name) for each in lineage.inputs if each.inputFacets} <= {
            ("leadway://sandbox-location", "contacts")
        }
        return [(each.assertion, each.success, each.column) for facet in facets for each in facet.assertions]

    warehouse.fill(*people(1, 2))
    assert asserted("state") == []
    assert asserted() == [("all_rows_equal", True, None)]
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    assert asserted() == [("all_rows_equal", False, None), ("not_drifted", False, "first_name")]
    assert asserted() == [("all_rows_equal", True, None)]
