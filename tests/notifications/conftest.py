"""A warehouse and an account, as the operator's tests have them."""

from __future__ import annotations

from tests.operators.conftest import sandbox, warehouse

__all__ = ["sandbox", "warehouse"]
