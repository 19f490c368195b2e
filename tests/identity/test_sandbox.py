"""The same people and the same runs as in the stateful test, over HTTP: the real client, and the sandbox.

To play more runs than CI does, say how many:

    LEADWAY_SANDBOX_RUNS=1000 python -m pytest tests/identity/test_sandbox.py -s
"""

from __future__ import annotations

import os
from typing import Any, Final, cast

from leadway_provider.testing import MemoryAccount
from tests.identity.model import Time, World
from tests.identity.sandbox_account import SandboxAccount, served
from tests.identity.test_stateful import RUNS_OF_AN_EXAMPLE, SEEN, PeopleMachine, play

WANTED: Final = int(os.environ.get("LEADWAY_SANDBOX_RUNS", "200"))


def test_one_person_stays_one_contact_over_http() -> None:
    """Whatever people, colleagues and processes do."""
    time = Time()
    before = SEEN["runs"]
    with served(time) as account:

        class SandboxMachine(PeopleMachine):
            """The people of the stateful test, and a sync of them over HTTP."""

            def make_world(self, **choices: Any) -> World:
                account.clear()
                return SandboxWorld(**choices, time=time, served=account)

            def dry_run(self, **_: Any) -> None:
                """It is not a rule here: a dry run makes no calls."""

            def another_run(self) -> World:
                return self.world  # the account can't be copied

        play(SandboxMachine, max(1, WANTED // RUNS_OF_AN_EXAMPLE), "LEADWAY_SANDBOX_RUNS")
    assert SEEN["runs"] - before >= WANTED // 2
    print(dict(SEEN), account.calls)  # noqa: T201 - with -s, it shows what was played


class SandboxWorld(World):
    """A world whose account is a sandbox."""

    def __init__(self, *, served: SandboxAccount, **choices: Any) -> None:
        self._served = served
        super().__init__(**choices)

    def new_account(self) -> MemoryAccount:
        """Return the sandbox, which is not like a new one but for its contacts."""
        self._served.priority = self.rules.identity
        return cast("MemoryAccount", self._served)
