"""The tests of Snowflake need packages that are not in the environment of all others: `make snowflake` runs them."""

from __future__ import annotations

from importlib.util import find_spec

from tests.operators.conftest import sandbox, warehouse

__all__ = ["sandbox", "warehouse"]

collect_ignore = [] if find_spec("fakesnow") else ["test_source.py"]
