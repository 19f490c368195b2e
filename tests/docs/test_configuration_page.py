"""The page about the configuration names every argument, policy, option and param, and its examples run."""

from __future__ import annotations

import ast
import inspect
import re
from configparser import ConfigParser
from dataclasses import fields
from typing import Any, Final

from leadway_provider import configuration_section, policies
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.params import from_params, sync_params
from leadway_provider.policies import GuardPolicy
from tests.docs.page import blocks, quoted, read, table

PAGE: Final = read("docs/configuration.md")


def test_every_argument_is_on_the_page() -> None:
    """Each with its default, and whether Airflow renders it."""
    arguments = {
        each.name: each.default
        for each in inspect.signature(LeadwayUpsertContactsOperator.__init__).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    }
    listed = {quoted(row[0])[0]: row for row in table(PAGE, "Argument", "Default", "Template", "Takes")}
    assert listed.keys() == arguments.keys()
    for name, default in arguments.items():
        _, shown, template, takes = listed[name]
        assert shown == ("" if default is inspect.Parameter.empty else f"`{default!r}`"), name
        assert template == ("yes" if name in LeadwayUpsertContactsOperator.template_fields else "no"), name
        assert takes, name


def test_every_policy_is_on_the_page() -> None:
    """The table names each once."""
    listed = [quoted(name)[0] for name, _ in table(PAGE, "Policy", "For")]
    assert sorted(listed) == sorted(name for name in vars(policies) if name.endswith(("Rules", "Policy")))


def test_every_guard_is_on_the_page() -> None:
    """Each with its default."""
    listed = {
        quoted(name)[0]: quoted(default)[0] for name, default, _ in table(PAGE, "Guard", "Default", "The task fails if")
    }
    assert listed == {field.name: repr(field.default) for field in fields(GuardPolicy)}


def test_every_option_is_on_the_page() -> None:
    """Each option of the section with its default."""
    options = configuration_section()["options"]
    listed = {quoted(name)[0]: quoted(default)[0] for name, default, _ in table(PAGE, "Option", "Default", "Meaning")}
    assert listed == {name: str(option["default"]) for name, option in options.items()}


def test_every_param_is_on_the_page() -> None:
    """Each argument of `sync_params` with its default; those at the end have no param unless they are given."""
    listed = {
        name: quoted(default)[0] if quoted(default) else None
        for names, default in table(PAGE, "Param", "Default")
        for name in quoted(names)
    }
    signature = inspect.signature(sync_params).parameters
    assert list(listed) == ["dry_run", "full_resync", "allow_older", *list(signature)[3:]]
    made = sync_params()
    for name, shown in listed.items():
        assert (shown is not None) == (name in made), name
        assert shown in (None, repr(signature[name].default)), name


def test_the_texts_are_those_that_are_read() -> None:
    """The arguments that may be null are those of the table."""
    [sentence] = re.findall(r"^\| `None`, in (.+?) and guards \|", PAGE, re.MULTILINE)
    assert quoted(sentence) == ["mapping", "constants", "only_keys", "sample"]
    for name in quoted(sentence):
        task = _task(**{name: "null"})
        assert getattr(task.request, name) is None


def test_the_calls_can_be_made() -> None:
    """The page's policies and its DAG can be copied."""
    first, second = blocks(PAGE, "python")
    module = ast.parse(first)
    call = module.body.pop()
    assert isinstance(call, ast.Expr)
    names: dict[str, Any] = {"LeadwayUpsertContactsOperator": LeadwayUpsertContactsOperator}
    exec(compile(module, "configuration.md", "exec"), names)  # noqa: S102 - the page's own imports
    task = eval(compile(ast.Expression(call.value), "configuration.md", "eval"), names)  # noqa: S307 - the page's own text
    assert task.request.guards == GuardPolicy(max_new=50_000, max_changed=0.5, min_rows=1000)
    names = {}
    exec(compile(second, "configuration.md", "exec"), names)  # noqa: S102 - the page's own DAG
    assert from_params(names["PARAMS"])["guards"].max_changed == "{{ params.max_changed | tojson }}"


def test_the_section_can_be_copied() -> None:
    """Its options are those of the provider, with values that are taken."""
    [block] = blocks(PAGE, "ini")
    parser = ConfigParser()
    parser.read_string(block)
    options = configuration_section()["options"]
    assert parser.sections() == ["leadway"]
    for name, value in parser.items("leadway"):
        assert options[name]["type"] == "string" or int(value) > 0


def _task(**arguments: Any) -> LeadwayUpsertContactsOperator:
    return LeadwayUpsertContactsOperator(
        task_id="sync", sql="SELECT 1 AS email", sql_conn_id="warehouse", key="email", **arguments
    )
