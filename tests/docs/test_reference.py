"""The reference has everything that a user can name, and a gap in the code's own documentation ends the build."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sphinx.errors import ExtensionError

from docs.extension import directives, objects, tables
from docs.extension.docstring import docstring_of
from leadway_provider import configuration_section, connection_type, exceptions, get_provider_info, policies
from leadway_provider.contacts.reasons import CODES
from leadway_provider.lineage.facet import LeadwaySyncRunFacet
from leadway_provider.notifications import conditions
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.store.tables import metadata
from leadway_provider.sync.outcome import Remark, RowState
from tests.airflow_version import VERSION
from tests.docs.page import ROOT, blocks

PAGES: Final = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "reference").glob("*.md"))]
LISTED: Final = [path for page in PAGES for block in blocks(page, "{objects}") for path in block.split()]
SHOWN: Final = [name for page in PAGES for name in re.findall(r"^```\{from-code\} (\w+)$", page, re.MULTILINE)]
BUILT: Final = [path for path in LISTED if VERSION >= (3, 3) or not path.startswith("leadway_provider.retry.")]
"""Those that can be imported with this Airflow."""


def named_by_the_provider_info() -> Iterator[str]:
    """Yield the classes and functions that Airflow finds by the provider's info."""
    info = get_provider_info()
    for kind in ("operators", "hooks", "triggers"):
        for entry in info[kind]:
            yield from (path for module in entry["python-modules"] for path in own_classes(module))
    yield from (each["class-name"] for each in info["task-decorators"])
    yield from info["extra-links"]
    yield from info["notifications"]
    yield from (each["factory"] for each in info["asset-uris"])


def own_classes(module: str) -> list[str]:
    """Return the public classes of a module."""
    found = vars(import_module(module)).values()
    own = (each for each in found if inspect.isclass(each) and each.__module__ == module)
    return [f"{module}.{each.__name__}" for each in own if not each.__name__.startswith("_")]


def test_what_airflow_finds_is_in_the_reference() -> None:
    """Operators, hooks, triggers, decorators, links, notifiers and what makes an asset."""
    assert set(named_by_the_provider_info()) <= set(LISTED)


def test_every_policy_and_condition_is_in_the_reference() -> None:
    """A new one is listed with the others."""
    assert {f"{policies.__name__}.{name}" for name in vars(policies) if name.endswith(("Rules", "Policy"))} <= set(
        LISTED
    )
    assert set(own_classes(conditions.__name__)) <= set(LISTED)


def test_nothing_is_listed_twice_and_every_table_is_shown_once() -> None:
    """A second entry would be a second target for one name."""
    assert len(set(LISTED)) == len(LISTED)
    assert sorted(SHOWN) == sorted(directives.TABLES)


@pytest.mark.parametrize("path", BUILT)
def test_an_entry_has_every_argument_of_its_call(path: str) -> None:
    """Each argument has a line of its own; those of a decorated function and of Airflow's operators are Airflow's."""
    module, _, name = path.rpartition(".")
    thing: Any = getattr(import_module(module), name)
    entry = objects.described(path)
    assert entry.startswith(("::::{py:class} ", ":::{py:function} "))
    if getattr(thing, "_is_protocol", False):
        return
    for argument in inspect.signature(thing).parameters:
        if not argument.startswith("_") and argument not in ("kwargs", "python_callable", "op_args", "op_kwargs"):
            assert f"- `{argument}` (" in entry, argument


def test_an_argument_has_its_type_its_default_and_whether_it_is_a_template() -> None:
    """As the signature and `template_fields` of the operator have them."""
    entry = objects.described(f"{LeadwayUpsertContactsOperator.__module__}.{LeadwayUpsertContactsOperator.__name__}")
    assert "- `sql` (`str`, required, template): a query" in entry
    assert "- `batch_size` (`int`, default `1000`): rows read" in entry
    arguments = inspect.signature(LeadwayUpsertContactsOperator.__init__).parameters.values()
    for each in arguments:
        if each.kind is inspect.Parameter.KEYWORD_ONLY:
            assert f"\n- `{each.name}` (" in entry


def test_every_method_of_the_hook_has_an_entry() -> None:
    """Also those that are derived from the client's methods."""
    entry = objects.described("leadway_provider.hooks.leadway.LeadwayHook")
    for name in ("upsert_contact", "get_contact", "add_tags", "installed_locations", "call", "close"):
        assert f":::{{py:method}} {name}(" in entry
    assert ":::{py:property} settings" in entry


def test_every_error_is_in_the_reference() -> None:
    """Each class of the tree, with the attributes that it has of its own."""
    shown = tables.errors()
    for name, each in vars(exceptions).items():
        if inspect.isclass(each) and issubclass(each, exceptions.LeadwayError):
            assert f"{{py:class}} leadway_provider.exceptions.{name}()" in shown
    assert "- `returns_in`: the seconds until quota returns" in shown


def test_every_code_and_state_is_in_the_reference() -> None:
    """Reasons with their sentences; outcomes and remarks with what is written under them."""
    shown = tables.codes()
    assert all(f"| `{code}` | {meaning} |" in shown for code, meaning in CODES.items())
    outcomes = tables.outcomes()
    assert all(f"| `{state}` | {state.phase} | " in outcomes for state in RowState)
    assert all(f"| `{remark}` | " in outcomes for remark in Remark)


def test_every_option_and_field_of_the_connection_is_in_the_reference() -> None:
    """Options with their environment variables."""
    for name, option in configuration_section()["options"].items():
        assert f"| `AIRFLOW__LEADWAY__{name.upper()}` | {option['description']} |" in tables.options()
    assert all(f"| `{name}` | " in tables.connection() for name in connection_type()["conn-fields"])


def test_every_column_of_the_state_store_and_of_the_facet_is_in_the_reference() -> None:
    """Tables with their columns, and the facet's attributes."""
    shown = tables.state()
    for name, each in metadata.tables.items():
        _, section = shown.split(f"## `{name}`\n")
        part = section.partition("\n## ")[0]
        assert all(f"| `{column.name}` | " in part for column in each.columns)
    names = inspect.signature(LeadwaySyncRunFacet).parameters
    assert all(f"`{name}`" in tables.facet() for name in names if name != "producer")


def test_a_column_without_a_meaning_ends_the_build() -> None:
    """So does a meaning without a column."""
    one = sa.Table("one", sa.MetaData(), sa.Column("id", sa.Integer(), primary_key=True), sa.Column("new", sa.Text()))
    texts = {"one": {"table": "A table.", "id": "its id", "old": "a column that is gone"}}
    with pytest.raises(ExtensionError, match=r"differ in one\.new, one\.old\."):
        tables.explained({"one": one}, texts)


def undocumented() -> None:  # noqa: D103 - the docstring is missing on purpose
    ...


def half_documented(first: int, second: int) -> int:  # noqa: D417 - an argument is missing on purpose
    """Return the sum.

    Args:
        first: a number.
    """
    return first + second


def over_documented(first: int) -> int:
    """Return the number.

    Args:
        first: a number.
        second: an argument that is gone.
    """
    return first


class Kind(StrEnum):
    """An enumeration."""

    FIRST = "first"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("undocumented", "has no docstring"),
        ("half_documented", "says nothing of second"),
        ("over_documented", "explains second, which it does not take"),
        ("gone", "does not exist"),
    ],
)
def test_a_gap_in_the_documentation_ends_the_build(name: str, message: str) -> None:
    """A docstring that is missing, or that does not fit the signature."""
    with pytest.raises(ExtensionError, match=message):
        objects.described(f"{__name__}.{name}")


def test_a_state_without_a_meaning_ends_the_build() -> None:
    """The reference shows what is written under each member."""
    with pytest.raises(ExtensionError, match=r"Kind\.FIRST has no docstring"):
        tables.members(Kind)


def test_a_docstring_is_read_in_its_parts() -> None:
    """The text without its sections, and entries of several lines as one."""

    def thing() -> None:
        """Say something.

        Args:
            one: of two
                lines.

        Raises:
            ValueError: never.
        """

    doc = docstring_of(thing, "thing")
    assert (doc.text, doc.arguments, doc.raises) == (
        "Say something.",
        {"one": "of two lines."},
        {"ValueError": "never."},
    )
