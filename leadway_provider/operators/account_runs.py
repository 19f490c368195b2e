"""One attempt of a task run over many accounts: what it reads, serves and reports."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from leadway_provider.api.settings import is_location_id
from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.reasons import CODES
from leadway_provider.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionSettingsError,
    LeadwayError,
    QuotaExhaustedError,
    TransientError,
)
from leadway_provider.operators.account import Account, returns_in
from leadway_provider.operators.execution import Execution
from leadway_provider.operators.loop import SharedLoop
from leadway_provider.operators.parting import reject_rows
from leadway_provider.operators.reading import reader
from leadway_provider.operators.report import FailedRunError, Report, in_words, log_rejected, rejected_command
from leadway_provider.operators.threads import side_by_side
from leadway_provider.operators.waiting import Deferral
from leadway_provider.printable import printable_log
from leadway_provider.source.parting import COLUMN, NO_ACCOUNT, Parted, part_rows
from leadway_provider.source.query import OpenRows
from leadway_provider.store.accounts import AccountRun
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.dry_run import sum_of
from leadway_provider.sync.outcome import COUNTED, Counts, RowState
from leadway_provider.sync.request import SyncRequest
from leadway_provider.words import counted

log = printable_log(__name__)

Failure: TypeAlias = LeadwayError | Deferral
Rows: TypeAlias = Callable[[], AbstractContextManager[OpenRows]]

_NAMED: Final = 20
"""Accounts that a message names at most; the log names all."""


class OneAccount(NamedTuple):
    """One of many accounts: the task run for it, and its client of the API."""

    task: Execution
    account: Account


def open_account(task: Execution, location_id: str, state: StateStore, loop: SharedLoop) -> OneAccount:
    """Return one of many accounts of a task run."""
    part = task.of_account(location_id)
    return OneAccount(part, part.account(state, loop))


@dataclass
class AccountsAttempt:
    """One attempt, with the state store open and the lease of all accounts held; used once.

    Attributes:
        task: the task run.
        state: the state store.
        loop: makes the calls of all accounts.
        whole: the run of all accounts.
        tried: accounts that the token was tried with.
        parts: the accounts that are served.
        failures: why accounts could not be served.
        reports: what each account that was served reported.
        rows: how many rows each account has in the source, where it was read.
        planned: what the plan of the run of all accounts counts and saw.
        calls: calls to accounts that are not served.
        unplanned: accounts that could not be planned.
    """

    task: Execution
    state: StateStore
    loop: SharedLoop
    whole: SyncRun
    tried: dict[str, OneAccount]
    parts: dict[str, OneAccount] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    planned: tuple[Counts, bytes] = (Counts(), b"")
    calls: int = 0
    unplanned: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._began_at = self.task.timing.clock.monotonic()
        self._of_sync = self.state.accounts(self.task.sync)
        # Planning keeps a processor busy, so one account plans at a time while others deliver. It may read its rows
        # again meanwhile.
        self._planning = threading.RLock()
        self.task.record.began(self.whole.id)

    def run(self) -> Report:
        """Do what is left to do, and return the report."""
        earlier = self._of_sync.runs_since(self.whole.id) if self.whole.sealed else {}
        try:
            if self.task.request.reviewed_run:
                self._deliver_reviewed()
            elif self.whole.sealed and earlier.keys() >= set(self.whole.source()["accounts"]):
                log.info("Run %s was planned by an earlier attempt; continuing with its outboxes", self.whole.id)
                self._open([each for each, found in earlier.items() if not found.is_finished], lambda _: _unread)
                self._serve()
            else:
                self._read_and_serve({each for each, found in earlier.items() if found.is_finished})
        finally:
            self._report_lineage(earlier)
        self.task.cancel_token.raise_if_cancelled()
        return self._concluded()

    def _report_lineage(self, earlier: Mapping[str, AccountRun]) -> None:
        """Let the task's lineage have that of each account, also of those that an earlier attempt has finished."""
        lineage = self.task.record.lineage
        accounts = {
            location_id: replace(lineage, location_id=location_id, run_id=run.run_id, counts=dict(run.counts))
            for location_id, run in earlier.items()
        }
        accounts |= {location_id: part.task.record.lineage for location_id, part in self.parts.items()}
        self.task.record.lineage = replace(lineage, accounts=tuple(accounts.values()))

    def _deliver_reviewed(self) -> None:
        """Deliver exactly what the dry run of each account planned."""
        if not self.whole.sealed:
            self.whole.seal()
        planned: Mapping[str, str] = self.whole.source()["accounts"]
        for location_id, run_id in planned.items():
            self._open([location_id], lambda _: _unread, replace(self.task.request, reviewed_run=run_id))
        self._serve()

    def _read_and_serve(self, finished: Collection[str]) -> None:
        task, is_resync = self.task, self._resyncs()
        interval = task.interval(self.state, anew=is_resync or task.request.full_resync)
        with reader(task.request, task.source, interval)() as source:
            task.record.lineage = replace(task.record.lineage, columns=source.columns)
            parted = part_rows(source, task.request, is_location_id, lambda _: task.cancel_token.raise_if_cancelled())
        with closing(parted.spool):
            read = [each for each in parted.rows if each != NO_ACCOUNT]
            log.info("Read %s of %s", counted(sum(parted.rows.values()), "row"), counted(len(read), "account"))
            waiting = () if task.request.only_keys else self._of_sync.waiting()
            self._open(
                [each for each in dict.fromkeys((*read, *waiting)) if each not in finished],
                lambda location_id: partial(self._rows, parted, location_id),
            )
            if is_resync:
                self._ask_all_for_resync()
            denied = self._prove()
            if denied and not self.parts and not self.failures and not finished:
                raise next(iter(denied.values()))  # the connection is wrong, and not the rows
            if not self.whole.sealed:
                self._plan_whole(parted, denied)
            self.rows, self.unplanned = parted.rows, tuple(self.failures)
            self._serve()
        if interval and interval.moves_watermark and not self.failures and not task.request.dry_run:
            self._of_sync.move_watermark(interval.until)

    def _resyncs(self) -> bool:
        """Return whether a person asked for a full resync of all accounts, which each account's run then follows."""
        return self.task.request.only_keys is None and not self.whole.sealed and self.whole.follow_full_resync()

    def _ask_all_for_resync(self) -> None:
        log.info("A full resync was asked for: this run sends every row of every account")
        syncs = self.state.syncs()
        for part in self.parts.values():
            syncs.ask_full_resync(syncs.ensure(part.task.sync))

    def _open(
        self, location_ids: Collection[str], rows: Callable[[str], Rows], request: SyncRequest | None = None
    ) -> None:
        for location_id in location_ids:
            if location_id not in self.tried:
                self.tried[location_id] = open_account(self.task, location_id, self.state, self.loop)
            task, account = self.tried.pop(location_id)
            part = replace(
                task, request=replace(request or self.task.request, location_id=location_id), rows=rows(location_id)
            )
            self.parts[location_id] = OneAccount(part, account)

    def _leave(self, account: Account) -> None:
        """Keep what is known of an account that is not served."""
        account.keep_quota()
        self.calls += account.calls

    def _prove(self) -> dict[str, LeadwayError]:
        """Prove the token for each account, and return those that it has no access to; they are not served."""
        denied: dict[str, LeadwayError] = {}
        jobs = {each: part.account.prove for each, part in self.parts.items()}
        proved = side_by_side(jobs, self.task.cancel_token)
        for location_id, ended in proved.items():
            if (error := ended.exception()) is None:
                continue
            self._leave(self.parts.pop(location_id).account)
            if isinstance(error, AccessDeniedError | ConnectionSettingsError):
                denied[location_id] = error
            else:
                self._failed(location_id, error)
        return denied

    def _plan_whole(self, parted: Parted, denied: Mapping[str, LeadwayError]) -> None:
        """Plan the run of all accounts: rows that name no account that the token has access to are invalid."""
        reasons = {NO_ACCOUNT: Reason(COLUMN, "account_missing", CODES["account_missing"])}
        for location_id, error in denied.items():
            log.warning("Account %s gets no rows: %s", location_id, error)
            message = f"{CODES['account_out_of_reach']} It is {location_id}."
            reasons[location_id] = Reason(COLUMN, "account_out_of_reach", message)
        counts, seen = dict.fromkeys(COUNTED, 0), bytearray()
        for part, reason in reasons.items():
            with parted.spool.read(part) as rows:
                found = reject_rows(self.whole, rows.batches(), parted.key_positions, reason, seen)
            counts = {name: number + found[name] for name, number in counts.items()}
        self._describe()
        if self.task.request.dry_run:
            self.planned = Counts(**counts), bytes(seen)
        else:
            self.whole.seal(Counts(**counts), bytes(seen), is_whole=self.task.request.reads_all)

    def _describe(self) -> None:
        """Store the accounts, with the run of each as far as it has one."""
        accounts = dict.fromkeys(self.failures, "")
        accounts |= {each: part.task.record.lineage.run_id or "" for each, part in self.parts.items()}
        self.whole.describe(self.task.request.sql, (), source={"accounts": accounts})

    @contextmanager
    def _rows(self, parted: Parted, location_id: str) -> Iterator[OpenRows]:
        with self._planning, parted.spool.read(location_id) as rows:
            yield rows

    def _serve(self) -> None:
        """Plan and deliver all accounts that are open, and leave those that the token was only tried with."""
        for _, account in self.tried.values():
            self._leave(account)
        self.tried.clear()
        jobs = {each: partial(part.task.run_in, self.state, part.account) for each, part in self.parts.items()}
        for location_id, ended in side_by_side(jobs, self.task.cancel_token).items():
            if (error := ended.exception()) is None:
                self.reports[location_id] = ended.result()
                continue
            if isinstance(error, FailedRunError):
                self.reports[location_id] = error.report
            self._failed(location_id, error)

    def _failed(self, location_id: str, error: BaseException) -> None:
        if isinstance(error, QuotaExhaustedError):
            error = Deferral(str(error), self.task.timing.clock.now() + timedelta(seconds=returns_in(error)))
        if not isinstance(error, LeadwayError | Deferral):
            raise error
        log.log(
            logging.WARNING if isinstance(error, Deferral | TransientError) else logging.ERROR,
            "Account %s is not finished: %s",
            location_id,
            error,
        )
        self.failures[location_id] = error

    def _concluded(self) -> Report:
        """Return the sum of all accounts, where each of them succeeded."""
        seconds = self.task.timing.clock.monotonic() - self._began_at
        if self.task.request.dry_run:
            self._describe()
            counts, seen = self.planned
            self.whole.finish_dry_run(counts, seen, is_whole=self.task.request.reads_all)
        total, calls, accounts = self._sums()
        total.verify()
        report: Report = {**total, "calls": calls, "seconds": round(seconds, 3), "run_id": self.whole.id}
        report["accounts"] = accounts
        report |= sum_of([*self.reports.values()]) if self.task.request.dry_run else {}
        if self.failures:
            report["accounts_not_finished"] = ", ".join([*self.failures][:_NAMED])
        in_all = counted(accounts, "account")
        log.info("Run %s, %s: %s; %s", self.whole.id, in_all, in_words(total), counted(calls, "call"))
        self._raise_transient(accounts)
        self.whole.finish(calls=self.calls, seconds=seconds)
        self._judge(total, report, accounts)
        return report

    def _sums(self) -> tuple[Counts, int, int]:
        """Return the counts and calls of all accounts, those of earlier attempts among them, and how many they are."""
        total, calls = dict(self.whole.counts()), self.calls
        served = self._of_sync.runs_since(self.whole.id)
        accounts = {*served, *self.parts, *self.unplanned}
        for location_id in accounts:
            if (run := served.get(location_id)) is not None:
                found, calls = dict(run.counts), calls + run.calls
            elif (report := self.reports.get(location_id)) is not None:
                found, calls = {name: int(report[name]) for name in COUNTED}, calls + int(report["calls"])
            else:  # its rows were read, and an attempt after this one plans them
                rows = self.rows.get(location_id, 0)
                found = {"read": rows, RowState.PENDING: rows}
            total = {name: number + found.get(name, 0) for name, number in total.items()}
        return Counts(**total), calls, len(accounts)

    def _raise_transient(self, accounts: int) -> None:
        """Raise where another attempt goes on with accounts; the run of all accounts stays open for it."""
        deferrals = [error for error in self.failures.values() if isinstance(error, Deferral)]
        if deferrals:
            raise Deferral(self._named(accounts), min(error.until for error in deferrals))
        if any(not isinstance(error, ConfigurationError | FailedRunError) for error in self.failures.values()):
            raise TransientError(self._named(accounts))

    def _judge(self, total: Counts, report: Report, accounts: int) -> None:
        """Raise FailedRunError where accounts failed for good, or too many rows name no usable account."""
        request, messages = self.task.request, []
        rejected = self.whole.counts().rejected
        log_rejected(self.whole, rejected, ())
        if rejected > request.max_rejected_of(total["read"]):
            messages.append(
                f"{rejected:,} of {counted(total['read'], 'row')} name no account that the connection has access to, "
                f"and max_rejected is {request.max_rejected}. Which rows, and why: {rejected_command(self.whole.id)}."
            )
        if self.failures:
            messages.append(self._named(accounts))
        if messages:
            raise FailedRunError(" ".join(messages), report)

    def _named(self, accounts: int) -> str:
        """Return a sentence that names the accounts that are not finished, the first one with the reason."""
        names, (first, error) = [*self.failures], next(iter(self.failures.items()))
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return (
            f"{len(names):,} of {counted(accounts, 'account')} not finished "
            f"({', '.join(names[:_NAMED])}{more}); all others are. Account {first}: {error}"
        )


def _unread() -> AbstractContextManager[OpenRows]:
    """Stand for the rows of an account whose plan is sealed, so that nothing is read for it."""
    raise TransientError("The account's plan was replaced by another run; the task's retry reads the source again.")
