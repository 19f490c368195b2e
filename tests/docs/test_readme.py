"""README's tables are what the code says, and its links work wherever README is shown."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from typing import Final

import pytest

from leadway_provider import policies
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sync.outcome import COUNTED, OUTCOMES, REJECTED
from tests.docs.page import ROOT, quoted, read, table

README: Final = read("README.md")
REPOSITORY: Final = "https://github.com/leadway-crm/leadway-provider"
LINKS: Final = re.findall(r"\]\(([^)]+)\)", README)
URLS: Final[dict[str, str]] = tomllib.loads(read("pyproject.toml"))["project"]["urls"]


def names(*head: str) -> list[str]:
    """Return what the first column of a table names."""
    return [name for first, *_ in table(README, *head) for name in quoted(first)]


def test_every_outcome_is_in_the_table() -> None:
    """Each outcome is named once, in the order of the report."""
    assert names("Outcome", "The row") == list(OUTCOMES)


def test_every_other_count_is_in_the_table() -> None:
    """The sum and its parts, remarks and departed rows are named once, in the order of the report."""
    [total] = re.findall(r"so (`read` \+ `carried`) is the sum of these counts:$", README, re.MULTILINE)
    assert [*quoted(total), *names("Outcome", "The row"), *names("Count", "The rows")] == list(COUNTED)


def test_the_rejected_outcomes_are_named() -> None:
    """The sentence about rejected rows names the states that count against `max_rejected`."""
    [sentence] = re.findall(r"^Rejected rows are ([^.]+)\.", README, re.MULTILINE)
    assert quoted(sentence) == list(REJECTED)


def test_every_argument_of_the_operator_is_in_the_table() -> None:
    """Each argument has its default: nothing where it must be given, and words where it is None."""
    signature = inspect.signature(LeadwayUpsertContactsOperator.__init__).parameters.values()
    defaults = {
        each.name: each.default
        for each in signature
        if each.kind is inspect.Parameter.KEYWORD_ONLY and each.name != "self"
    }
    listed = {quoted(name)[0]: default for name, default, _ in table(README, "Argument", "Default", "Meaning")}
    assert listed.keys() == defaults.keys()
    for name, default in defaults.items():
        match default:
            case inspect.Parameter.empty:
                assert listed[name] == "", name
            case None:
                assert listed[name], name
            case str():
                assert listed[name] == f"`{json.dumps(default)}`", name
            case _:
                assert listed[name] == f"`{default!r}`", name


@pytest.mark.parametrize(
    ("argument", "policy"),
    [
        ("rules", policies.ContactRules),
        ("quota", policies.QuotaPolicy),
        ("removal", policies.RemovalPolicy),
        ("guards", policies.GuardPolicy),
    ],
)
def test_the_default_of_a_policy_is_the_policy_itself(argument: str, policy: type[object]) -> None:
    """The table shows which policy an argument takes, and without the argument the task has that policy."""
    task = LeadwayUpsertContactsOperator(task_id="sync", sql="SELECT 1 AS email", sql_conn_id="warehouse", key="email")
    assert getattr(task.request, argument) == policy()
    listed = {quoted(name)[0]: default for name, default, _ in table(README, "Argument", "Default", "Meaning")}
    assert listed[argument] == f"`{policy.__name__}()`"


def test_no_link_is_relative() -> None:
    """A package page shows README without the repository around it."""
    assert LINKS
    assert [link for link in LINKS if not link.startswith("https://")] == []


@pytest.mark.parametrize("link", sorted({*LINKS, *URLS.values()}))
def test_a_link_into_the_repository_names_an_existing_file(link: str) -> None:
    """A file that was moved or renamed is found here; `blob` and `raw` address a file, `tree` a folder."""
    assert link.startswith(REPOSITORY)
    kind, _, path = link.removeprefix(REPOSITORY).strip("/").partition("/main/")
    match kind:
        case "" | "issues":
            assert not path
        case "blob" | "raw":
            assert (ROOT / path).is_file()
        case "tree":
            assert (ROOT / path).is_dir()
        case _:
            pytest.fail(f"{link} is neither a file nor a folder of the repository")


def test_the_package_page_has_its_links() -> None:
    """The package index shows these beside README."""
    assert set(URLS) == {"Homepage", "Documentation", "Source", "Changelog", "Issues"}


def test_every_example_dag_is_in_the_table() -> None:
    """Each file of dags/ has one row."""
    listed = [re.findall(r"\[(\w+)\]", name)[0] for name, _ in table(README, "DAG", "For")]
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
