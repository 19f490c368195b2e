"""Faults on request: what goes wrong, with which calls, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong. Of the first group the call is not carried out, unless the fault says `written`."""

    TOO_MANY = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    TOKEN_INVALID = "401"  # noqa: S105  # a status, no token
    COMMAND_TIMED_OUT = "401-gateway"
    SCOPE_MISSING = "401-scope"
    FORBIDDEN = "403"
    UNPROCESSABLE = "422"
    HTML = "html"
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
    """One entry of the programme.

    Attributes:
        kind: what goes wrong.
        times: how many calls it strikes; None strikes every one.
        after: how many matching calls it lets pass first.
        method: only calls of this method.
        path: only calls whose path fits this pattern (`/contacts/*`).
        email: only upserts of this e-mail, in any case.
        written: carry the call out before the fault strikes. The kinds that spoil an answer always do.
        seconds: how long a hanging call hangs (None: until the caller leaves), or a dripping answer takes.
        retry_after: the `Retry-After` header of a 429 or a 503.
    """

    kind: FaultKind
    times: int | None = 1
    after: int = 0
    method: str | None = None
    path: str | None = None
    email: str | None = None
    written: bool = False
    seconds: float | None = None
    retry_after: str | None = None

    def __post_init__(self) -> None:
        """Take the kind as its word too, and refuse one that doesn't exist."""
        object.__setattr__(self, "kind", FaultKind(self.kind))

    @property
    def carries_out(self) -> bool:
        """Whether the account carries the call out."""
        return self.written or self.kind in _SPOILS_THE_ANSWER

    def matches(self, method: str, path: str, email: str | None) -> bool:
        """Whether it is meant for this call."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.email is None or (email is not None and self.email.lower() == email.lower()))
        )


@dataclass(slots=True)
class _Entry:
    fault: Fault
    passed: int = 0
    struck: int = 0


class FaultProgramme:
    """The faults that are still to come, in the order in which they were added. A call suffers one at most."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def add(self, *faults: Fault) -> None:
        """Add faults behind those that are there."""
        self._entries = [*self._entries, *map(_Entry, faults)]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._entries = []

    def strike(self, method: str, path: str, email: str | None) -> Fault | None:
        """The fault that this call suffers, which is thereby used once."""
        for entry in self._entries:
            fault = entry.fault
            if not fault.matches(method, path, email):
                continue
            if entry.passed < fault.after:
                entry.passed += 1
            elif fault.times is None or entry.struck < fault.times:
                entry.struck += 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault with the number of calls that it has struck."""
        return [
            {
                "kind": entry.fault.kind,
                "times": entry.fault.times,
                "after": entry.fault.after,
                "method": entry.fault.method,
                "path": entry.fault.path,
                "struck": entry.struck,
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
}
"""Status and body of the faults that are answers: JSON, or the bytes of a gateway that speaks none."""

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
"""What is sent in place of the true quota headers."""
