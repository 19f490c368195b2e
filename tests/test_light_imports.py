"""Parsing a DAG and starting a command are quick: which modules an import loads, seen in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "alembic", "email_validator", "httpx", "httpx_aiohttp", "openlineage", "phonenumbers", "sqlalchemy")
DRIVERS = ("MySQLdb", "aiosqlite", "asyncpg", "duckdb", "psycopg", "psycopg2", "pymysql", "snowflake")
ROOMS = ("leadway_provider.api", "leadway_provider.store", "leadway_provider.sandbox")

SCRIPT = """
import importlib, json, sys
for name in {before}:
    importlib.import_module(name)
loaded = set(sys.modules)
importlib.import_module({module!r})
print(json.dumps(sorted(set(sys.modules) - loaded)))
"""


def loaded_by(module: str, *, before: tuple[str, ...] = ()) -> list[str]:
    """Return the modules that importing one loads, without those that the imports before it have loaded."""
    script = SCRIPT.format(before=before, module=module)
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    names: list[str] = json.loads(process.stdout.splitlines()[-1])
    return names


def inside(names: list[str], packages: tuple[str, ...]) -> list[str]:
    """Return the names that are one of the packages, or a module inside one."""
    return [name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages)]


@pytest.mark.parametrize("module", ["leadway_provider", "leadway_provider.policies", "leadway_provider.clock"])
def test_the_small_modules_load_the_standard_library_only(module: str) -> None:
    """Airflow imports the package in every process, for its provider info, and a DAG file imports the policies."""
    names = loaded_by(module)
    assert module in names
    assert {name.partition(".")[0] for name in names} <= {"leadway_provider", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", ["leadway_provider.hooks.leadway", "leadway_provider.operators.leadway"])
def test_a_dag_file_loads_no_client_driver_or_lineage(module: str) -> None:
    """What a DAG file imports adds no heavy package to Airflow's SDK, and no room that would load one."""
    names = loaded_by(module, before=("airflow.sdk",))
    assert module in names
    assert inside(names, HEAVY + DRIVERS + ROOMS) == []


def test_the_triggerer_loads_no_room() -> None:
    """The trigger needs a clock and Airflow's base class."""
    names = loaded_by("leadway_provider.triggers.wait", before=("airflow.triggers.base",))
    assert "leadway_provider.triggers.wait" in names
    ours = {name.removeprefix("leadway_provider.") for name in inside(names, ("leadway_provider",))}
    assert ours <= {"leadway_provider", "clock", "triggers", "triggers.wait"}


def test_the_command_loads_what_a_sub_command_needs_only_when_it_runs() -> None:
    """`leadway --help` loads no Airflow, no web server and no database."""
    names = loaded_by("leadway_provider.cli")
    assert "leadway_provider.cli" in names
    assert inside(names, ("airflow", "fastapi", "starlette", "uvicorn", *HEAVY, *DRIVERS, *ROOMS)) == []
