"""An account, a state store and a whole run in memory, for tests: ours, and those of your own DAGs."""

from __future__ import annotations

from leadway_provider.testing.account import MemoryAccount
from leadway_provider.testing.run import MemoryRun
from leadway_provider.testing.state import MemoryState
from leadway_provider.testing.sync import sync_rows

__all__ = ["MemoryAccount", "MemoryRun", "MemoryState", "sync_rows"]
