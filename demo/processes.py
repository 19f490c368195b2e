"""Child processes that end with the demo, however it ends."""

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
_GRACE = 5.0
"""Seconds that a process group has to end before it is killed."""


class ProcessGroups:
    """Child processes, each in a process group of its own. All groups end with the `with` block.

    Ctrl-C in a terminal reaches only the demo, which then ends the groups in order. SIGTERM and SIGHUP do the same.
    """

    def __init__(self) -> None:
        self._leaders: list[subprocess.Popen[str]] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Turn the signals that end the process into a KeyboardInterrupt."""
        self._before = {number: signal.signal(number, _interrupt) for number in _ENDINGS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every group, in the reverse order of their start."""
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)  # a second signal would leave the rest running
        for leader in reversed(self._leaders):
            _end(leader)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> subprocess.Popen[str]:
        """Start a child whose output goes to a file."""
        with log.open("a") as output:
            return self._start(command, environment, output, output)

    def start_piped(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> IO[str]:
        """Start a child and return its standard output as a pipe. Its standard error goes to a file."""
        with log.open("a") as errors:
            leader = self._start(command, environment, subprocess.PIPE, errors)
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


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(leader: subprocess.Popen[str]) -> None:
    """Terminate a group, wait, and kill what is left. The leader's end is not enough: its children may go on."""
    give_up_at = time.monotonic() + _GRACE
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, number)
        while _exists(leader) and time.monotonic() < give_up_at:
            time.sleep(0.05)
    leader.wait()


def _exists(leader: subprocess.Popen[str]) -> bool:
    leader.poll()  # a leader that has ended is a member of its group until it was waited for
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return True
