"""Which row holds an identity, which rows wait for it, and that a plan's changes count from its seal on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.claims import SqlClaimStore
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.claims import Claim, ClaimKind, Holder, Waiting
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.ports import ClaimStore
from leadway_provider.sync.records import Delivery, Removal
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import MALFORMED, acknowledged, begin, deliver_all, fingerprint, sealed
from tests.store.statements import analyze, killed, query_plan, reads_all, statements

EMAIL, PHONE, OTHER = "aa" * 16, "bb" * 16, "cc" * 16
HOLDS, WAITS, RETAINS = ClaimKind.HOLDS, ClaimKind.WAITS, ClaimKind.RETAINS


def next_run(state: StateStore, sync: SyncIdentity) -> tuple[SyncRun, SqlClaimStore, list[int]]:
    """A run of three known rows, and its claims."""
    deliver_all(sealed(state, sync, "a", "b", "c"))
    run = begin(state, sync, "run 2")
    return run, run.claims, [row_id for row_id, _ in run.known(["a", "b", "c"]).values()]


def seal(run: SyncRun) -> None:
    """End a plan that found every row unchanged."""
    run.seal(Counts(read=3, unchanged=3))
    run.finish(calls=0, seconds=0)


def staged(engine: sa.Engine, run: SyncRun) -> int:
    """Return how many staged claims a run has."""
    wanted = sa.select(sa.func.count()).where(tables.staged_claim.c.run_id == run.id)
    with engine.connect() as connection:
        return connection.scalar(wanted) or 0


def test_the_store_offers_what_the_plan_needs(state: StateStore, sync: SyncIdentity) -> None:
    """The planner's port is what the store offers; mypy checks the signatures."""
    port: ClaimStore = begin(state, sync).claims
    assert list(port.waiting()) == []


def test_new_keys_get_a_row_and_keep_it(state: StateStore, sync: SyncIdentity) -> None:
    """A new key gets a row of its own, and is known by it from then on."""
    run, _, (a, *_) = next_run(state, sync)
    ids = run.ensure_rows(["new"])
    assert run.known(["new", "a"]) == {"new": (ids["new"], None), "a": (a, fingerprint("a"))}


def test_a_plan_sees_its_own_changes_at_once(state: StateStore, sync: SyncIdentity) -> None:
    """A claim is what was stored last, and is found by its row and, where it holds or retains, by its identity."""
    _, claims, (a, b, _) = next_run(state, sync)

    claims.update_claims([], [Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS), Claim(PHONE, b, RETAINS)])
    assert claims.holders([EMAIL, PHONE, OTHER]) == {EMAIL: Holder(a, "a"), PHONE: Holder(b, "b", retains=True)}

    claims.update_claims([Claim(EMAIL, a, HOLDS)], [Claim(EMAIL, b, HOLDS)])
    assert claims.holders([EMAIL]) == {EMAIL: Holder(b, "b")}
    assert claims.claims_of([a]) == []
    assert set(claims.claims_of([a, b])) == {Claim(EMAIL, b, HOLDS), Claim(PHONE, b, RETAINS)}


def test_staged_claims_do_not_count_before_the_seal(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """No claim is stored until the seal; from then on the next run finds them, and nothing is left of the staging."""
    run, claims, (a, b, c) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS), Claim(PHONE, c, RETAINS)])
    with engine.connect() as connection:
        stored = sa.select(tables.claim).where(tables.claim.c.sync_id == run.sync_id)
        assert connection.execute(stored).all() == []

    seal(run)

    after = begin(state, sync, "run 3").claims
    assert set(after.claims_of([a, b, c])) == {Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS), Claim(PHONE, c, RETAINS)}
    assert staged(engine, run) == 0


def test_a_killed_plan_leaves_no_claim(state_by_twos: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """What it gave and took is undone: the next run finds the claims as the last sealed plan left them."""
    first, claims, (a, b, c) = next_run(state_by_twos, sync)
    before = {Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS)}
    claims.update_claims([], list(before))
    seal(first)
    broken = begin(state_by_twos, sync, "run 3")
    broken.claims.update_claims([Claim(EMAIL, a, HOLDS)], [Claim(EMAIL, b, HOLDS), Claim(PHONE, c, HOLDS)])
    broken.claims.plan_when_read([a])

    run = begin(state_by_twos, sync, "run 3")

    assert set(run.claims.claims_of([a, b, c])) == before
    assert run.claims.holders([EMAIL, PHONE]) == {EMAIL: Holder(a, "a")}
    assert acknowledged(run, "a") == fingerprint("a")
    assert staged(engine, broken) == 0


def test_a_dry_run_leaves_no_claim_until_it_is_delivered(state: StateStore, sync: SyncIdentity) -> None:
    """Reviewed and delivered, its claims count; where another run begins, they are gone."""
    dry, claims, (a, *_) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS)])
    dry.finish_dry_run(Counts(read=3, unchanged=3))
    reviewed = state.resume_reviewed(sync, dry.id, task_run="deliver", digest=b"query")
    seal(reviewed)
    dry = begin(state, sync, "run 3")
    dry.claims.update_claims([Claim(EMAIL, a, HOLDS)], [Claim(PHONE, a, HOLDS)])
    dry.finish_dry_run(Counts(read=3, unchanged=3))

    run = begin(state, sync, "run 4")

    assert run.claims.claims_of([a]) == [Claim(EMAIL, a, HOLDS)]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_seal_that_was_killed_is_completed(state_by_twos: StateStore, sync: SyncIdentity, after: int) -> None:
    """Killed before any part of its claims, the next attempt applies the rest: new, changed and ended ones."""
    first, claims, (a, b, c) = next_run(state_by_twos, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS), Claim(OTHER, c, HOLDS)])
    seal(first)
    run = begin(state_by_twos, sync, "run 3")
    run.claims.update_claims(
        [Claim(EMAIL, a, HOLDS), Claim(OTHER, c, HOLDS)], [Claim(EMAIL, b, HOLDS), Claim(PHONE, c, HOLDS)]
    )
    run.claims.plan_when_read([a])
    with at("DELETE FROM leadway_staged_claim", killed, after=after), pytest.raises(KeyboardInterrupt):
        run.seal(Counts(read=3, unchanged=3))

    retry = begin(state_by_twos, sync, "run 3")

    assert retry.sealed
    assert retry.id == run.id
    assert set(retry.claims.claims_of([a, b, c])) == {Claim(EMAIL, b, HOLDS), Claim(PHONE, c, HOLDS)}
    assert acknowledged(retry, "a") is None


def test_syncs_share_no_claims(state: StateStore, sync: SyncIdentity) -> None:
    """Another sync's rows hold nothing here, neither before nor after the seal."""
    run, claims, (a, *_) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS)])
    other = begin(state, SyncIdentity("other", sync.host, sync.location_id))
    assert other.claims.holders([EMAIL]) == {}
    seal(run)
    assert other.claims.holders([EMAIL]) == {}


def test_one_row_holds_an_identity_that_passes_on(state: StateStore, sync: SyncIdentity) -> None:
    """When the holder's claim becomes one that waits, the row that gets it is the only holder, also after the seal."""
    first, claims, (a, b, c) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS), Claim(EMAIL, b, WAITS), Claim(EMAIL, c, WAITS)])
    seal(first)
    run = begin(state, sync, "run 3")
    run.claims.update_claims([], [Claim(EMAIL, a, WAITS), Claim(EMAIL, b, HOLDS)])
    seal(run)

    after = begin(state, sync, "run 4").claims

    kinds = {claim.row_id: claim.kind for claim in after.claims_of([a, b, c])}
    assert kinds == {a: WAITS, b: HOLDS, c: WAITS}
    assert after.holders([EMAIL]) == {EMAIL: Holder(b, "b")}


def test_waiting_rows_come_in_order_with_the_holder(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """By identity and then the row known longest, each once, whether its claim is stored or staged."""
    first, claims, (a, b, c) = next_run(state_by_twos, sync)
    claims.update_claims([], [Claim(PHONE, c, WAITS), Claim(PHONE, a, HOLDS), Claim(OTHER, a, RETAINS)])
    claims.update_claims([], [Claim(EMAIL, b, WAITS)])
    seal(first)
    claims = begin(state_by_twos, sync, "run 3").claims
    claims.update_claims([], [Claim(PHONE, b, WAITS), Claim(PHONE, c, WAITS), Claim(EMAIL, c, WAITS)])
    claims.update_claims([], [Claim(OTHER, c, WAITS)])

    holder, retains = Holder(a, "a"), Holder(a, "a", retains=True)
    assert list(claims.waiting()) == [
        Waiting(EMAIL, b, None, is_sent=False),
        Waiting(EMAIL, c, None, is_sent=False),
        Waiting(PHONE, b, holder, is_sent=False),
        Waiting(PHONE, c, holder, is_sent=False),
        Waiting(OTHER, c, retains, is_sent=False),
    ]


def test_claims_that_do_not_wait_cost_nothing(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Where a thousand rows hold an identity and none waits, the look for waiting ones reads an index of those only."""
    run = sealed(state, sync, *(str(number) for number in range(1000)))
    rows = run.known([str(number) for number in range(1000)]).values()
    claims = [{"identity": bytes([row_id % 256]) * 10, "row_id": row_id} for row_id, _ in rows]
    with engine.begin() as connection:
        common = {"sync_id": run.sync_id, "kind": HOLDS}
        connection.execute(sa.insert(tables.claim), [common | each for each in claims])
    analyze(engine, "leadway_claim")

    with statements(engine) as seen:
        assert list(run.claims.waiting()) == []

    plan = query_plan(engine, seen[0])
    assert "leadway_claim_waiting" in plan
    assert not reads_all(plan, "leadway_claim")


def test_a_row_that_no_longer_waits_is_not_waiting(state: StateStore, sync: SyncIdentity) -> None:
    """A plan that ends a stored claim, or lets its row hold the identity, sees it so at once."""
    first, claims, (a, b, c) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, WAITS), Claim(EMAIL, b, WAITS), Claim(EMAIL, c, WAITS)])
    seal(first)
    claims = begin(state, sync, "run 3").claims

    claims.update_claims([Claim(EMAIL, a, WAITS)], [Claim(EMAIL, b, HOLDS)])

    assert list(claims.waiting()) == [Waiting(EMAIL, c, Holder(b, "b"), is_sent=False)]


def test_a_waiting_row_that_holds_another_identity_is_sent(state: StateStore, sync: SyncIdentity) -> None:
    """A row that waits for a phone and holds an e-mail is sent without the phone; one that only retains is not."""
    _, claims, (a, b, c) = next_run(state, sync)
    claims.update_claims([], [Claim(PHONE, a, HOLDS), Claim(PHONE, b, WAITS), Claim(EMAIL, b, HOLDS)])
    claims.update_claims([], [Claim(PHONE, c, WAITS), Claim(OTHER, c, RETAINS)])

    assert [(each.row_id, each.is_sent) for each in claims.waiting()] == [(b, True), (c, False)]


def test_a_row_can_be_planned_again_when_it_is_read(state: StateStore, sync: SyncIdentity) -> None:
    """Such a row counts as changed from the seal on, and not before; other rows stay acknowledged."""
    run, claims, (a, *_) = next_run(state, sync)
    claims.plan_when_read([a])
    assert acknowledged(run, "a") == fingerprint("a")

    seal(run)

    after = begin(state, sync, "run 3")
    assert acknowledged(after, "a") is None
    assert acknowledged(after, "b") == fingerprint("b")
    assert after.claims.claims_of([a]) == []


def test_what_the_crm_has_on_a_contact_changes_with_its_acknowledgement(state: StateStore, sync: SyncIdentity) -> None:
    """An accepted row has what the answer shows; a refused or unknown one keeps what was known before."""
    run = sealed(state, sync, "a", "b", "c")
    a, b, c = run.outbox(0, 10)
    created, none = RowState.CREATED, frozenset[str]()
    run.acknowledge([Delivery(a, created, contact_id="C1", in_crm=frozenset({EMAIL, PHONE}))])
    run.acknowledge([Delivery(b, created, contact_id="C2", in_crm=frozenset({OTHER})), Delivery(c, RowState.REFUSED)])
    ids = [a.row_id, b.row_id, c.row_id]
    assert run.claims.in_crm(ids) == {a.row_id: {EMAIL, PHONE}, b.row_id: {OTHER}}

    again = sealed(state, sync, "a", "b", task_run="run 2")
    rows = {row.source_key: row for row in again.outbox(0, 10)}
    again.acknowledge([Delivery(rows["a"], RowState.UPDATED, contact_id="C1", in_crm=none)])
    again.acknowledge([Delivery(rows["b"], RowState.UNKNOWN)])

    assert again.claims.in_crm(ids) == {b.row_id: {OTHER}}


def test_a_departed_row_that_was_treated_frees_its_identity(state: StateStore, sync: SyncIdentity) -> None:
    """The row that waits for it finds no holder any more; where the API refused, the row still holds its own."""
    first, claims, (a, b, c) = next_run(state, sync)
    claims.update_claims([], [Claim(EMAIL, a, HOLDS), Claim(PHONE, b, HOLDS)])
    claims.update_claims([], [Claim(EMAIL, c, WAITS), Claim(PHONE, c, WAITS)])
    seal(first)
    run = begin(state, sync, "run 3")
    run.removals.plan_departed([a, b])
    run.seal(Counts(read=1, unchanged=1))
    gone, refused = run.removals.departed(0, 10)

    run.removals.acknowledge([Removal(gone, contact_missing=True), Removal(refused, reasons=(MALFORMED,))])

    after = begin(state, sync, "run 4").claims
    assert after.claims_of([a]) == []
    assert list(after.waiting()) == [
        Waiting(EMAIL, c, None, is_sent=False),
        Waiting(PHONE, c, Holder(b, "b"), is_sent=False),
    ]
