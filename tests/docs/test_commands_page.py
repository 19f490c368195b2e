"""The page about the commands has every command, and its screens are those that the commands print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from leadway_provider.cli import app, main
from tests.cli.screens import SCREENS, shown_on_page
from tests.docs.page import blocks, read

PAGE: Final = read("docs/commands.md")


def _commands(group: Any, path: tuple[str, ...] = ("leadway",)) -> Iterator[str]:
    """Return the commands of a group, each with the words before it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield " ".join((*path, name))


def test_every_command_has_a_part_of_the_page() -> None:
    """Each is a heading, in the order of the help."""
    listed = re.findall(r"^### `(leadway [^`]+)`$", PAGE, re.MULTILINE)
    assert listed == list(_commands(typer.main.get_command(app)))


def test_the_screens_are_those_that_are_recorded() -> None:
    """What a test compares with the command's output is what the reader sees."""
    shown = shown_on_page(PAGE)
    assert shown
    assert shown == {name: (SCREENS / f"{name}.txt").read_text(encoding="utf-8") for name in shown}


def test_the_tests_of_the_mapping_pass(tmp_path: Path) -> None:
    """The file of the page is one that a reader can copy."""
    [text] = blocks(PAGE, "yaml")
    file = tmp_path / "tests.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["verify-mapping", str(file)]) == 0
