"""`make package`: builds sdist and wheel, checks both, and tries the wheel in an environment of its own.

The wheel is built from the sdist, so that the sdist is known to have all that it needs. The environment has the wheel
and what it requires, by the versions of constraints.txt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from leadway_provider import __version__, get_provider_info

REPOSITORY: Final = Path(__file__).parents[2]
TOOLS: Final = Path(sys.executable).parent
DIST: Final = REPOSITORY / "dist"
LISTS: Final = ("hooks", "links", "notifications", "triggers")
"""What `airflow providers` lists, one command each."""

_SMOKE: Final = """
import pathlib, leadway_provider, airflow
from airflow.dag_processing.dagbag import DagBag
folder = pathlib.Path(leadway_provider.__file__).parent / "example_dags"
bag = DagBag(folder)
print({"dags": sorted(bag.dag_ids), "errors": bag.import_errors, "files": len(list(folder.glob("*.py")))})
assert not bag.import_errors and len(bag.dag_ids) >= len(list(folder.glob("*.py"))) > 0
"""


def main() -> int:
    """Build, check and try the package; print what is wrong, and return the exit status."""
    for old in DIST.glob("leadway_provider-*"):
        old.unlink()
    _run(TOOLS / "uv", "build", "--quiet", "--out-dir", DIST, REPOSITORY)
    wheel, sdist = (
        DIST / f"leadway_provider-{__version__}-py3-none-any.whl",
        DIST / f"leadway_provider-{__version__}.tar.gz",
    )
    _run(TOOLS / "twine", "check", "--strict", wheel, sdist)
    _run(TOOLS / "check-wheel-contents", wheel)
    problems = [*differing_examples(wheel), *_tried(wheel)]
    for problem in problems:
        print(problem)
    if not problems:
        print(f"package: {wheel.name} and {sdist.name} are as they should be.")
    return bool(problems)


def differing_examples(wheel: Path) -> Iterator[str]:
    """Yield a sentence for each file in which dags/ and the examples of the wheel differ."""
    folder = "leadway_provider/example_dags/"
    with ZipFile(wheel) as archive:
        packed = {
            name.removeprefix(folder): archive.read(name) for name in archive.namelist() if name.startswith(folder)
        }
    written = {path.name: path.read_bytes() for path in (REPOSITORY / "dags").glob("*.py")}
    for name in sorted(packed.keys() | written.keys()):
        if packed.get(name) != written.get(name):
            yield f"{folder}{name} of the wheel is not dags/{name}."


def missing_parts(info: dict[str, Any], shown: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Yield a sentence for each part of the provider's info that `airflow providers` does not show.

    Args:
        info: the provider's info.
        shown: what each of `LISTS` printed.
    """
    expected = {
        "hooks": ("class", [each["hook-class-name"] for each in info["connection-types"]]),
        "links": ("extra_link_class_name", info["extra-links"]),
        "notifications": ("notification_class_name", info["notifications"]),
        "triggers": ("class", [module for each in info["triggers"] for module in each["python-modules"]]),
    }
    for name, (column, wanted) in expected.items():
        found = {each[column] for each in shown[name]}
        yield from (f"`airflow providers {name}` does not show {each}." for each in wanted if each not in found)


def _tried(wheel: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        environment = Path(folder) / "env"
        _run(TOOLS / "uv", "venv", "--quiet", "--python", Path(sys.executable).resolve(), environment)
        constraints = REPOSITORY / ".venv" / "constraints.txt"
        target = ("--python", environment / "bin" / "python")
        _run(TOOLS / "uv", "pip", "install", "--quiet", *target, "--constraint", constraints, wheel)
        airflow = (environment / "bin" / "airflow", "providers")
        home = Path(folder) / "home"

        def listed(name: str) -> list[dict[str, Any]]:
            lists: list[dict[str, Any]] = json.loads(_run(*airflow, name, "--output", "json", home=home))
            return lists

        info = get_provider_info()
        [whole] = json.loads(_run(*airflow, "get", "--full", "--output", "json", info["package-name"], home=home))
        yield from (f"`airflow providers get` does not show {name}." for name in info if name not in whole)
        with ThreadPoolExecutor(2) as threads:
            shown = dict(zip(LISTS, threads.map(listed, LISTS), strict=True))
        yield from missing_parts(info, shown)
        version = _run(environment / "bin" / "leadway", "--version", home=home)
        if __version__ not in version:
            yield f"`leadway --version` prints {version!r}."
        _run(environment / "bin" / "python", "-c", _SMOKE, home=home)


def _run(*command: str | Path, home: Path | None = None) -> str:
    """Return what a command prints. Its errors are printed only if it fails.

    Raises:
        SystemExit: it failed.
    """
    # Neither another Airflow's settings, nor this repository in place of the installed package.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=home.parent if home else REPOSITORY,
        env=inherited | ({"AIRFLOW_HOME": str(home)} if home else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command[:3]))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
