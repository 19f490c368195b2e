"""The history of one contact, as the command `leadway trace` prints it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from leadway_provider.store.reading.reader import StateReader
from leadway_provider.sync.outcome import RowState


def some_key(state: Path) -> str:
    """Return the key of a row that became a contact."""
    reader = StateReader.open_file(state)
    [sync] = reader.syncs().known()
    [row] = reader.rows_of_sync(sync.id).page(RowState.CREATED, limit=1).records
    return row.source_key


def history(key: str, environment: Mapping[str, str]) -> str:
    """Return what `leadway trace` prints for a key."""
    command = [sys.executable, "-m", "leadway_provider.cli", "trace", "--key", key]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.rstrip()
