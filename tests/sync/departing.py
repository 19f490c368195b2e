"""A sync whose rows depart, run after run, over a state store and an account in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.exceptions import RefusedError
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Planner
from leadway_provider.sync.removal import Departures, find_departed, remove
from leadway_provider.testing import MemoryRun, MemoryState
from leadway_provider.testing.tables import MemoryRow
from tests.sync.failing import FailingAccount
from tests.sync.phases import delivered

Row: TypeAlias = tuple[object, ...]
"""Key, e-mail and, where there is one, phone."""

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
INVALID = "not a contact"
DELETE = RemovalPolicy("delete", max_removed=1000)
TAG = RemovalPolicy("tag", ("left",), max_removed=1000)
UNTAG = RemovalPolicy("untag", ("customer",), max_removed=1000)
CALL = "DELETE /contacts/{contactId}"
LOCKED = RefusedError("no", call=CALL, status=422, reasons=("contact is locked",))


class DepartingSync:
    """Runs one sync over one result after the other.

    Attributes:
        account: the account.
        state: the sync's state.
        run_now: the run that was planned last.
        rounds: how many departed rows each commit acknowledged.
    """

    def __init__(self, policy: RemovalPolicy = DELETE, rules: ContactRules | None = None) -> None:
        self.state = MemoryState()
        self.account = FailingAccount()
        self.rounds: list[int] = []
        self.run_now: MemoryRun
        self._policy = policy
        self._mapping = compile_mapping(("id", "email", "phone"), key=["id"], rules=rules or ContactRules())

    def plan(self, *rows: Row) -> Departures:
        """Plan and seal."""
        batch = [(*row, None)[:3] for row in rows]
        run = self.run_now = self.state.begin(task_run=f"run {len(self.state.plans) + 1}")
        planner = Planner(
            key=["id"], mapping=self._mapping, store=run, claims=run.claims, removal=self._policy, trust_few=True
        )
        found = planner.plan([batch], read_again=lambda: [batch])
        departures = find_departed(
            self._policy, run.removals, with_contact=run.count_with_contact(), is_present=found.is_present
        )
        run.seal(found.counts, found.seen, is_whole=found.is_whole)
        return departures

    def deliver(self) -> None:
        """Send the rows that are in the source."""
        delivered(self.run_now, self.account)

    def remove(self, max_in_flight: int = 4) -> Counts:
        """Treat the contacts of the departed rows."""
        removing = remove(
            self.run_now.removals,
            self.account,
            self._policy,
            max_in_flight=max_in_flight,
            on_acknowledged=lambda removals: self.rounds.append(len(removals)),
        )
        asyncio.run(removing)
        self.run_now.finish()
        self.run_now.counts().verify()
        return self.run_now.counts()

    def run(self, *rows: Row) -> Counts:
        """Run the sync once."""
        self.plan(*rows)
        self.deliver()
        return self.remove()

    def row(self, key: int) -> MemoryRow:
        """Return what is known of a row."""
        found = self.state.row_of(str(key))
        assert found is not None
        return found

    @property
    def waiting(self) -> int:
        """How many departed rows are still to be treated."""
        return self.run_now.removals.waiting()


def numbered(numbers: Sequence[int]) -> list[Row]:
    """Return a row for each number."""
    return [(number, f"p{number}@example.com") for number in numbers]
