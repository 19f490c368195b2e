"""The order of the tests' files: the longest first, so that no worker of pytest-xdist ends with one of them alone."""

from __future__ import annotations

from typing import Final

TOGETHER: Final = "tests/deployment"
"""A folder whose files share an Airflow, which takes long to start."""

LONGEST: Final = (
    TOGETHER,
    "tests/operators/test_random_kills.py",
    "tests/operators/test_sigkill.py",
    "tests/cli/test_random_reverts.py",
    "tests/operators/test_warnings.py",
    "tests/cli/test_screens.py",
    "tests/benchmarks/test_smoke.py",
)
"""What takes longest although it has few tests."""


def place(nodeid: str) -> int:
    """Return where a test's file is in the list of the longest; any other one comes after them."""
    return next((at for at, path in enumerate(LONGEST) if nodeid.startswith(path)), len(LONGEST))
