"""Template fields: what a person says at the trigger, rendered by Airflow, and then read strictly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException
from airflow.sdk import literal, task

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.params import from_params, sync_params
from leadway_provider.policies import GuardPolicy, RemovalPolicy
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.request import SyncRequest
from tests.operators.people import counted
from tests.operators.task import SQL, Row, TaskInstance, Warehouse

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)
SAID = ("constants", "mapping", "max_rejected", "dry_run", "full_resync", "allow_older", "incremental", "guards")


def rendered(params: dict[str, Any], *, native: bool = False, **arguments: Any) -> LeadwayUpsertContactsOperator:
    """Return the task as it is when Airflow has rendered its templates for a run with these params."""
    chosen: dict[str, Any] = {"sql": SQL, "sql_conn_id": "warehouse", "key": "id", "state_conn_id": "state"}
    with DAG("templated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        dag.render_template_as_native_obj = native
        made = LeadwayUpsertContactsOperator(task_id="sync", **chosen | arguments)
    made.render_template_fields(cast("Any", {"dag": dag, "params": params}))
    return made


def run(run_id: str, params: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Run the task for a run with these params."""
    return rendered(params, **arguments).execute(cast("Any", {"ti": TaskInstance(run_id=run_id)}))


def asked(params: dict[str, Any], *, native: bool = False, **arguments: Any) -> SyncRequest:
    """Return what the task asks for in a run with these params."""
    return rendered(params, native=native, **arguments).request


def test_what_a_person_may_say_is_a_template_field() -> None:
    """Each of these arguments is rendered."""
    assert {*SAID, "only_keys"} <= {*LeadwayUpsertContactsOperator.template_fields}


def test_a_constant_is_rendered_before_it_is_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Text in a list is a template, too; a value that is no text is sent as it is."""
    warehouse.fill(ANN)
    run("one", {"tag": "VIP"}, constants={"source": "{{ dag.dag_id }}", "tags": ["{{ params.tag }}"], "dnd": True})
    [contact] = sandbox.account.contacts
    assert (contact.as_json("x")["source"], contact.tags, contact.as_json("x")["dnd"]) == ("templated", ["vip"], True)


def test_braces_that_are_no_template_are_sent(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Airflow's `literal` keeps text as it is."""
    warehouse.fill(ANN)
    run("one", {}, constants={"source": literal("{{ not a template }}")})
    [contact] = sandbox.account.contacts
    assert contact.as_json("x")["source"] == "{{ not a template }}"


def test_a_mapping_is_rendered(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A target may come from a param, and so may the whole mapping."""
    warehouse.fill(ANN)
    params = {"target": "last_name", "mapping": {"first_name": "city"}}
    run("one", params, mapping={"first_name": "{{ params.target }}"})
    run("two", params, mapping="{{ params.mapping | tojson }}")
    [contact] = sandbox.account.contacts
    assert (contact.as_json("x")["lastName"], contact.as_json("x")["city"]) == ("Ann", "Ann")


def test_a_target_that_a_template_gives_is_checked_before_anything_is_sent(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """It is unknown while the DAG is parsed, and named when the task runs; a plain one is named at once."""
    warehouse.fill(ANN)
    with pytest.raises(AirflowFailException, match="first_name"):
        run("one", {"target": "frist_name"}, mapping={"first_name": "{{ params.target }}"})
    assert not sandbox.journal.writes
    with pytest.raises(ConfigurationError, match="first_name"):
        rendered({}, mapping={"a": "{{ params.target }}", "b": "frist_name"})


MEANT: Final[list[tuple[str, Any, Any, Any]]] = [
    *(
        (flag, "{{ params.x }}", value, value)
        for flag in ("dry_run", "full_resync", "allow_older", "incremental")
        for value in (True, False)
    ),
    ("dry_run", "{{ params.x | tojson }}", True, True),
    ("max_rejected", "{{ params.x }}", 5, 5),
    ("max_rejected", "{{ params.x }}", 0.05, 0.05),
    ("max_rejected", "{{ params.x }}", 0.00001, 0.00001),
    ("only_keys", "{{ params.x | tojson }}", ["7", 8], ("7", "8")),
    ("only_keys", "{{ params.x }}", ["00007", "it's"], ("00007", "it's")),
    ("only_keys", "{{ params.x }}", None, None),
    ("only_keys", ["{{ params.x }}"], "7", ("7",)),
    ("mapping", "{{ params.x }}", {"a": "city"}, {"a": "city"}),
    ("mapping", "{{ params.x | tojson }}", None, None),
    ("constants", "{{ params.x | tojson }}", {"source": "shop's", "dnd": True}, {"source": "shop's", "dnd": True}),
]
"""Argument, template, the param `x`, and what it means."""

NO_FLAG: Final[tuple[Any, ...]] = ("", "yes", "1", 1, 0, None, "maybe", [])
UNCLEAR: Final[list[tuple[str, Any]]] = [
    *((flag, value) for flag in ("dry_run", "full_resync", "allow_older", "incremental") for value in NO_FLAG),
    *(("max_rejected", value) for value in ("", "1.0", 1.0, "5%", "-1", None, True, "{{ params.y }}")),
    *(("max_rejected", value) for value in ("9" * 19, "9" * 5000)),
    *(("mapping", value) for value in ("", "a: city", ["a"], {"a": 1}, "1")),
    *(("constants", value) for value in ("", "source", ["source"], "1")),
    *(("only_keys", value) for value in ("", "7", 7, [], {"a": 1}, [[7]], [None])),
]
"""Argument, and a param that says nothing clear."""


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(("argument", "template", "value", "meant"), MEANT)
def test_a_rendered_value_is_what_it_says(
    argument: str,
    template: Any,
    value: Any,
    meant: Any,
    native: bool,  # noqa: FBT001 - a table's column
) -> None:
    """As text and, where the DAG renders to native objects, as the object."""
    assert getattr(asked({"x": value}, native=native, **{argument: template}), argument) == meant


@pytest.mark.parametrize(("argument", "value"), UNCLEAR)
def test_a_rendered_value_that_says_nothing_clear_is_an_error(argument: str, value: Any) -> None:
    """The error names task and argument; nothing is taken for a default."""
    given: dict[str, Any] = {argument: "{{ params.x }}"}
    with pytest.raises(ConfigurationError, match=f"{argument} of task sync"):
        asked({"x": value}, **given)


@pytest.mark.parametrize("native", [False, True])
def test_the_guards_are_rendered(native: bool) -> None:  # noqa: FBT001 - a table's column
    """Each by itself, from numbers, text and null."""
    guards = GuardPolicy(
        max_new="{{ params.new }}",
        max_changed="{{ params.changed | tojson }}",
        min_rows="{{ params.rows | tojson }}",
        max_repeated=0.5,
    )
    found = asked({"new": 3, "changed": 0.25, "rows": None}, native=native, guards=guards).guards
    assert found == GuardPolicy(max_new=3, max_changed=0.25, min_rows=None, max_repeated=0.5)
    with pytest.raises(ConfigurationError, match=r"guards of task sync: max_new is '1\.0'"):
        asked({"new": "1.0", "changed": 1, "rows": 1}, guards=guards)


def test_what_is_incremental_at_the_trigger_only_keeps_its_rules() -> None:
    """An overlap is left out of a whole run, and a removal policy is an error in an incremental one."""
    hours = timedelta(hours=6)
    assert asked({"x": True}, incremental="{{ params.x }}", overlap=hours).overlap == hours
    assert asked({"x": False}, incremental="{{ params.x }}", overlap=hours).overlap == timedelta()
    with pytest.raises(ConfigurationError, match="incremental"):
        asked({"x": True}, incremental="{{ params.x }}", removal=RemovalPolicy("delete"))


def test_a_task_that_gives_an_argument_comes_first() -> None:
    """The output of another task may be an argument: Airflow lets that task run before this one."""
    with DAG("templated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):

        @task
        def keys() -> list[str]:
            """Return some keys."""
            return ["7"]

        made = LeadwayUpsertContactsOperator(
            task_id="sync", sql=SQL, sql_conn_id="warehouse", key="id", only_keys=cast("Any", keys())
        )
    assert made.upstream_task_ids == {"keys"}


def test_the_ready_params_say_nothing_else_by_default() -> None:
    """A task with the params of a DAG asks for what it would ask for without them."""
    params = sync_params()
    values = {name: param.resolve() for name, param in params.items()}
    assert asked(values, **from_params(params)) == asked({})


@pytest.mark.parametrize("native", [False, True])
def test_the_ready_params_reach_the_task(native: bool) -> None:  # noqa: FBT001 - a table's column
    """Each of them, whether the DAG renders to text or to objects."""
    params = sync_params(
        dry_run=True, full_resync=True, allow_older=True, only_keys=["7"], max_rejected=0.1, max_new=5,
        max_changed=0.2, min_rows=3, max_repeated=None, incremental=True, mapping={"a": "city"},
        constants={"source": "shop"},
    )  # fmt: skip
    assert {*params} == {*SAID, "only_keys", "max_new", "max_changed", "min_rows", "max_repeated"} - {"guards"}
    values = {name: param.resolve() for name, param in params.items()}
    found = asked(values, native=native, **from_params(params))
    assert [getattr(found, name) for name in SAID] == [
        *({"source": "shop"}, {"a": "city"}, 0.1, True, True, True, True),
        GuardPolicy(max_new=5, max_changed=0.2, min_rows=3, max_repeated=None),
    ]
    assert found.only_keys == ("7",)


def test_a_run_without_changes_is_the_same_run_with_params(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """One customer first, then a dry run, then all."""
    warehouse.fill(ANN, BOB)
    params = sync_params()
    values = {name: param.resolve() for name, param in params.items()}
    assert counted(run("one", values | {"only_keys": ["2"]}, **from_params(params))) == {"created": 1}
    assert counted(run("dry", values | {"dry_run": True}, **from_params(params))) == {"unchanged": 1, "pending": 1}
    assert counted(run("all", values, **from_params(params))) == {"unchanged": 1, "created": 1}
    assert len(sandbox.journal.writes) == 2


@pytest.mark.parametrize("value", [10**18, -(10**18), 10**5000], ids=["large", "negative", "huge"])
def test_a_limit_of_more_rows_than_there_can_be_is_an_error(value: int) -> None:
    """Also one that is too long for Python to write."""
    with pytest.raises(ConfigurationError, match="max_new is a number of more than 18 digits"):
        GuardPolicy(max_new=value)
