"""Parsing a DAG stays light: what the provider's modules load, seen in a fresh interpreter."""

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
    """The modules that importing one loads beyond those that are there before."""
    script = SCRIPT.format(before=before, module=module)
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    names: list[str] = json.loads(process.stdout.splitlines()[-1])
    return names


def inside(names: list[str], packages: tuple[str, ...]) -> list[str]:
    """Those names that are one of the packages, or a module inside one."""
    return [name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages)]


def test_the_package_itself_loads_nothing_but_the_standard_library() -> None:
    """Airflow loads the package for its provider info in every process."""
    names = loaded_by("leadway_provider")
    assert "leadway_provider" in names
    assert {name.partition(".")[0] for name in names} <= {"leadway_provider", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", ["leadway_provider.hooks.leadway", "leadway_provider.operators.leadway"])
def test_a_dag_file_loads_no_client_driver_or_lineage(module: str) -> None:
    """What a DAG file imports adds nothing heavy to Airflow's SDK, nor a room that would load it elsewhere."""
    names = loaded_by(module, before=("airflow.sdk",))
    assert module in names
    assert inside(names, HEAVY + DRIVERS + ROOMS) == []
