"""Quotas that are told wrongly or not at all, storms of 429, and clocks that jump."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType
from typing import Any, ClassVar, Self

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.api.office import IdleTime
from tests.faults.instant import ACKNOWLEDGING, at
from tests.faults.promise import ROWS, VERSIONS, assert_kept, attempt, connect
from tests.operators.task import Warehouse

UPSERT = "/contacts/upsert"
STORM = 12


@pytest.mark.parametrize(
    "retry_after",
    [None, "0", "7", "-5", "soon", "9" * 400, f"Wed, 21 Oct {9**20} 07:28:00 GMT"],
    ids=["without a header", "0", "7", "negative", "no number", "absurd", "an absurd date"],
)
def test_a_storm_of_429(sandbox: SandboxServer, time: IdleTime, retry_after: str | None) -> None:
    """Each is waited for, however it is told, and no call is given up; a header that makes no sense counts as none."""
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=STORM, after=5, path=UPSERT, retry_after=retry_after))
    report = attempt(max_in_flight=1)
    assert sandbox.journal.faults[FaultKind.TOO_MANY] == STORM
    asked = {"0": 0.0, "7": 7.0}.get(str(retry_after), 10.0)
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


class Wall(datetime):
    """The wall clock as the provider reads it, which a test can set."""

    ahead: ClassVar[timedelta] = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The time, so much ahead of what it is."""
        return cls.fromtimestamp((datetime.now(UTC) + cls.ahead).timestamp(), tz)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    """The clock that all modules of the provider go by; the sandbox keeps the right time."""
    monkeypatch.setattr(Wall, "ahead", timedelta())
    for module in _modules():
        monkeypatch.setattr(module, "datetime", Wall)
    return Wall


def _modules() -> Iterator[ModuleType]:
    attempt_needs = ("leadway_provider.operators.execution", "leadway_provider.api.auth")
    for name in attempt_needs:
        __import__(name)
    for name, module in list(sys.modules.items()):
        ours = name.startswith("leadway_provider.") and not name.startswith("leadway_provider.sandbox")
        if ours and getattr(module, "datetime", None) is datetime:
            yield module


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account that grants ten calls in any third of a second; OAuth leads to it."""
    with SandboxServer(Settings(burst=Quota(10, 0.3), daily=None, allow_duplicates=True)) as server:
        oauth = {"auth": "oauth", "refresh_token": "sandbox-refresh-token", "state_conn_id": "state"}
        connect(monkeypatch, server, login="sandbox-client", password="sandbox-secret", extra=oauth)
        yield server


@pytest.mark.parametrize("hours", [-30, -5, 5, 30])
def test_the_wall_clock_jumps(metered: SandboxServer, wall: type[Wall], hours: int) -> None:
    """Quota, order and tokens are as if nothing had happened: waits go by a clock that can't be set."""

    def jump(_: object) -> None:
        wall.ahead = timedelta(hours=hours)

    with at(ACKNOWLEDGING, jump) as done:
        report = attempt()
    assert done
    assert metered.journal.quota_refusals == 0
    renewals = [call.path for call in metered.journal.calls].count("/oauth/token")
    assert renewals == (2 if hours == 30 else 1)  # only then the token seems to have ended
    assert report["calls"] == ROWS + 1 + renewals
    assert 0 <= report["seconds"] < 3600
    assert_kept(metered, report)


@pytest.mark.parametrize(("hours", "ended"), [(-5, "created"), (5, "unknown")])
def test_the_wall_clock_is_wrong_where_an_answer_is_lost(
    metered: SandboxServer, people: Warehouse, wall: type[Wall], hours: int, ended: str
) -> None:
    """A contact that is found cannot be told from an older one by a clock that is ahead, so it is not sent again."""
    people.fill(VERSIONS[0], VERSIONS[1])
    metered.faults.add(Fault(FaultKind.CLOSE, email="p1@example.com", written=True))
    wall.ahead = timedelta(hours=hours)
    arguments: dict[str, Any] = {"constants": {"create_new_if_duplicate_allowed": True}}
    report = attempt(**arguments)
    assert report["read"] == 2 == report["created"] + report["unknown"]
    assert report[ended] >= 1
    assert len(metered.account.contacts) == 2


def test_a_clock_that_is_behind_takes_no_older_contact_for_a_lost_one(
    metered: SandboxServer, people: Warehouse, wall: type[Wall]
) -> None:
    """A call is lost before the write, and the account has had another contact of that e-mail: nothing is claimed."""
    metered.account.upsert({"email": "p1@example.com", "firstName": "Somebody else"})
    people.fill(VERSIONS[0])
    metered.faults.add(Fault(FaultKind.CLOSE, email="p1@example.com"))
    wall.ahead = timedelta(hours=-5)
    report = attempt(constants={"create_new_if_duplicate_allowed": True})
    assert (report["read"], report["unknown"]) == (1, 1)
