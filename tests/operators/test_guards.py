"""Guards: a plan that is not as the task expects is not sent, and a person can let one run pass."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import GuardPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import counted
from tests.operators.task import Row, TaskInstance, Warehouse, sync


def people(*numbers: int, name: str = "Ann") -> list[Row]:
    """Return a row for each number."""
    return [(number, f"p{number}@example.com", name, None, None) for number in numbers]


@pytest.fixture
def ten(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """A warehouse whose ten customers were synced."""
    warehouse.fill(*people(*range(10)))
    assert sync("before")["created"] == 10
    sandbox.journal.clear()
    return warehouse


def stopped(sandbox: SandboxServer, **arguments: Any) -> str:
    """Run the task, which a guard stops before it writes anything, and return what the error says."""
    with pytest.raises(AirflowFailException) as caught:
        sync("guarded", **arguments)
    assert not sandbox.journal.writes
    return str(caught.value)


@pytest.mark.parametrize("limit", [0, 0.05, 0.1, 0.19, 1])
def test_a_join_that_changes_every_row_is_stopped(ten: Warehouse, sandbox: SandboxServer, limit: float) -> None:
    """The error has the figures, says that nothing was changed, and how to let this run pass."""
    ten.fill(*people(*range(8)), *people(8, 9, name="Bob"))
    says = stopped(sandbox, guards=GuardPolicy(max_changed=limit))
    assert f"2 rows with a contact would be sent, and max_changed is {limit}" in says
    assert "before any contact was changed" in says
    assert "trigger the DAG with max_changed=null" in says
    assert "leadway_provider.params" in says
    assert counted(sync("passed", guards=GuardPolicy(max_changed=None))) == {"unchanged": 8, "updated": 2}


@pytest.mark.parametrize("limit", [2, 0.2, "2", "0.2", None])
def test_exactly_as_many_changed_rows_as_allowed_are_sent(ten: Warehouse, limit: float | str | None) -> None:
    """Two of ten; a share is one of the rows with a contact, and text means what it says."""
    ten.fill(*people(*range(8)), *people(8, 9, name="Bob"))
    assert counted(sync("guarded", guards=GuardPolicy(max_changed=limit))) == {"unchanged": 8, "updated": 2}


@pytest.mark.parametrize(("limit", "allows"), [(1, True), (0, False), (0.1, True), (0.09, False)])
def test_new_rows_are_guarded(ten: Warehouse, sandbox: SandboxServer, limit: float, allows: bool) -> None:  # noqa: FBT001 - a table's column
    """A row without a contact is new; a changed one is not."""
    ten.fill(*people(*range(9)), *people(9, name="Bob"), *people(10))
    guards = GuardPolicy(max_new=limit, max_changed=1)
    if allows:
        assert counted(sync("guarded", guards=guards)) == {"unchanged": 9, "updated": 1, "created": 1}
    else:
        assert f"1 row without a contact would be sent, and max_new is {limit}" in stopped(sandbox, guards=guards)


def test_a_row_that_was_planned_and_not_sent_is_still_new(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A dry run and a run that a guard stopped leave no trace that makes a row count as changed."""
    warehouse.fill(*people(1, 2, 3))
    sync("dry", dry_run=True)
    for _ in range(2):
        assert "3 rows without a contact" in stopped(sandbox, guards=GuardPolicy(max_new=2, max_changed=0))
    assert sync("passed", guards=GuardPolicy(max_new=3, max_changed=0))["created"] == 3


def test_a_guard_that_can_not_be_evaluated_stops_the_run(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """In a first run a share of the rows with a contact is a share of nothing."""
    warehouse.fill(*people(1, 2, 3))
    assert "There are none, so it can't be evaluated" in stopped(sandbox, guards=GuardPolicy(max_new=0.5))


def test_a_guard_whose_template_was_not_rendered_stops_the_run(ten: Warehouse, sandbox: SandboxServer) -> None:
    """It is not taken for no guard."""
    ten.fill(*people(*range(11)))
    assert "not rendered" in stopped(sandbox, guards=GuardPolicy(max_new="{{ params.max_new }}"))


def test_an_empty_result_is_not_green(ten: Warehouse, sandbox: SandboxServer) -> None:
    """A whole read without rows fails where rows have contacts; `min_rows=0` lets it pass."""
    ten.fill()
    says = stopped(sandbox)
    assert "returned 0 rows, and min_rows is 1" in says
    assert "the sync has 10 rows with a contact" in says
    assert "min_rows=0" in says
    assert counted(sync("passed", guards=GuardPolicy(min_rows=0))) == {}


def test_an_empty_result_is_right_where_nothing_was_synced_or_only_changes_are_read(warehouse: Warehouse) -> None:
    """The first run over an empty table, and an incremental one without changes, succeed."""
    assert counted(sync("first")) == {}
    warehouse.fill(*people(1))
    sync("second")
    warehouse.fill()
    assert sync("third", incremental=True)["read"] == 0


def test_too_few_rows_are_stopped(ten: Warehouse, sandbox: SandboxServer) -> None:
    """A number is one for incremental runs, too."""
    ten.fill(*people(*range(10)))
    for incremental in (False, True):
        says = stopped(sandbox, guards=GuardPolicy(min_rows=11), incremental=incremental)
        assert "returned 10 rows, and min_rows is 11" in says
    assert sync("enough", guards=GuardPolicy(min_rows=10))["unchanged"] == 10


def test_all_guards_are_named_at_once(ten: Warehouse, sandbox: SandboxServer) -> None:
    """One error has every figure, so that one run is enough to see them."""
    ten.fill(*people(*range(9), name="Bob"), *people(10), *people(10, name="Ben"))
    says = stopped(sandbox, guards=GuardPolicy(max_new=0, max_changed=0.1, min_rows=20, max_repeated=0))
    assert [says.count(f"{name} is") for name in ("max_new", "max_changed", "min_rows", "max_repeated")] == [1] * 4


def test_a_key_that_is_not_unique_is_warned_about_and_stops_the_run(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning has the key, the keys with the most rows and their numbers, and no e-mail."""
    countries = ["US"] * 5 + ["DE"] * 3 + ["FR"]
    warehouse.fill(*((n, f"p{n}@example.com", None, None, country) for n, country in enumerate(countries)))
    says = stopped(sandbox, sql="SELECT country, email, first_name FROM customers", key="country")
    assert "6 rows with the key of another row, and max_repeated is 0.01, which allows 0 of the 9 rows" in says
    [warning] = [record.message for record in caplog.records if "Repeated keys" in record.message]
    assert "6 of 9 rows" in warning
    assert "Is the key (country) unique" in warning
    assert "US (5 rows), DE (3 rows)" in warning
    assert "example.com" not in warning


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_the_fan_out_of_a_join_is_stopped_in_whatever_batches_it_comes(
    ten: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture, batch_size: int
) -> None:
    """Each customer once for each of three orders: rows that repeat a key are counted within batches and across."""
    ten.run("CREATE TABLE orders (customer INTEGER)")
    ten.run("INSERT INTO orders SELECT id FROM customers, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)")
    query = "SELECT id, email, first_name FROM customers JOIN orders ON customer = id ORDER BY orders.rowid"
    says = stopped(sandbox, sql=query, batch_size=batch_size)
    assert "20 rows with the key" in says
    assert "(3 rows)" in caplog.text
    report = sync("passed", sql=query, batch_size=batch_size, guards=GuardPolicy(max_repeated=20))
    assert (report["read"], report["superseded"]) == (30, 20)


def test_one_repeated_row_of_a_hundred_is_a_warning_only(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The default allows one in a hundred."""
    warehouse.fill(*people(*range(99)), *people(7, name="Bob"))
    assert counted(sync(max_in_flight=50)) == {"superseded": 1, "created": 99}
    assert "1 of 100 rows with the key" in caplog.text


def test_rows_that_share_an_email_do_not_repeat_a_key(warehouse: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    """They are superseded as well, and no reason to doubt the key."""
    warehouse.fill(*((n, "ann@example.com", "Ann", None, None) for n in range(3)))
    assert sync()["superseded"] == 2
    assert "Repeated keys" not in caplog.text


def test_a_dry_run_applies_the_guards(ten: Warehouse, sandbox: SandboxServer) -> None:
    """It fails where the run would fail."""
    ten.fill(*people(*range(10), name="Bob"))
    assert "max_changed is 0.5" in stopped(sandbox, dry_run=True, guards=GuardPolicy(max_changed=0.5))


def test_a_dry_run_applies_max_rejected(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It says that nothing was sent, and its report is in XCom, as that of any run with too many rejected rows."""
    warehouse.fill(*people(1), (2, "nobody at example", None, None, None))
    ti = TaskInstance()
    with pytest.raises(AirflowFailException, match=r"1 of 2 rows rejected .*This is a dry run: nothing was sent"):
        sync(ti=ti, dry_run=True)
    assert counted(ti.pushed["return_value"]) == {"pending": 1, "invalid": 1}
    assert not sandbox.journal.writes


def test_a_retry_goes_on_with_a_plan_that_passed_its_guards(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The guards look at a plan once; they are no part of what it is, so another policy does not plan anew."""
    warehouse.fill(*people(1, 2))
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="p2@example.com"))
    with pytest.raises(AirflowFailException, match="leadway_default"):
        sync("one", max_in_flight=1)
    warehouse.fill()
    assert counted(sync("one", guards=GuardPolicy(max_new=0))) == {"created": 2}


@pytest.mark.parametrize(
    "value", [-1, 1.0, 2.0, 1.5, True, "1.0", "", " ", "5%", "lots", float("nan"), float("inf"), []]
)
@pytest.mark.parametrize("name", ["max_new", "max_changed", "max_repeated", "min_rows"])
def test_a_guard_that_is_no_limit_is_an_error(name: str, value: Any) -> None:
    """1.0 could be one row or all rows, so it is neither; a blank text is not taken for no limit."""
    with pytest.raises(ConfigurationError, match=name):
        GuardPolicy(**{name: value})


def test_min_rows_is_a_number_of_rows() -> None:
    """A share of what could not be read would be a riddle."""
    with pytest.raises(ConfigurationError, match=r"min_rows is 0\.5; give a whole number"):
        GuardPolicy(min_rows=0.5)  # type: ignore[arg-type]  # what mypy says, too
