"""The terminal of a command: what it shows, what it says beside that, and what a person answers."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.interrupt import Interrupts
from leadway_provider.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

_DECLINED: Final = 1
"""The exit status after a "no"."""
_LOOK_AGAIN: Final = 0.2
"""Seconds after which a Ctrl-C is noticed that came just before a wait for an answer."""
_STDERR: Final = 2
"""The file descriptor of standard error."""
_SHOW_CURSOR: Final = "\x1b[?25h"
UNCONFIRMED: Final = 2
"""The exit status where a command needs an answer and there is nobody to ask."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Shows how much of a work is done.

    Attributes:
        doing: the work.
        show: shows a line in place of the one before.
        check: raises where the work shall end.
    """

    doing: str
    show: Callable[[str], None] = field(repr=False)
    check: Callable[[], None] = field(repr=False)

    def __call__(self, done: int) -> None:
        """Show that so much is done, and raise KeyboardInterrupt after a Ctrl-C that was lost meanwhile."""
        self.check()
        self.show(f"{self.doing} … {done:,}")

    def of(self, doing: str) -> Counting:
        """Return what shows how much of another work is done, in the same place."""
        return replace(self, doing=doing)


class Screen:
    """Standard output for what a command was asked for, standard error for the rest; colours on a terminal only.

    Args:
        stdin: where the answer to a question is read.
        pause: waits that many seconds, while a command watches something that another process changes.
    """

    def __init__(self, *, stdin: TextIO, pause: Callable[[float], None]) -> None:
        self.pause = pause
        self.command = "leadway"
        self.interrupts = Interrupts()
        self._stdin = stdin
        # Airflow logs to standard output, which is another file meanwhile.
        self._stdout, self._stderr = sys.stdout, sys.stderr

    def show(self, text: str) -> None:
        """Print text, which the caller has made printable, and end the line."""
        if self._output.is_terminal:
            from leadway_provider.commands.colours import coloured  # noqa: PLC0415 - a pipe needs no colours

            self._output.print(coloured(text), soft_wrap=True)
        else:
            self._output.out(text, highlight=False)

    def show_line(self, line: str, *, as_json: bool) -> None:
        """Print a line for a person, made printable; where the command prints JSON, print nothing."""
        if not as_json:
            self.show(printable(line))

    def show_json(self, document: Any) -> None:
        """Print a document as JSON, for a program."""
        self._output.out(json.dumps(document, indent=2, default=str), highlight=False)

    def write(self, text: str) -> None:
        """Print text as it is, such as CSV: no colours, and no end of line."""
        self._output.out(text, end="", highlight=False)

    def say(self, text: str) -> None:
        """Print a line about the command's own work to standard error."""
        self._errors.print(printable(text), soft_wrap=True)

    def say_at_once(self, text: str) -> None:
        """Print a line about how the command ended to standard error, whatever this process is doing there."""
        is_terminal = os.isatty(_STDERR)
        # A terminal shows ^C before it, and a progress bar has hidden the cursor.
        start = f"{_SHOW_CURSOR}\n" if is_terminal else ""
        os.write(_STDERR, f"{start}{self.command}: {printable(text)}\n".encode())

    def require_yes(self, question: str, *, otherwise: str) -> None:
        """End the command with the exit status 1, unless a person at the terminal answers a question with yes.

        Args:
            question: what is asked.
            otherwise: what is printed after another answer.

        Raises:
            CommandError: there is no terminal to ask at.
            Exit: the answer was not yes.
        """
        if not self._confirmed(question):
            self.say(otherwise)
            raise typer.Exit(_DECLINED)

    def _confirmed(self, question: str) -> bool:
        if not self._stdin.isatty():
            raise CommandError("there is no terminal for a confirmation; --yes does it without one.", UNCONFIRMED)
        self._ask(f"{question} [y/N] ")
        return self._line().lower() in {"y", "yes"}

    def _line(self) -> str:
        """Return the line that a person enters, without blanks around it.

        A Ctrl-C in the instant before a read begins does not end the read, so it begins when there is a line.
        """
        with suppress(OSError):  # a text in memory, or a system that can't wait for its terminal
            while not select.select([self._stdin], [], [], _LOOK_AGAIN)[0]:
                pass
        return self._stdin.readline().strip()

    def _ask(self, text: str) -> None:
        # Standard output may be a file meanwhile.
        self._errors.out(text, end="", highlight=False)

    def answer(self, question: str, option: str, default: str | None = None) -> str:
        """Return what a person at the terminal answers; an empty line is the default.

        Raises:
            CommandError: there is no terminal to ask at, or nothing was answered.
        """
        if not self._stdin.isatty():
            raise CommandError(f"there is no terminal for a question; give {option}.", UNCONFIRMED)
        shown = f" [{printable(default)}]" if default else ""
        self._ask(f"{question}{shown}: ")
        if not (answer := self._line() or default or ""):
            raise CommandError(f"nothing was answered; give {option}.", UNCONFIRMED)
        return answer

    @contextmanager
    def counting(self, doing: str) -> Iterator[Counting]:
        """Give what shows how much is done, on standard error, if that is a terminal."""
        if not self._errors.is_terminal:
            yield Counting(doing, lambda _: None, self.interrupts.raise_if_lost)
            return
        with self._errors.status(f"{doing} …") as status:
            yield Counting(doing, status.update, self.interrupts.raise_if_lost)

    @contextmanager
    def waiting(self, doing: str) -> Iterator[None]:
        """Show on standard error, if that is a terminal, that the command is at work."""
        if not self._errors.is_terminal:
            yield
            return
        with self._errors.status(f"{doing} …"):
            yield

    @cached_property
    def _output(self) -> Console:
        from rich.console import Console  # noqa: PLC0415 - a shell's completion needs none of it

        return Console(file=self._stdout, markup=False, emoji=False, highlight=False)

    @cached_property
    def _errors(self) -> Console:
        from rich.console import Console  # noqa: PLC0415 - the same

        return Console(file=self._stderr, markup=False, emoji=False, highlight=False)


def screen_of(context: typer.Context) -> Screen:
    """Return the screen that the command was started with."""
    screen: Screen = context.find_root().obj
    return screen
