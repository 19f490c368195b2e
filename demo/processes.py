"""Child processes that never outlive the demo, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 5.0
"""Seconds for a process group to end by itself before it is killed."""


class ProcessGroups:
    """Children, each with whatever it starts in a process group of its own; all of them end with the `with` block.

    A terminal's Ctrl-C then reaches only the demo, which ends the groups in order. SIGTERM and SIGHUP count as one too.
    """

    def __init__(self) -> None:
        self._leaders: list[subprocess.Popen[str]] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Turn the signals that ask for an end into an ordinary one."""
        self._before = {number: signal.signal(number, _leave) for number in _ENDINGS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every group, last started first."""
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)  # an impatient second one would leave the rest running
        for leader in reversed(self._leaders):
            _end(leader)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> subprocess.Popen[str]:
        """Start a child, all of whose output goes to a file."""
        with log.open("a") as output:
            return self._start(command, environment, output, output)

    def converse(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> IO[str]:
        """Start a child and return its standard output, to be read; its standard error goes to a file."""
        with log.open("a") as complaints:
            leader = self._start(command, environment, subprocess.PIPE, complaints)
        return leader.stdout  # type: ignore[return-value]  # a pipe was asked for

    def _start(
        self, command: Sequence[str | Path], environment: Mapping[str, str], output: IO[str] | int, errors: IO[str]
    ) -> subprocess.Popen[str]:
        leader = subprocess.Popen(
            list(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        self._leaders.append(leader)
        return leader


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(leader: subprocess.Popen[str]) -> None:
    """Ask a group to end, wait, and insist. The leader's own end is not enough: its children may go on."""
    give_up_at = time.monotonic() + _PATIENCE
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, number)
        while _is_there(leader) and time.monotonic() < give_up_at:
            time.sleep(0.05)
    leader.wait()


def _is_there(leader: subprocess.Popen[str]) -> bool:
    leader.poll()  # a leader that has ended and was not waited for still counts as a member of its group
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return True
