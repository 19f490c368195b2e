"""A warehouse, an account, the page and the commands: everything that shows what a run has met."""

from __future__ import annotations

from tests.cli.conftest import own_environment
from tests.plugin.conftest import page, person, sandbox, warehouse

__all__ = ["own_environment", "page", "person", "sandbox", "warehouse"]
