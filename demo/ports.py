"""Ports that stay the same from one start to the next, so that a bookmark and a stored connection stay right."""

from __future__ import annotations

import json
import socket
from pathlib import Path


def kept_port(file: Path, name: str, first: int) -> int:
    """Return the port that the file has under a name, if it is free, else the first one, else any; and keep it there.

    Args:
        file: keeps the ports in JSON.
        name: what the port is for.
        first: the port of the first start.

    Raises:
        OSError: no port of 127.0.0.1 is free.
    """
    kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    port = free_port(kept.get(name, first), first)
    file.write_text(json.dumps(kept | {name: port}))
    return port


def free_port(*wanted: int) -> int:
    """Return the first of the wanted ports of 127.0.0.1 that is free, else any free one.

    Raises:
        OSError: none is free.
    """
    for port in (*wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no port of 127.0.0.1 is free")
