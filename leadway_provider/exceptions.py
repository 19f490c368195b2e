"""Every error of the provider; its type says who must act.

    LeadwayError
    ├── ConfigurationError             a person must change the DAG, the connection or the account; a retry can't help
    │   ├── ConnectionSettingsError    the Airflow connection says something that can't be used
    │   ├── MappingError               a column, its target or a custom field doesn't fit the account
    │   ├── SourceError                the SQL answers with something that is no set of contacts
    │   ├── StateVersionError          the state store was written by a newer provider
    │   ├── AuthenticationError  (·)   the account doesn't know the token
    │   └── AccessDeniedError    (·)   the token may not do this, or not for this location
    ├── TransientError                 nobody need act; a later attempt goes on from the last acknowledged contact
    │   ├── SourceUnavailableError     the source database can't be reached or broke off
    │   ├── StateUnavailableError      the state store can't be reached or broke off
    │   ├── SyncBusyError              another run of the same sync is going on
    │   ├── LeaseLostError             another run may have taken the sync over
    │   ├── StoppedError               the task was told to stop
    │   ├── UnavailableError     (·)   the API was out of reach, or broken, for longer than the retries last
    │   └── QuotaExhaustedError  (·)   no daily quota is left
    ├── RefusedError             (·)   the API refuses this one request, with its reasons
    └── AccountingError                outcomes don't add up to the rows read: a defect of this provider

(·) These are `ApiError` too and carry the call, the status, the reasons and the trace id.
No message carries a contact's value or a token.
"""

from __future__ import annotations


class LeadwayError(Exception):
    """Anything this provider raises on purpose."""


class ConfigurationError(LeadwayError):
    """A person must change the DAG, the connection or the account; retrying is useless."""


class TransientError(LeadwayError):
    """A later attempt may succeed and goes on from the last acknowledged contact."""


class ConnectionSettingsError(ConfigurationError):
    """The Airflow connection holds a setting that can't be used; the message names connection and setting."""


class MappingError(ConfigurationError):
    """A column, a target or a custom field doesn't fit; the message names it and the nearest that would."""


class SourceError(ConfigurationError):
    """The SQL doesn't answer with rows that can be read as contacts."""


class StateVersionError(ConfigurationError):
    """The state store's schema is newer than this provider knows; upgrade the provider."""


class SourceUnavailableError(TransientError):
    """The source database can't be reached, or the connection to it broke off."""


class StateUnavailableError(TransientError):
    """The state store can't be reached, is locked or can't be written."""


class SyncBusyError(TransientError):
    """Another run of the same sync is going on; the message names it."""


class LeaseLostError(TransientError):
    """The run could not show for too long that it is alive, or another one has taken the sync over."""


class StoppedError(TransientError):
    """The task was told to stop: what was on its way is acknowledged, and the next attempt goes on."""


class AccountingError(LeadwayError):
    """The outcomes don't add up to the rows read: a defect of this provider, never to be hidden."""


class ApiError(LeadwayError):
    """A call that did not succeed.

    Attributes:
        call: method and path template, such as `POST /contacts/upsert`.
        status: the HTTP status, or None where no answer came.
        reasons: what the API said, one sentence each.
        trace_id: the CRM's id of the call, for its support, where it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        status: int | None = None,
        reasons: tuple[str, ...] = (),
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.call = call
        self.status = status
        self.reasons = reasons
        self.trace_id = trace_id


class AuthenticationError(ApiError, ConfigurationError):
    """The API doesn't accept the token (401)."""


class AccessDeniedError(ApiError, ConfigurationError):
    """The token may not do this, or not for this location (403, or 401 where a scope is missing)."""


class RefusedError(ApiError):
    """The API refuses this request (400, 404, 409, 413, 422): sending it again would be refused again."""


class UnavailableError(ApiError, TransientError):
    """The API was out of reach or broken for longer than the retries last.

    Attributes:
        maybe_received: whether any attempt may have reached the account, so that the write may have happened.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        maybe_received: bool,
        status: int | None = None,
        reasons: tuple[str, ...] = (),
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, call=call, status=status, reasons=reasons, trace_id=trace_id)
        self.maybe_received = maybe_received


class QuotaExhaustedError(ApiError, TransientError):
    """No quota is left for longer than a call may wait.

    Attributes:
        returns_in: seconds until quota returns, as far as the API told.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        returns_in: float | None,
        status: int | None = None,
        reasons: tuple[str, ...] = (),
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, call=call, status=status, reasons=reasons, trace_id=trace_id)
        self.returns_in = returns_in
