"""What a check of one thing has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FindingState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of one thing has found.

    Attributes:
        name: what was checked.
        state: how it ended.
        says: what was found, as a sentence.
        advice: what to do about it; blank where nothing is to be done.
    """

    name: str
    state: FindingState
    says: str = field(repr=False)
    advice: str = field(default="", repr=False)


def ok(name: str, says: str) -> Finding:
    """Return a finding of something that is as it should be."""
    return Finding(name, FindingState.OK, says)


def warning(name: str, says: str, advice: str) -> Finding:
    """Return a finding that a sync can live with, and that a person should know."""
    return Finding(name, FindingState.WARNING, says, advice)


def failed(name: str, says: str, advice: str = "") -> Finding:
    """Return a finding with which no sync works."""
    return Finding(name, FindingState.FAILED, says, advice)
