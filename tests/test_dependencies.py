"""What pyproject.toml declares is what the package imports, no less and no more."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
FILES = sorted((ROOT / "leadway_provider").rglob("*.py"))

PROVIDED_BY_THE_CALLER = {"wtforms", "duckdb", "mysql", "psycopg", "psycopg2", "pymysql", "snowflake"}
"""Airflow 3.1 puts a stand-in for wtforms in place before it calls the hook's form; later versions do not call it. The
others are drivers, which whoever has such a connection installs with Airflow's provider for it."""

NEEDED_WITHOUT_AN_IMPORT = {
    "apache-airflow-providers-common-sql": "the hooks of SQL connections, which offer an engine",
    "python-multipart": "the forms of the page, which starlette reads with it",
    "httptools": "the protocol of uvicorn that the sandbox extends",
}


def imported(source: str) -> Iterator[str]:
    """Yield the modules that a file imports when it runs; blocks under `if TYPE_CHECKING` do not run."""
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def is_foreign(module: str) -> bool:
    """Return whether a module belongs to another distribution."""
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top != "leadway_provider" and top not in PROVIDED_BY_THE_CALLER


installed = cache(packages_distributions)
"""The installed distributions by the packages at their top; found once, because it takes half a second."""


@cache
def files_of(name: str) -> frozenset[str]:
    """Return the paths of a distribution's files."""
    return frozenset(map(str, distribution(name).files or ()))


@cache
def distributions_of(module: str) -> frozenset[str]:
    """Return the installed distributions that have a module; several share the package `airflow`."""
    found = set(installed().get(module.partition(".")[0], ()))
    path = module.replace(".", "/")
    if len(found) > 1:
        found = {name for name in found if {f"{path}.py", f"{path}/__init__.py"} & files_of(name)}
    return frozenset(map(canonicalize_name, found))


def names(requirements: list[str]) -> set[str]:
    """Return the names of distributions."""
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def with_parts(declared: set[str]) -> set[str]:
    """Return the distributions with those that they pin exactly, as apache-airflow pins the packages it consists of."""
    required = [Requirement(each) for name in declared for each in distribution(name).requires or ()]
    pinned = [each for each in required if {part.operator for part in each.specifier} == {"=="}]
    return declared | {canonicalize_name(each.name) for each in pinned if not each.marker}


@cache
def available(room: str) -> set[str]:
    """Return what a room of the package may import: the dependencies, and those of the extra with its name."""
    return with_parts(names(PROJECT["dependencies"]) | names(EXTRAS.get(room, [])))


def undeclared(source: str, room: str) -> list[str]:
    """Return the modules that a file of a room imports and no declared distribution has."""
    return [each for each in imported(source) if is_foreign(each) and not distributions_of(each) & available(room)]


def test_every_import_is_declared() -> None:
    """A file imports the declared dependencies only; the sandbox and the lineage also those of their extras."""
    paths = [file.relative_to(ROOT / "leadway_provider") for file in FILES]
    found = {
        str(path): undeclared(file.read_text(encoding="utf-8"), path.parts[0])
        for path, file in zip(paths, FILES, strict=True)
    }
    assert {path: modules for path, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    ("source", "room", "found"),
    [
        ("import pytest", "store", ["pytest"]),
        ("def late():\n    from pytest.mark import skip", "store", ["pytest.mark"]),
        ("import uvicorn", "api", ["uvicorn"]),
        ("from airflow.providers.postgres.hooks import postgres", "source", ["airflow.providers.postgres.hooks"]),
        ("from airflow.providers.openlineage import extractors", "operators", ["airflow.providers.openlineage"]),
        ("import not_installed_anywhere", "api", ["not_installed_anywhere"]),
        ("import uvicorn", "sandbox", []),
        ("from airflow.sdk import DAG", "operators", []),
        ("if TYPE_CHECKING:\n    import pytest", "api", []),
    ],
)
def test_an_undeclared_import_is_found(source: str, room: str, found: list[str]) -> None:
    """The check above does not overlook an import inside a function, or one of another provider of Airflow."""
    assert undeclared(source, room) == found


def test_every_dependency_is_used() -> None:
    """What is declared is imported somewhere, or is needed for the reason that is given above."""
    modules = {each for file in FILES for each in imported(file.read_text(encoding="utf-8")) if is_foreign(each)}
    used = {name for module in modules for name in distributions_of(module)} | set(NEEDED_WITHOUT_AN_IMPORT)
    declared = names(PROJECT["dependencies"]).union(*map(names, EXTRAS.values()))
    assert {name for name in declared if not with_parts({name}) & used} == set()


def test_every_extra_is_a_room() -> None:
    """An extra has the name of the room that needs it."""
    assert {extra for extra in EXTRAS if not (ROOT / "leadway_provider" / extra).is_dir()} == set()


def test_the_bill_of_materials_holds_every_pin(tmp_path: Path) -> None:
    """Each pinned package is there with its version and all hashes of its files, and no address of a registry is."""
    command = [sys.executable, str(ROOT / ".ci" / "sbom.py"), str(tmp_path / "dist" / "sbom.json")]
    subprocess.run(command, check=True, capture_output=True)
    written = (tmp_path / "dist" / "sbom.json").read_text(encoding="utf-8")
    parts = json.loads(written)["components"]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==(\S+)((?:.*\\\n)+.*)", constraints, re.MULTILINE)
    assert len(pins) > 100
    assert {(part["name"], part["version"], *(each["content"] for each in part["hashes"])) for part in parts} == {
        (name, version, *sorted(re.findall(r"sha256:(\w{64})", files))) for name, version, files in pins
    }
    assert {part["purl"] for part in parts} == {f"pkg:pypi/{name.lower()}@{version}" for name, version, _ in pins}
    assert re.findall(r"\w+://[^\"]+", written) == ["http://cyclonedx.org/schema/bom-1.6.schema.json"]
