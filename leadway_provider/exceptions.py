"""Every error of the provider. The type of an error shows who must act.

    LeadwayError
    ├── ConfigurationError             a person must change the DAG, the connection or the account; retries can't help
    │   ├── ConnectionSettingsError    the Airflow connection holds a setting that can't be used
    │   ├── MappingError               a column, a target or a custom field does not fit the account
    │   ├── SourceError                the query does not return rows that can be read as contacts
    │   ├── GuardError                 the plan is not as the task's guards allow, so nothing was sent
    │   ├── StateVersionError          the state store is of a newer provider, or must be upgraded first
    │   ├── StateMissingError          there is no state store: a sync creates it at its first run
    │   ├── AuthenticationError  (·)   the API does not accept the token
    │   └── AccessDeniedError    (·)   the token may not do this, or not for this location
    ├── TransientError                 nobody needs to act; a later attempt continues after the acknowledged contacts
    │   ├── SourceUnavailableError     the source database is out of reach, or the connection to it was lost
    │   ├── StateUnavailableError      the state store is out of reach, locked or not writable
    │   ├── SyncBusyError              another run of the same sync is in progress
    │   ├── LeaseLostError             another run may have acquired the sync
    │   ├── StoppedError               the task was cancelled
    │   ├── UnavailableError     (·)   the API was out of reach or broken until the last attempt
    │   └── QuotaExhaustedError  (·)   no quota is left for longer than a call may wait
    ├── RefusedError             (·)   the API refuses this one request, with its reasons
    │   ├── ContactNotFoundError (·)   there is no contact of that id: it was deleted or merged into another one
    │   └── IdentityTakenError   (·)   the e-mail or the phone belongs to another contact of the account
    └── AccountingError                the outcomes do not add up to the rows read: a defect of this provider

(·) These are `ApiError` too, with the call, the status, the reasons and the trace id.
No message holds a contact's value or a token.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from leadway_provider.printable import printable

IdentityField: TypeAlias = Literal["email", "phone"]
"""A contact field that the account may not let two contacts share."""


class LeadwayError(Exception):
    """Any error that this provider raises on purpose. Its message is one printable line, whatever it quotes."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class ConfigurationError(LeadwayError):
    """A person must change the DAG, the connection or the account; retries can't help."""


class TransientError(LeadwayError):
    """A later attempt may succeed; it continues after the acknowledged contacts."""


class ConnectionSettingsError(ConfigurationError):
    """The Airflow connection holds a setting that can't be used; the message names connection and setting."""


class MappingError(ConfigurationError):
    """A column, a target or a custom field does not fit; the message names it and the nearest one that would fit."""


class SourceError(ConfigurationError):
    """The query does not return rows that can be read as contacts."""


class GuardError(ConfigurationError):
    """The plan is not as the task's guards allow; nothing was sent. The message has the figures and the guards."""


class StateVersionError(ConfigurationError):
    """The state store is of a newer provider, or it must be upgraded before it can be read."""


class StateMissingError(ConfigurationError):
    """There is no state store: a sync creates it at its first run."""


class SourceUnavailableError(TransientError):
    """The source database is out of reach, or the connection to it was lost."""


class StateUnavailableError(TransientError):
    """The state store is out of reach, locked or not writable."""


class SyncBusyError(TransientError):
    """Another run of the same sync is in progress; the message names it."""


class LeaseLostError(TransientError):
    """The run sent no heartbeat for too long, or another run has acquired the sync."""


class StoppedError(TransientError):
    """The task was cancelled: the answers of calls in flight were acknowledged, and the next attempt continues."""


class AccountingError(LeadwayError):
    """The outcomes do not add up to the rows read: a defect of this provider, which must not be hidden."""


class ApiError(LeadwayError):
    """A call to the API that did not succeed.

    Attributes:
        call: method and path template, such as `POST /contacts/upsert`.
        status: the HTTP status, or None if no answer came.
        reasons: what the API said, one sentence each, in this provider's words: no text of the answer is in it.
        fields: for each of these reasons the API path of the field that it is about; blank if it names none.
        trace_id: the CRM's id of the call, which its support can look up, or None if the answer had none.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        status: int | None = None,
        reasons: tuple[str, ...] = (),
        fields: tuple[str, ...] = (),
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.call = call
        self.status = status
        self.reasons = reasons
        self.fields = fields
        self.trace_id = trace_id


class AuthenticationError(ApiError, ConfigurationError):
    """The API does not accept the token (401)."""


class AccessDeniedError(ApiError, ConfigurationError):
    """The token may not do this, or not for this location (403, or 401 if a scope is missing)."""


class RefusedError(ApiError):
    """The API refuses this request (400, 404, 409, 413, 422), and would refuse it again."""


class ContactNotFoundError(RefusedError):
    """The account has no contact of that id: the contact was deleted, or merged into another one (observed: 400)."""


class IdentityTakenError(RefusedError):
    """The account allows no duplicates, and the e-mail or the phone belongs to another contact (observed: 400).

    Attributes:
        contact_id: the id of the contact that has it, or None if the answer does not say.
        field: whether it is the `email` or the `phone`, or None if the answer does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        contact_id: str | None = None,
        field: IdentityField | None = None,
        status: int | None = None,
        reasons: tuple[str, ...] = (),
        fields: tuple[str, ...] = (),
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, call=call, status=status, reasons=reasons, fields=fields, trace_id=trace_id)
        self.contact_id = contact_id
        self.field = field


class UnavailableError(ApiError, TransientError):
    """The API was out of reach or broken until the last attempt.

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

    @property
    def is_unreadable(self) -> bool:
        """Whether the API answered that the call succeeded, in an answer that can't be read."""
        return self.status in (200, 201)


class QuotaExhaustedError(ApiError, TransientError):
    """No quota is left for longer than a call may wait.

    Attributes:
        returns_in: the seconds until quota returns, or None if the API did not say.
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
