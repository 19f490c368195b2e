"""The ports of `make up`."""

from __future__ import annotations

import socket
from pathlib import Path

from demo.ports import free_port, kept_port


def test_a_port_stays_from_one_start_to_the_next(tmp_path: Path) -> None:
    """Where the first choice is taken, another port is found, and kept as long as it is free."""
    file = tmp_path / "ports.json"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken: int = other.getsockname()[1]
        found = kept_port(file, "airflow", taken)
        assert found != taken
    assert kept_port(file, "airflow", taken) == found
    assert kept_port(file, "leadway", free_port()) != found
    with socket.socket() as other:
        other.bind(("127.0.0.1", found))
        assert kept_port(file, "airflow", taken) == taken
