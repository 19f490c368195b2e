"""Who holds what, in each database."""

from __future__ import annotations

from leadway_provider.store.claims import ClaimBook
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.claims import Claim, Holder, Waiting
from leadway_provider.sync.ports import ClaimStore
from tests.store.sample import acknowledged, begin, deliver_all, sealed

EMAIL, PHONE, OTHER = "aa" * 16, "bb" * 16, "cc" * 16


def book(state: StateStore, sync: SyncIdentity) -> tuple[SyncRun, ClaimBook, list[int]]:
    """A run of three known rows, and its claims."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = begin(state, sync, "run 2")
    return run, run.claims, [row_id for row_id, _ in run.known(["a", "b", "c"]).values()]


def test_a_claim_book_is_a_claim_store(state: StateStore, sync: SyncIdentity) -> None:
    """The planner's port is what the store offers."""
    port: ClaimStore = begin(state, sync).claims
    assert list(port.waiting()) == []


def test_enrolled_keys_keep_their_row(state: StateStore, sync: SyncIdentity) -> None:
    """A new key gets a row, a known one keeps its own."""
    run, _, (a, *_) = book(state, sync)
    ids = run.enroll(["new", "a"])
    assert ids["a"] == a
    assert run.enroll(["new"]) == {"new": ids["new"]}


def test_claims_are_made_changed_and_dropped(state: StateStore, sync: SyncIdentity) -> None:
    """A claim is what was recorded last, and is found by its row and, where it holds, by its identity."""
    _, claims, (a, b, _) = book(state, sync)
    claims.reclaim([], [Claim(EMAIL, a, holds=True), Claim(EMAIL, b, holds=False), Claim(PHONE, b, holds=True)])
    assert claims.holders([EMAIL, PHONE, OTHER]) == {EMAIL: Holder(a, "a"), PHONE: Holder(b, "b")}
    claims.reclaim([Claim(EMAIL, a, holds=True)], [Claim(EMAIL, b, holds=True)])
    assert claims.holders([EMAIL]) == {EMAIL: Holder(b, "b")}
    assert claims.claims_of([a]) == []
    assert set(claims.claims_of([a, b])) == {Claim(EMAIL, b, holds=True), Claim(PHONE, b, holds=True)}


def test_syncs_share_no_claims(state: StateStore, sync: SyncIdentity) -> None:
    """Another sync's rows hold nothing here."""
    _, claims, (a, *_) = book(state, sync)
    claims.reclaim([], [Claim(EMAIL, a, holds=True)])
    other = begin(state, SyncIdentity("other", sync.host, sync.location_id))
    assert other.claims.holders([EMAIL]) == {}


def test_who_waits_is_told_with_the_holder_and_the_longest_known_first(state: StateStore, sync: SyncIdentity) -> None:
    """Each waiting claim comes once, in order, with nobody where the identity is free."""
    _, claims, (a, b, c) = book(state, sync)
    claims.reclaim([], [Claim(PHONE, c, holds=False), Claim(PHONE, b, holds=False), Claim(PHONE, a, holds=True)])
    claims.reclaim([], [Claim(EMAIL, c, holds=False), Claim(OTHER, a, holds=True)])
    assert list(claims.waiting()) == [Waiting(EMAIL, c, None), Waiting(PHONE, b, a), Waiting(PHONE, c, a)]


def test_a_row_that_lost_its_claim_counts_as_changed(state: StateStore, sync: SyncIdentity) -> None:
    """When an absent holder comes back, it must be compared with what others hold by then."""
    run, claims, (a, *_) = book(state, sync)
    claims.reclaim([], [Claim(PHONE, a, holds=True)])
    claims.disinherit([Claim(PHONE, a, holds=True)])
    assert claims.holders([PHONE]) == {}
    assert acknowledged(run, "a") is None
    assert acknowledged(run, "b") is not None
