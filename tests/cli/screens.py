"""Commands as processes, and their screens as they are recorded in text files beside the tests.

`RECORD_SCREENS=1 pytest tests/cli` writes the files anew, and the blocks of docs/commands.md that show them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Final

SCREENS: Final = Path(__file__).with_name("screens")
PAGE: Final = Path(__file__).parents[2] / "docs" / "commands.md"
WIDTH: Final = "100"

_ALWAYS_THE_SAME: Final = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:8808"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "2026-11-23 06:00:00 UTC"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"), "2026-11-23T06:00:00+00:00"),
    (re.compile(r"\b\d+ s {2,}"), "1 s   "),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "1 s"),
    (re.compile(r"\b(leadway-provider|apache-airflow|sqlalchemy|python) \d+\.\d+(\.\w+)*"), r"\1 1.2.3"),
    (re.compile(r"/\S*/(?=(?:leadway_state|state|warehouse)\.db)"), "/home/ann/airflow/"),
    (re.compile(r" +$", re.MULTILINE), ""),
)
"""What differs from one run, machine or version to the next."""

_BLANK_LINES: Final = re.compile(r"\A(?: *\n)+|\s+\Z")
"""Blank lines before and after a screen, which may be filled up with spaces."""

_IDS: Final = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "70e8025d-3418-4dcd-8955-593549e59e16"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "d9b7c79b071a5a8f9cf18eb1cdbf7270"),
    (re.compile(r"\b[0-9a-f]{20}\b"), "97ec171b74888a88ea06"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "216a1d8f45754c92"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "60baf9227ca7"),
)
"""Ids, and what stands for the first one of a screen. Others of the form get others, in the order of the screen."""


def leadway(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, on no terminal, and return what it printed."""
    command = [sys.executable, "-m", "leadway_provider.cli", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": WIDTH, "PYTHONUTF8": "1"} | environment,
    )


def assert_screen(name: str, *arguments: str, status: int = 0, **environment: str) -> str:
    """Run a command, compare its whole screen with the recorded one, and return the screen."""
    done = leadway(*arguments, **environment)
    assert done.returncode == status, done.stderr
    shown = _BLANK_LINES.sub("", done.stdout + done.stderr)
    screen = stable(f"$ leadway {' '.join(map(_word, arguments))}\n{shown}\n")
    file = SCREENS / f"{name}.txt"
    if os.environ.get("RECORD_SCREENS"):
        file.write_text(screen, encoding="utf-8")
        _record_on_page(name, screen)
    assert screen == file.read_text(encoding="utf-8")
    return done.stdout


def stable(text: str) -> str:
    """Return a screen without what differs from run to run; different ids stay different."""
    for pattern, always in _ALWAYS_THE_SAME:
        text = pattern.sub(always, text)
    for pattern, first in _IDS:
        found = dict.fromkeys(each[0] for each in pattern.finditer(text))
        always_of = {each: _id_like(first, number) for number, each in enumerate(found)}
        text = pattern.sub(lambda each, always_of=always_of: always_of[each[0]], text)  # type: ignore[misc]
    return text


def _id_like(first: str, number: int) -> str:
    """Return the id that stands for another one after the first, in its form."""
    if not number:
        return first
    digits = iter(blake2b(f"{first} {number}".encode(), digest_size=32).hexdigest())
    return "".join("-" if each == "-" else next(digits) for each in first)


def shown_on_page(page: str) -> dict[str, str]:
    """Return the screens of a page by their names, which stand in a comment before each block."""
    return dict(re.findall(r"<!-- screen: ([\w-]+) -->\n+```\n(.*?)```\n", page, re.DOTALL))


def _record_on_page(name: str, screen: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- screen: {re.escape(name)} -->\n+```\n).*?(```\n)", re.DOTALL)
    PAGE.write_text(block.sub(lambda found: f"{found[1]}{screen}{found[2]}", page), encoding="utf-8")


def _word(argument: str) -> str:
    """Return an argument as a reader of the page would write it in a shell."""
    return f'"{argument}"' if re.search(r"[^\w.,/:=@%+-]", argument) else argument
