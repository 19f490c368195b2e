"""Faults on request: what goes wrong, for which calls, and how often."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong. In the first group the call is not carried out, unless the fault sets `written`."""

    TOO_MANY = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    TOKEN_INVALID = "401"  # noqa: S105  # this is a status, not a token
    COMMAND_TIMED_OUT = "401-gateway"
    SCOPE_MISSING = "401-scope"
    FORBIDDEN = "403"
    UNPROCESSABLE = "422"
    HTML = "html"
    NESTED = "nested"
    HANG = "hang"
    CLOSE = "close"
    RESET = "reset"

    HALF = "half"
    DRIP = "drip"
    BROKEN_JSON = "broken-json"
    HEADERS_MISSING = "headers-missing"
    HEADERS_NEGATIVE = "headers-negative"
    HEADERS_ABSURD = "headers-absurd"


_SPOILS_THE_ANSWER = frozenset(
    {
        FaultKind.HALF,
        FaultKind.DRIP,
        FaultKind.BROKEN_JSON,
        FaultKind.HEADERS_MISSING,
        FaultKind.HEADERS_NEGATIVE,
        FaultKind.HEADERS_ABSURD,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and the calls to which it is applied.

    Attributes:
        kind: what goes wrong.
        times: the number of calls to which it is applied; None for all.
        after: the number of matching calls that are served normally before that.
        method: if set, only calls of this method match.
        path: if set, only calls whose path fits this pattern match (`/contacts/*`).
        email: if set, only calls whose body has this e-mail match, in upper or lower case.
        written: whether the call is carried out before the fault is applied. The kinds that spoil an answer always are.
        seconds: how long a hanging call hangs (None: until the client disconnects), or a dripping answer takes.
        retry_after: the `Retry-After` header of a 429 or a 503.
    """

    kind: FaultKind
    times: int | None = 1
    after: int = 0
    method: str | None = None
    path: str | None = None
    email: str | None = field(default=None, repr=False)
    written: bool = False
    seconds: float | None = None
    retry_after: str | None = None

    def __post_init__(self) -> None:
        """Convert a kind that is given as its value, and refuse an unknown one, and a time without end."""
        object.__setattr__(self, "kind", FaultKind(self.kind))
        if self.seconds is not None and not math.isfinite(self.seconds):
            raise ValueError("the seconds of a fault must be finite; None is for a call that hangs without end")

    @property
    def carries_out(self) -> bool:
        """Whether the call is carried out."""
        return self.written or self.kind in _SPOILS_THE_ANSWER

    def matches(self, method: str, path: str, email: str | None) -> bool:
        """Return True if the fault is for this call."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.email is None or (email is not None and self.email.lower() == email.lower()))
        )


@dataclass(slots=True)
class _Entry:
    fault: Fault
    passed: int = 0
    applied: int = 0


class FaultQueue:
    """The faults that wait for their calls, in the order in which they were added. A call gets one fault at most."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def add(self, *faults: Fault) -> None:
        """Add faults after the existing ones."""
        self._entries = [*self._entries, *map(_Entry, faults)]

    def clear(self) -> None:
        """Remove every fault."""
        self._entries = []

    def take(self, method: str, path: str, email: str | None) -> Fault | None:
        """Return the fault for this call, and count it as applied; None if the call is served normally."""
        for entry in self._entries:
            fault = entry.fault
            if not fault.matches(method, path, email):
                continue
            if entry.passed < fault.after:
                entry.passed += 1
            elif fault.times is None or entry.applied < fault.times:
                entry.applied += 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Return every fault with the number of calls to which it was applied."""
        return [
            {
                "kind": entry.fault.kind,
                "times": entry.fault.times,
                "after": entry.fault.after,
                "method": entry.fault.method,
                "path": entry.fault.path,
                "applied": entry.applied,
            }
            for entry in self._entries
        ]


HTML_PAGE = b"<html>\r\n<head><title>Gateway</title></head>\r\n<body><h1>Please try again</h1></body>\r\n</html>\r\n"

ANSWERS: Mapping[FaultKind, tuple[int, dict[str, Any] | bytes]] = {
    FaultKind.TOO_MANY: (429, {"statusCode": 429, "message": "Too Many Requests"}),
    FaultKind.SERVER_ERROR: (500, {"statusCode": 500, "message": "Internal server error"}),
    FaultKind.BAD_GATEWAY: (502, HTML_PAGE),
    FaultKind.UNAVAILABLE: (503, {"statusCode": 503, "message": "Service Unavailable"}),
    FaultKind.GATEWAY_TIMEOUT: (504, b"upstream request timeout"),
    FaultKind.TOKEN_INVALID: (
        401,
        {"statusCode": 401, "message": "Invalid token: access token is invalid", "error": "Unauthorized"},
    ),
    FaultKind.COMMAND_TIMED_OUT: (
        401,
        {"statusCode": 401, "message": "Command timed out", "error": "Unauthorized"},
    ),
    FaultKind.SCOPE_MISSING: (
        401,
        {"statusCode": 401, "message": "The token is not authorized for this scope.", "error": "Unauthorized"},
    ),
    FaultKind.FORBIDDEN: (
        403,
        {"statusCode": 403, "message": "The token does not have access to this location", "error": "Forbidden"},
    ),
    FaultKind.UNPROCESSABLE: (
        422,
        {"statusCode": 422, "message": ["Unprocessable Entity"], "error": "Unprocessable Entity"},
    ),
    FaultKind.HTML: (200, HTML_PAGE),
    FaultKind.NESTED: (200, b"[" * 5000),
}
"""Status and body of the faults that are answers: JSON, or the bytes that a gateway or a broken server answers."""

WRONG_HEADERS: Mapping[FaultKind, dict[str, str]] = {
    FaultKind.HEADERS_MISSING: {},
    FaultKind.HEADERS_NEGATIVE: {
        "X-RateLimit-Max": "-100",
        "X-RateLimit-Remaining": "-1",
        "X-RateLimit-Interval-Milliseconds": "-10000",
        "X-RateLimit-Limit-Daily": "-200000",
        "X-RateLimit-Daily-Remaining": "-1",
        "X-RateLimit-Daily-Reset": "-1",
    },
    FaultKind.HEADERS_ABSURD: {
        "X-RateLimit-Max": "9" * 40,
        "X-RateLimit-Remaining": "many",
        "X-RateLimit-Interval-Milliseconds": "0",
        "X-RateLimit-Limit-Daily": "1e999",
        "X-RateLimit-Daily-Remaining": "NaN",
        "X-RateLimit-Daily-Reset": "9" * 30,
    },
}
"""The headers that are sent in place of the correct quota headers."""
