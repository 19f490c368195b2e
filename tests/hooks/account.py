"""The account that the hook's tests use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

TOKEN = "pit-9f3b6c1e-sandbox"
LOCATION = "sandbox-location"

Connect: TypeAlias = Callable[..., str]
"""Defines the connection `crm` with changes, and returns its id."""
