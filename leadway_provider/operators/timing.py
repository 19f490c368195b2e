"""What a task run needs of time, chance and its machine: a test replaces it, so that nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import random as system_random
from typing import Final

from leadway_provider.api.retry import RetryPolicy
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.sync.lease import LEASE_TIMING, LeaseTiming
from leadway_provider.sync.process import is_alive


@dataclass(frozen=True, slots=True)
class Timing:
    """What a task run needs of time, chance and its machine.

    Attributes:
        clock: the clocks that everything below the operator uses.
        retry: how often and how patiently a failed call is repeated.
        lease: the periods of the sync's lease.
        alive: returns whether a process exists; None where that can't be known here.
        log_every: seconds between two lines of progress.
        random: returns a number from 0 up to 1.
    """

    clock: Clock = SYSTEM_CLOCK
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease: LeaseTiming = LEASE_TIMING
    alive: Callable[[str], bool | None] = is_alive
    log_every: float = 30.0
    random: Callable[[], float] = system_random


TIMING: Final = Timing()
"""What tasks use."""
