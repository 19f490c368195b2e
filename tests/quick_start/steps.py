"""The steps of the quick start, as its page has them: files to save, commands to run, and what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SAVED_AS: Final = re.compile(r"Save\s+this\s+as\s+`([^`]+)`[^`]*\Z")
NOT_RUN: Final = {
    "dockerfile": "an image is built by Docker, which a machine that runs tests need not have",
    "yaml": "values of a Helm chart need a cluster",
}
"""Languages whose blocks are no steps, and why; a test reads them."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that the reader saves."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines that the reader runs in their shell.

    Attributes:
        text: the lines.
        printed: lines that the page shows of the output; `…` stands for anything.
    """

    text: str
    printed: tuple[str, ...]


def steps(page: str) -> Iterator[File | Commands]:
    """Yield the steps of a page, in order.

    Raises:
        ValueError: a block is neither a step, nor what a step prints, nor of a language that is not run.
    """
    blocks = list(_BLOCK.finditer(page))
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        language, text = block.groups()
        if language == "shell":
            shown = after[2].splitlines() if after is not None and after[1] == "text" else ()
            yield Commands(text, tuple(shown))
        elif language == "python" and (saved := _SAVED_AS.search(page[: block.start()].rstrip().removesuffix(":"))):
            yield File(saved[1], text)
        elif language != "text" and language not in NOT_RUN:
            raise ValueError(f"The page does not say where this block belongs:\n{text}")


def missing(step: Commands, output: str) -> list[str]:
    """Return the lines that the page shows of a step's output, and that are not in it."""
    patterns = {line: ".*".join(map(re.escape, line.strip().split("…"))) for line in step.printed}
    return [line for line, pattern in patterns.items() if not re.search(pattern, output)]


def with_account(text: str, account: dict[str, str]) -> str:
    """Return lines in which the reader has entered their own account.

    Args:
        text: the lines.
        account: the values of the variables that the page exports for it.

    Raises:
        ValueError: the lines export some of these variables and not all.
    """
    found = [name for name in account if f"export {name}=" in text]
    if found and found != list(account):
        raise ValueError(f"The page exports {', '.join(found)} in these lines, and the others elsewhere:\n{text}")
    for name in found:
        text = re.sub(rf"^export {name}=.*$", f"export {name}={account[name]}", text, flags=re.MULTILINE)
    return text
