"""Where a run's process is: a name for it, and whether it still exists."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def this_process() -> str:
    """Return the name of this process, as `is_alive` reads it: machine, process namespace and number."""
    return f"{_machine()} {os.getpid()}"


def is_alive(process: str) -> bool | None:
    """Return whether a process exists; None where it belongs to another machine or another container."""
    machine, _, number = process.rpartition(" ")
    if machine != _machine():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it exists, and belongs to another user
    return True


def _machine() -> str:
    """What two processes share that can see each other's numbers: the host, since its start, and a namespace."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
