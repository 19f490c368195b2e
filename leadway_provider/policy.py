"""Choices that are rarely made, by what they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from leadway_provider.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class QuotaPolicy:
    """How much of the account's quota a task may use, and how long it waits for more.

    Attributes:
        daily_reserve: calls of the day's quota that are left to others.
        max_wait: the longest, in seconds, that a call waits for quota; where more is needed the task defers.

    Raises:
        ConfigurationError: a value is out of range.
    """

    daily_reserve: int = 0
    max_wait: float = 300.0

    def __post_init__(self) -> None:
        if self.daily_reserve < 0:
            raise ConfigurationError(f"daily_reserve is {self.daily_reserve}; give a number of calls, 0 or more.")
        if not 0 <= self.max_wait <= 86_400:  # noqa: PLR2004 - a day
            raise ConfigurationError(f"max_wait is {self.max_wait}; give seconds, from 0 to 86400.")
