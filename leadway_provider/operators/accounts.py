"""One task run over many accounts: the source is read once, and the accounts are served side by side."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Final

from leadway_provider.exceptions import (
    AccessDeniedError,
    ConnectionSettingsError,
    LeadwayError,
    QuotaExhaustedError,
)
from leadway_provider.hooks.database import open_state
from leadway_provider.operators.account_runs import AccountsAttempt, OneAccount, open_account
from leadway_provider.operators.execution import Execution
from leadway_provider.operators.loop import SharedLoop
from leadway_provider.operators.report import Report
from leadway_provider.operators.waiting import Deferral
from leadway_provider.store.state import StateStore

_TRIED: Final = 5
"""Accounts that the token is tried with before a run begins."""


@dataclass(frozen=True, slots=True)
class ManyAccounts:
    """Serves each account as a task run of its own, with its own state, lease, quota, claims, outcomes and guards.

    The run of all accounts keeps the sync's lease, the rows that name no usable account, and the watermark. An attempt
    that finds it sealed goes on with the accounts that are not finished, and reads the source again only where an
    account was not planned yet.

    Attributes:
        execution: the task run, with its connections resolved.
    """

    execution: Execution

    def run(self) -> Report:
        """Plan and deliver every account, and report the sum.

        Raises:
            Deferral: an account waits for its quota or for another run, and the task is deferrable.
            FailedRunError: accounts failed in a way that only a person can mend; all others were served.
            LeadwayError: the source, the state or an account could not be reached; a later attempt does the rest.
        """
        task, clock = self.execution, self.execution.timing.clock
        with closing(open_state(task.request.state_conn_id, now=clock.now)) as state, SharedLoop() as loop:

            async def sleep(seconds: float) -> None:
                await task.cancel_token.cancellable(clock.sleep)(seconds)

            tried: dict[str, OneAccount] = {}
            with task.acquire(
                state.lease(task.sync),
                pause=lambda seconds: loop.run(sleep(seconds)),
                before=lambda: self._prove(state, loop, tried),
            ) as lease:
                task.cancel_token.cancel_when(lease.expiry)
                try:
                    return AccountsAttempt(task, state, loop, task.begin(state), tried).run()
                except Deferral as deferral:
                    lease.hold_until(deferral.until)
                    raise

    def _prove(self, state: StateStore, loop: SharedLoop, tried: dict[str, OneAccount]) -> None:
        """Prove the token with an account that the sync has written to, before anything of the sync is touched.

        Args:
            state: the state store.
            loop: makes the calls.
            tried: the accounts that were tried, which the attempt goes on with.

        Raises:
            LeadwayError: the token has no access to any of the accounts that are tried, or the API raises.
        """
        denied: LeadwayError | None = None
        for location_id in state.accounts(self.execution.sync).known(_TRIED):
            if location_id not in tried:
                tried[location_id] = open_account(self.execution, location_id, state, loop)
            try:
                tried[location_id].account.prove()
            except (AccessDeniedError, ConnectionSettingsError) as error:
                denied = error  # it may have been taken from the agency
            except QuotaExhaustedError:
                return
            else:
                return
        if denied is not None:
            raise denied
