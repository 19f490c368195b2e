"""The retry policy for Airflow 3.3: the type of an error decides whether and when a task is tried again.

    from leadway_provider.retry import LeadwayRetryPolicy

    with DAG("customers", default_args={"retries": 3, "retry_policy": LeadwayRetryPolicy()}, ...):

It is of use for plain `@task` functions that call `LeadwayHook`, which Airflow would otherwise try again also where
nothing can help, and for the operator's errors that pass by themselves. Airflow never tries again more often than
`retries` allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

try:
    from airflow.sdk import RetryDecision, RetryPolicy
except ImportError:
    raise ImportError(
        "leadway_provider.retry needs Airflow 3.3 or later, which has retry policies. Leave retry_policy out with an "
        "earlier one: retries and retry_delay hold there for every error."
    ) from None

from leadway_provider.exceptions import (
    AccountingError,
    ConfigurationError,
    LeadwayError,
    LeaseLostError,
    QuotaExhaustedError,
    RefusedError,
    StoppedError,
    SyncBusyError,
    TransientError,
)
from leadway_provider.words import duration_text

if TYPE_CHECKING:
    from airflow.sdk import Context

_NO_USE: Final = (ConfigurationError, RefusedError, AccountingError)
"""A further attempt fails in the same way until a person has changed something."""

_SOON: Final[Mapping[type[TransientError], timedelta]] = {
    SyncBusyError: timedelta(minutes=1),
    LeaseLostError: timedelta(minutes=1),
    StoppedError: timedelta(seconds=10),
}
"""What is over sooner than a task's `retry_delay`, which is made for a database or an API that is out of reach."""


class LeadwayRetryPolicy(RetryPolicy):
    """Fails at once where a person must act, and tries again when it can succeed.

    | Error | What happens |
    | --- | --- |
    | `ConfigurationError`, `RefusedError`, `AccountingError` | the task fails, whatever `retries` is |
    | `QuotaExhaustedError` | the task is tried again when the quota returns, where the API said when |
    | `SyncBusyError`, `LeaseLostError` | the task is tried again after a minute |
    | `StoppedError` | the task is tried again after 10 seconds |
    | any other error, of this provider or not | as `retries` and `retry_delay` say |
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002 - Airflow's interface
        max_tries: int,  # noqa: ARG002 - the same
        context: Context | None = None,  # noqa: ARG002 - the same
    ) -> RetryDecision:
        """Return what becomes of the task after an error; see the class."""
        if not isinstance(exception, LeadwayError):
            return RetryDecision.default()
        name = type(exception).__name__
        if isinstance(exception, _NO_USE):
            return RetryDecision.fail(f"{name}: a retry can't help; a person must act")
        if isinstance(exception, QuotaExhaustedError) and exception.returns_in is not None:
            delay = timedelta(seconds=max(1.0, exception.returns_in))
            return RetryDecision.retry(delay, f"{name}: the quota returns in {duration_text(delay)}")
        for kind, delay in _SOON.items():
            if isinstance(exception, kind):
                return RetryDecision.retry(delay, f"{name}: it passes soon")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return what the serialized DAG keeps: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> LeadwayRetryPolicy:  # noqa: ARG003 - Airflow's interface
        """Return the policy."""
        return cls()
