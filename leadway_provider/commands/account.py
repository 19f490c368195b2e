"""The account that a command asks, by way of an Airflow connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.policies import QuotaPolicy

if TYPE_CHECKING:
    from leadway_provider.hooks.leadway import LeadwayHook

_ATTEMPTS: Final = 3
"""How often a call is made: a person waits for the answer."""


@contextmanager
def open_account(
    conn_id: str, location_id: str | None, *, max_in_flight: int = 16, daily_reserve: int = 0
) -> Iterator[LeadwayHook]:
    """Give the hook of a connection, whose calls fail soon, and close it at the end of the block.

    Args:
        conn_id: the Airflow connection, of type `leadway`.
        location_id: the account, where the connection names none or another one.
        max_in_flight: the most calls that wait for an answer at the same time.
        daily_reserve: calls of the day's quota that are left to others.
    """
    use_airflow()
    with logs_aside():
        from leadway_provider.api.retry import RetryPolicy  # noqa: PLC0415 - `leadway --help` needs none of this
        from leadway_provider.hooks.leadway import LeadwayHook  # noqa: PLC0415 - the same

        with LeadwayHook(
            conn_id,
            location_id,
            retry=RetryPolicy(attempts=_ATTEMPTS),
            max_in_flight=max_in_flight,
            quota=QuotaPolicy(daily_reserve),
        ) as hook:
            yield hook
