"""What comes back over a connection that works: answers that are none, failures, tokens and access refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import UnavailableError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.tokens import TokenHolder
from tests.faults.instant import ACKNOWLEDGING, at
from tests.faults.promise import PEOPLE, ROWS, acknowledged, assert_kept, attempt, connect, failed, state_of
from tests.operators.task import Warehouse

UPSERT = "/contacts/upsert"
SAID = {
    FaultKind.SERVER_ERROR: "the API answered 500",
    FaultKind.BAD_GATEWAY: "the answer is not JSON",
    FaultKind.UNAVAILABLE: "the API answered 503",
    FaultKind.GATEWAY_TIMEOUT: "the answer is not JSON",
    FaultKind.COMMAND_TIMED_OUT: "the gateway timed out",
    FaultKind.HTML: "the answer is not JSON",
    FaultKind.NESTED: "the answer is not JSON",
    FaultKind.BROKEN_JSON: "the answer is not JSON",
}
"""Answers that may be better the next time, and how messages tell them."""
DENIED = {
    FaultKind.TOKEN_INVALID: ("401", "password of connection 'leadway_default' must be a valid private integration"),
    FaultKind.SCOPE_MISSING: ("401", "connection 'leadway_default' lacks a scope .*contacts.write"),
    FaultKind.FORBIDDEN: ("403", "Check that the token of connection 'leadway_default' belongs to location"),
}
"""Answers that a person must do something about, and what messages tell them to do."""
APP = {"login": "sandbox-client", "password": "sandbox-secret"}
OAUTH: dict[str, dict[str, Any]] = {
    "oauth": {"auth": "oauth", "state_conn_id": "state", "refresh_token": "sandbox-refresh-token"},
    "agency": {
        "auth": "agency",
        "state_conn_id": "state",
        "refresh_token": "sandbox-agency-refresh-token",
        "company_id": "sandbox-company",
    },
}


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.COMMAND_TIMED_OUT, FaultKind.HTML])
def test_a_burst_of_failures(sandbox: SandboxServer, kind: FaultKind) -> None:
    """Two in a row are repeated within the attempt, more than once."""
    sandbox.faults.add(*(Fault(kind, times=2, after=passed, path=UPSERT) for passed in (4, 9, 17)))
    report = attempt(max_in_flight=1)
    assert sandbox.journal.faults[kind] == 6
    assert_kept(sandbox, report)


@pytest.mark.parametrize(
    ("kind", "written"), [*((kind, False) for kind in SAID), (FaultKind.SERVER_ERROR, True), (FaultKind.HTML, True)]
)
def test_failures_that_last(
    sandbox: SandboxServer,
    people: Warehouse,
    kind: FaultKind,
    written: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Delivery ends after a few rows and says what came back, written or not; the retry sends the rest."""
    sandbox.faults.add(Fault(kind, times=None, after=6, path=UPSERT, written=written))
    failed(
        UnavailableError,
        f"POST /contacts/upsert: {SAID[kind]}; {sandbox.url} was tried 3 time",
        "Try again later",
        "connection 'leadway_default'",
    )
    assert acknowledged(state_of(people)) == 6
    sandbox.faults.clear()
    assert_kept(sandbox, attempt())


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("kind", [FaultKind.NESTED, FaultKind.BROKEN_JSON])
def test_an_answer_that_can_not_be_read_holds_nobody_else_back(
    sandbox: SandboxServer,
    kind: FaultKind,
    written: bool,  # noqa: FBT001 - a table's column
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The rows of that person alone are refused, and the log says why; the next run tries them again."""
    sandbox.faults.add(Fault(kind, times=None, path=UPSERT, email="p3@example.com", written=written))
    report = attempt(max_in_flight=1, max_rejected=1000)
    assert report["refused"] == ROWS // PEOPLE
    assert "answers can't be read, so it is not known what was written. What came last: the answer" in (caplog.text)
    sandbox.faults.clear()
    report = attempt("next", max_rejected=1000)
    assert report["refused"] == 0
    assert len(sandbox.account.contacts) == PEOPLE


@pytest.mark.parametrize("kind", [FaultKind.UNAVAILABLE, FaultKind.HTML, FaultKind.BROKEN_JSON])
def test_failures_before_the_plan(sandbox: SandboxServer, people: Warehouse, kind: FaultKind) -> None:
    """Without the account's custom fields nothing is planned."""
    sandbox.faults.add(Fault(kind, times=None, path="/locations/*"))
    failed(UnavailableError, f"GET /locations/sandbox-location/customFields: {SAID[kind]}", "Try again later")
    assert acknowledged(state_of(people)) == 0
    assert not sandbox.journal.upserts
    sandbox.faults.clear()
    assert_kept(sandbox, attempt())


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize("kind", DENIED)
def test_denied_in_the_middle(sandbox: SandboxServer, people: Warehouse, kind: FaultKind, in_flight: int) -> None:
    """Airflow is told not to retry; what was delivered stays so, and once put right only the rest is sent."""
    sandbox.faults.add(Fault(kind, times=None, after=10, path=UPSERT))
    status, what_to_do = DENIED[kind]
    failed(AirflowFailException, f"POST /contacts/upsert: refused with {status}", what_to_do, max_in_flight=in_flight)
    assert acknowledged(state_of(people)) == 10
    assert len(sandbox.journal.upserts) <= 10 + in_flight
    sandbox.faults.clear()
    sent = len(sandbox.journal.upserts)
    report = attempt()
    assert len(sandbox.journal.upserts) - sent == ROWS - 10
    assert_kept(sandbox, report)


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize("extra", OAUTH.values(), ids=OAUTH)
def test_tokens_that_expire_in_the_middle(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, extra: Mapping[str, Any], in_flight: int
) -> None:
    """Every token that was given ends at once: one renewal serves all calls in flight, and the attempt goes on."""
    connect(monkeypatch, sandbox, **APP, extra=extra)
    with at(ACKNOWLEDGING, lambda _: sandbox.tokens.expire_access()) as done:
        report = attempt(max_in_flight=in_flight)
    assert done
    assert [call.path for call in sandbox.journal.calls].count("/oauth/token") == 2
    assert_kept(sandbox, report)


def test_tokens_that_are_revoked_in_the_middle(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, people: Warehouse
) -> None:
    """A renewal that is refused ends the run with how to reconnect; with a new refresh token the rest is sent."""
    tokens = sandbox.tokens

    def revoke(_: object) -> None:
        tokens.expire_access()
        tokens._refresh.clear()

    connect(monkeypatch, sandbox, **APP, extra=OAUTH["oauth"])
    with at(ACKNOWLEDGING, revoke) as done:
        failed(
            AirflowFailException,
            "Connection 'leadway_default': the API doesn't accept its refresh token",
            "Connect the app to the account again and put the new refresh token into .*`refresh_token`",
        )
    assert done
    assert 0 < acknowledged(state_of(people)) < ROWS
    tokens.add_refresh("sandbox-refresh-token-2", TokenHolder("Location", "sandbox-location"))
    connect(monkeypatch, sandbox, **APP, extra={**OAUTH["oauth"], "refresh_token": "sandbox-refresh-token-2"})
    assert_kept(sandbox, attempt())
