"""The history of one contact, as the command `leadway trace` prints it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from leadway_provider.store.columns import OUTCOME_CODES


def some_key(state: Path) -> str:
    """Return the key of a row that became a contact."""
    with sqlite3.connect(state) as database:
        wanted = "SELECT source_key FROM leadway_row WHERE outcome = ? ORDER BY id LIMIT 1"
        key: str = database.execute(wanted, [OUTCOME_CODES.index("created")]).fetchone()[0]
        return key


def history(key: str, environment: Mapping[str, str]) -> str:
    """Return what `leadway trace` prints for a key."""
    command = [sys.executable, "-m", "leadway_provider.cli", "trace", "--key", key]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.rstrip()
