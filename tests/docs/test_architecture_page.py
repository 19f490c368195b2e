"""The page about the architecture names the rooms, functions and files that the code has."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

import leadway_provider
from tests.docs.page import ROOT, quoted, read, table

PAGE: Final = read("docs/architecture.md")
PACKAGE: Final = Path(leadway_provider.__file__).parent
ROOMS: Final = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
CONTRACTS: Final[list[dict[str, Any]]] = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
HOPS: Final = [quoted(function)[0] for _, function, _ in table(PAGE, "Step", "Function", "What happens")]
FILES: Final = sorted({name for _, files in table(PAGE, "For", "Files") for name in quoted(files) if name != "VERSION"})


def test_every_room_is_on_the_page() -> None:
    """The table has each folder and module of the package, and no other."""
    listed = [quoted(room)[0] for room, _ in table(PAGE, "Room", "Task")]
    assert len(listed) == len(set(listed))
    assert set(listed) == ROOMS - {"__init__"}


def test_the_layers_are_those_that_are_checked() -> None:
    """The lines of the page are the layers of the import contract; a room that is optional there may not exist yet."""
    [contract] = [each for each in CONTRACTS if each["type"] == "layers"]
    layers = [[room for room in re.findall(r"\w+", layer) if room in ROOMS] for layer in contract["layers"]]
    first = " | ".join(layers[0])
    [lines] = re.findall(rf"^    {re.escape(first)}\n(?:    .+\n)+", PAGE, re.MULTILINE)
    assert [re.findall(r"\w+", line) for line in lines.splitlines()] == layers


def test_the_rooms_of_the_packages_are_those_that_are_checked() -> None:
    """Each package of the table may be imported by these rooms only, and every package that is checked is there."""
    checked = {
        package: sorted(room.removeprefix("leadway_provider.") for room in contract["allowed_importers"])
        for contract in CONTRACTS
        for package in contract.get("protected_modules", ())
        if not package.startswith("leadway_provider")
    }
    listed = {
        package: quoted(rooms)
        for packages, rooms in table(PAGE, "Package", "Imported by")
        for package in quoted(packages)
    }
    assert listed == checked


def test_the_way_of_a_row_is_short() -> None:
    """A reader can follow it: at most 15 functions, and no function twice."""
    assert 10 < len(HOPS) <= 15
    assert len(set(HOPS)) == len(HOPS)


@pytest.mark.parametrize("hop", HOPS)
def test_a_function_on_the_way_of_a_row_exists(hop: str) -> None:
    """Each is written as room, module, perhaps a class, and function."""
    room, module, *names = hop.split(".")
    found: Any = importlib.import_module(f"leadway_provider.{room}.{module}")
    for name in names:
        found = getattr(found, name)
    assert callable(found)


@pytest.mark.parametrize("name", FILES)
def test_a_file_to_change_exists(name: str) -> None:
    """A file is in the package or in the repository; a name with a slash at its end is a folder."""
    paths = [base / name for base in (PACKAGE, ROOT)]
    assert any(path.is_dir() if name.endswith("/") else path.is_file() for path in paths)
