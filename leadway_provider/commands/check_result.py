"""What a check of one thing has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check of one thing has found.

    Attributes:
        name: what was checked.
        state: how it ended.
        says: what was found, as a sentence.
        advice: what to do about it; blank where nothing is to be done.
    """

    name: str
    state: CheckState
    says: str = field(repr=False)
    advice: str = field(default="", repr=False)


def ok(name: str, says: str) -> CheckResult:
    """Return the result of something that is as it should be."""
    return CheckResult(name, CheckState.OK, says)


def warning(name: str, says: str, advice: str) -> CheckResult:
    """Return a result that a sync can live with, and that a person should know."""
    return CheckResult(name, CheckState.WARNING, says, advice)


def failed(name: str, says: str, advice: str = "") -> CheckResult:
    """Return a result with which no sync works."""
    return CheckResult(name, CheckState.FAILED, says, advice)
