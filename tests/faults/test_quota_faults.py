"""Quotas that are told wrongly or not at all, storms of 429, and clocks that jump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.clock import Clock
from leadway_provider.operators.timing import Timing
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.lease import LeaseTiming
from tests.api.clients import IdleTime
from tests.faults.instant import ACKNOWLEDGING, at
from tests.faults.promise import AT_ONCE, ROWS, VERSIONS, assert_kept, attempt, connect
from tests.operators.task import Warehouse

UPSERT = "/contacts/upsert"
STORM = 12


@pytest.mark.parametrize(
    "retry_after",
    [None, "0", "7", "-5", "soon", "9" * 400, f"Wed, 21 Oct {9**20} 07:28:00 GMT"],
    ids=["without a header", "0", "7", "negative", "no number", "absurd", "an absurd date"],
)
def test_a_storm_of_429(sandbox: SandboxServer, retry_after: str | None) -> None:
    """Each is waited for, however it is told, and no call is given up; a header that makes no sense counts as none."""
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=STORM, after=5, path=UPSERT, retry_after=retry_after))
    time = IdleTime()  # one call at a time: others would let it race
    clock = Clock(monotonic=lambda: time.seconds, sleep=time.sleep)
    report = attempt(max_in_flight=1, timing=replace(AT_ONCE, clock=clock, lease=LeaseTiming(trusted_for=1e6)))
    assert sandbox.journal.faults[FaultKind.TOO_MANY] == STORM
    asked = {"0": 0.0, "7": 7.0}.get(str(retry_after), 0.5)  # otherwise the interval of the connection
    assert sum(time.slept) == pytest.approx(STORM * asked)
    assert_kept(sandbox, report)


def test_a_storm_of_429_over_many_calls(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that are in flight together meet it together, and keep their order."""
    connect(monkeypatch, sandbox, extra={"quota_seconds": 0.1})
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=STORM, after=5, path=UPSERT))
    report = attempt(max_in_flight=8)
    assert sandbox.journal.faults[FaultKind.TOO_MANY] == STORM
    assert_kept(sandbox, report)


@pytest.mark.parametrize("kind", [FaultKind.HEADERS_MISSING, FaultKind.HEADERS_NEGATIVE, FaultKind.HEADERS_ABSURD])
@pytest.mark.parametrize("after", [0, 10])
def test_headers_that_tell_nonsense(sandbox: SandboxServer, kind: FaultKind, after: int) -> None:
    """From the first call on, or suddenly in the middle: what was known before stays, and nothing waits or breaks."""
    sandbox.faults.add(Fault(kind, times=None, after=after))
    report = attempt()
    assert sandbox.journal.faults[kind] == report["calls"] - after
    assert_kept(sandbox, report)


class Wall:
    """The wall clock as the provider reads it, which a test can set; the sandbox keeps the right time."""

    ahead = timedelta()

    def now(self) -> datetime:
        """The time, so much ahead of what it is."""
        return datetime.now(UTC) + self.ahead

    @property
    def timing(self) -> Timing:
        """The timing of a run that uses this clock."""
        return replace(AT_ONCE, clock=Clock(now=self.now))


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account that grants ten calls in any third of a second; OAuth leads to it."""
    with SandboxServer(Settings(burst=Quota(10, 0.3), daily=None, allow_duplicates=True)) as server:
        oauth = {"auth": "oauth", "refresh_token": "sandbox-refresh-token", "state_conn_id": "state"}
        connect(monkeypatch, server, login="sandbox-client", password="sandbox-secret", extra=oauth)
        yield server


@pytest.mark.parametrize("hours", [-30, -5, 5, 30])
def test_the_wall_clock_jumps(metered: SandboxServer, hours: int) -> None:
    """Quota, order and tokens are as if nothing had happened: waits go by a clock that can't be set."""
    wall = Wall()

    def jump(_: object) -> None:
        wall.ahead = timedelta(hours=hours)

    with at(ACKNOWLEDGING, jump) as done:
        report = attempt(timing=wall.timing)
    assert done
    assert metered.journal.quota_refusals == 0
    renewals = [call.path for call in metered.journal.calls].count("/oauth/token")
    assert renewals == (2 if hours == 30 else 1)  # only then the token seems to have ended
    assert report["calls"] == ROWS + 1 + renewals
    assert 0 <= report["seconds"] < 3600
    assert_kept(metered, report)


@pytest.mark.parametrize(("hours", "ended"), [(-5, "created"), (5, "unknown")])
def test_the_wall_clock_is_wrong_where_an_answer_is_lost(
    metered: SandboxServer, people: Warehouse, hours: int, ended: str
) -> None:
    """A contact that is found cannot be told from an older one by a clock that is ahead, so it is not sent again."""
    people.fill(VERSIONS[0], VERSIONS[1])
    metered.faults.add(Fault(FaultKind.CLOSE, email="p1@example.com", written=True))
    wall = Wall()
    wall.ahead = timedelta(hours=hours)
    report = attempt(constants={"create_new_if_duplicate_allowed": True}, timing=wall.timing)
    assert report["read"] == 2 == report["created"] + report["unknown"]
    assert report[ended] >= 1
    assert len(metered.account.contacts) == 2


def test_a_clock_that_is_behind_takes_no_older_contact_for_a_lost_one(
    metered: SandboxServer, people: Warehouse
) -> None:
    """A call is lost before the write, and the account has had another contact of that e-mail: nothing is claimed."""
    metered.account.upsert({"email": "p1@example.com", "firstName": "Somebody else"})
    people.fill(VERSIONS[0])
    metered.faults.add(Fault(FaultKind.CLOSE, email="p1@example.com"))
    wall = Wall()
    wall.ahead = timedelta(hours=-5)
    report = attempt(constants={"create_new_if_duplicate_allowed": True}, timing=wall.timing)
    assert (report["read"], report["unknown"]) == (1, 1)
