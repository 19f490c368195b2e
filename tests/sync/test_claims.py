"""Who is who: rows that share an e-mail or a phone, over a state store in memory."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.policies import ContactRules
from leadway_provider.sync.claims import (
    ClaimKind,
)
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.outcome import Counts, RowState
from tests.sync.columns import INVALID, SEND_SHARED, Columns
from tests.sync.scenario import Row, Scenario, keys_waiting, waiting

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"
HOLDS, WAITS, RETAINS = ClaimKind.HOLDS, ClaimKind.WAITS, ClaimKind.RETAINS


def email(value: str) -> str:
    """Return the hash of an e-mail."""
    return UNKEYED.hash("email", value)


def phone(value: str) -> str:
    """Return the hash of a phone."""
    return UNKEYED.hash("phone", value)


def test_an_email_is_one_identity_whatever_its_case() -> None:
    """E-mails are compared without case, as the account does; a phone and an e-mail are never the same."""
    assert email("Ann@Example.com") == email(ANN)
    assert email("1") != phone("1")
    assert UNKEYED.of(Contact({"phone": HOME, "email": ANN, "firstName": "Ann"})) == (email(ANN), phone(HOME))


def test_rows_with_one_email_are_one_contact() -> None:
    """The first key holds it and the other is superseded with the reason; the next run changes nothing."""
    sync = Scenario()
    rows: list[Row] = [(1, ANN, HOME), (2, ANN, WORK)]
    assert sync.run(rows) == Counts(read=2, created=1, superseded=1)
    assert sync.reasons == {"2": ("email", "identity_shared")}
    calls = sync.account.calls
    assert sync.run(rows) == Counts(read=2, unchanged=1, superseded=1)
    assert sync.account.calls == calls
    assert sync.in_crm == {"1": (ANN, HOME)}


def test_rows_with_one_phone_stay_two_contacts() -> None:
    """One key sends the phone, from the other it is withheld; the next run changes nothing."""
    sync = Scenario()
    rows: list[Row] = [(1, ANN, HOME), (2, BOB, HOME)]
    assert sync.run(rows) == Counts(read=2, created=2, withheld=1)
    assert sync.in_crm == {"1": (ANN, HOME), "2": (BOB, None)}
    assert sync.run(rows) == Counts(read=2, unchanged=2)


def test_a_row_with_nothing_but_a_shared_phone_is_superseded() -> None:
    """Without an e-mail, the phone is all that it could be matched by."""
    sync = Scenario()
    assert sync.run([(1, ANN, HOME), (2, None, HOME)]) == Counts(read=2, created=1, superseded=1)
    assert sync.reasons == {"2": ("phone", "identity_shared")}


def test_an_account_that_matches_by_phone_first_makes_rows_with_one_phone_one_contact() -> None:
    """The first identity of the rules decides who is one contact; of the second one, the value is withheld."""
    sync = Scenario(Columns(ContactRules(identity=("phone", "email"))))
    sync.account.priority = ("phone", "email")
    assert sync.run([(1, ANN, HOME), (2, BOB, HOME), (3, ANN, WORK)]) == Counts(
        read=3, created=2, superseded=1, withheld=1
    )
    assert sync.in_crm == {"1": (ANN, HOME), "3": (None, WORK)}


def test_the_reason_names_the_key_that_holds_the_identity() -> None:
    """Whoever reads the report finds the other row, and never the value."""
    sync = Scenario()
    run, _ = sync.plan([("A 1", ANN, HOME), ("B 2", BOB, HOME)])
    [reason] = waiting(run)[1].contact.withheld
    assert (reason.field, reason.code) == ("phone", "identity_shared")
    assert "Key A 1 holds it." in reason.message
    assert HOME not in reason.message


def test_the_holder_stays_the_holder_in_whatever_order_rows_come() -> None:
    """Which key was first in the first run decides, not which is first now."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([(2, "new@example.com", HOME), (1, EVE, HOME)])
    assert sync.in_crm == {"1": (EVE, HOME), "2": ("new@example.com", None)}


@pytest.mark.parametrize("batch_size", [1, 2, 10])
@pytest.mark.parametrize("first", [1, 2])
def test_who_gives_a_phone_up_is_sent_before_who_takes_it(batch_size: int, first: int) -> None:
    """In the run in which the holder's phone changes, the next key gets the old one, whichever of them comes first."""
    sync = Scenario(batch_size=batch_size)
    rows: list[Row] = [(1, ANN, HOME), (2, BOB, HOME)]
    sync.run(rows)
    changed: list[Row] = [(1, ANN, WORK), (2, BOB, HOME)]
    run, _ = sync.plan(changed if first == 1 else changed[::-1])
    assert keys_waiting(run) == ["1", "2"]
    assert sync.deliver(run) == Counts(read=2, updated=2)
    assert sync.in_crm == {"1": (ANN, WORK), "2": (BOB, HOME)}
    assert sync.run(changed) == Counts(read=2, unchanged=2)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_the_next_key_inherits_an_email_from_a_row_that_departed(batch_size: int) -> None:
    """The row that waited takes it over in the same run, with the contact of the departed row."""
    sync = Scenario(batch_size=batch_size)
    sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB)])
    rows: list[Row] = [(2, ANN, WORK), (3, BOB)]
    assert sync.run(rows) == Counts(read=2, updated=1, unchanged=1)
    assert sync.in_crm == {"2": (ANN, WORK), "3": (BOB, None)}
    assert len(sync.account.contacts) == 2
    assert sync.run(rows) == Counts(read=2, unchanged=2)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_the_next_key_inherits_a_phone_from_a_row_that_departed(batch_size: int) -> None:
    """The departed row's contact gives it up, and the row that waited gets it on its own contact, in the same run."""
    sync = Scenario(batch_size=batch_size)
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    assert sync.run([(2, BOB, HOME)]) == Counts(read=1, updated=1)
    assert sync.in_crm["2"] == (BOB, HOME)
    assert sync.in_crm["1"] == (ANN, None)
    assert sync.run([(2, BOB, HOME)]) == Counts(read=1, unchanged=1)


def test_two_keys_inherit_from_one_row_that_departed() -> None:
    """One gets its e-mail with the contact, the other gets its phone, and neither loses a value to the other."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB, HOME)])
    sync.run([(2, ANN, WORK), (3, BOB, HOME)])
    assert sync.in_crm == {"2": (ANN, WORK), "3": (BOB, HOME)}


def test_two_new_keys_do_not_take_over_the_same_contact() -> None:
    """The contact of a departed row becomes that of one of them; the other one gets a contact of its own."""
    sync = Scenario()
    sync.run([(1, ANN, HOME)])
    assert sync.run([(2, ANN), (3, BOB, HOME)])["collisions"] == 0
    assert sync.in_crm == {"2": (ANN, None), "3": (BOB, HOME)}


def test_the_next_key_inherits_email_and_phone_in_one_run() -> None:
    """A row that takes over the e-mail gets the phone as well, and nothing is withheld from it."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, ANN, HOME)])
    assert sync.run([(2, ANN, HOME)]) == Counts(read=1, updated=1)
    assert sync.in_crm == {"2": (ANN, HOME)}


def test_an_identity_passes_on_where_its_holder_gave_it_up_in_a_later_batch() -> None:
    """A row that was compared before the holder was read is planned once more, and counted once."""
    sync = Scenario(batch_size=1)
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    _, found = sync.plan([(2, BOB, HOME), (1, ANN, WORK)])
    assert found.counts == Counts(read=2, pending=2)


def test_a_row_that_is_not_read_keeps_what_it_holds_in_a_partial_read() -> None:
    """An absent row says nothing, so that its e-mail and phone stay with it."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB, HOME)])
    counts = sync.run([(2, ANN, WORK), (3, BOB, HOME)], incremental=True)
    assert counts == Counts(read=2, superseded=1, unchanged=1)
    assert sync.in_crm == {"1": (ANN, HOME), "3": (BOB, None)}


def test_a_row_that_waits_unread_is_planned_when_it_is_read() -> None:
    """Where a partial read frees an identity, the row that waits for it takes it in the run that reads it."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([(1, ANN, WORK)], incremental=True)
    assert sync.in_crm["2"] == (BOB, None)
    assert sync.run([(1, ANN, WORK), (2, BOB, HOME)]) == Counts(read=2, unchanged=1, updated=1)
    assert sync.in_crm == {"1": (ANN, WORK), "2": (BOB, HOME)}


def test_a_departed_row_that_comes_back_does_not_get_its_identity_back() -> None:
    """The next key holds it from then on, and the row that comes back is superseded."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, ANN, WORK)])
    sync.run([(2, ANN, WORK)])
    assert sync.run([(1, ANN, HOME), (2, ANN, WORK)]) == Counts(read=2, superseded=1, unchanged=1)
    assert sync.reasons == {"1": ("email", "identity_shared")}


def test_an_empty_result_passes_nothing_on() -> None:
    """A query that returned nothing, maybe by mistake, takes nothing from any row."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([])
    assert sync.run([(1, ANN, HOME), (2, BOB, HOME)]) == Counts(read=2, unchanged=2)


def test_an_invalid_row_retains_what_the_crm_still_has_on_its_contact() -> None:
    """The row can't be sent, so its contact keeps the phone: another row gets it once the invalid row departs."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([(1, INVALID, HOME), (2, "new@example.com", HOME)])
    assert sync.in_crm == {"1": (ANN, HOME), "2": ("new@example.com", None)}
    assert sync.run([(2, "new@example.com", HOME)]) == Counts(read=1, updated=1)
    assert sync.in_crm["2"] == ("new@example.com", HOME)


def test_an_invalid_row_retains_what_an_earlier_run_may_have_sent() -> None:
    """The row was left in the outbox, and maybe reached the CRM before that run ended: its phone stays with it."""
    sync = Scenario()
    sync.plan([(1, ANN, HOME)])
    assert sync.run([(1, INVALID, HOME), (2, BOB, HOME)]) == Counts(read=2, invalid=1, created=1, withheld=1)
    assert sync.in_crm == {"2": (BOB, None)}


def test_the_reason_says_that_the_contact_of_another_row_still_has_the_identity() -> None:
    """A row that waits for what an invalid row retains is told apart from one that waits for a holder."""
    sync = Scenario()
    sync.run([(1, ANN, HOME)])
    sync.run([(1, INVALID, HOME)])
    run, _ = sync.plan([(1, INVALID, HOME), (2, BOB, HOME)])
    [row] = waiting(run)
    assert "The contact of key 1 still has it." in row.contact.withheld[0].message


def test_rows_swap_their_emails() -> None:
    """Each gives up what the other takes, and each stays on its own contact."""
    sync = Scenario()
    sync.run([(1, ANN, HOME), (2, BOB, WORK)])
    homes = {row.source_key: row.contact_id for row in sync.state.rows.values()}
    assert sync.run([(1, BOB, HOME), (2, ANN, WORK)]) == Counts(read=2, updated=2)
    assert sync.in_crm == {"1": (BOB, HOME), "2": (ANN, WORK)}
    assert {row.source_key: row.contact_id for row in sync.state.rows.values()} == homes


def test_rows_with_a_shared_identity_can_be_invalid() -> None:
    """Under on_shared_identity="invalid" every row that does not hold its identities is rejected with the reason."""
    sync = Scenario(Columns(ContactRules(on_shared_identity="invalid")))
    assert sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB, HOME)]) == Counts(read=3, created=1, invalid=2)
    assert sync.reasons == {"2": ("email", "identity_shared"), "3": ("phone", "identity_shared")}


def test_rows_with_a_shared_identity_can_be_sent_as_they_are() -> None:
    """Under on_shared_identity="send" every row is sent, in order, and each holds what it has."""
    sync = Scenario(SEND_SHARED)
    run, _ = sync.plan([(1, ANN, HOME), (2, ANN, WORK), (3, ANN, HOME)])
    assert keys_waiting(run) == ["1", "2", "3"]
    counts = sync.deliver(run)
    assert (counts["created"], counts["updated"]) == (1, 2)
    assert set(sync.state.claims.values()) == {HOLDS}


@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("rows", [[(2, ANN), (1, BOB)], [(1, BOB), (2, ANN)]])
def test_rows_that_may_share_contacts_are_kept_apart_where_they_share_nothing(batch_size: int, rows: list[Row]) -> None:
    """An e-mail that moves to another row moves without the contact, whichever row comes first."""
    sync = Scenario(SEND_SHARED, batch_size)
    sync.run([(1, ANN)])
    assert sync.run(rows) == Counts(read=2, created=1, updated=1)
    assert sync.in_crm == {"1": (BOB, None), "2": (ANN, None)}


def test_rows_that_may_share_contacts_swap_their_emails() -> None:
    """Each stays on its own contact."""
    sync = Scenario(SEND_SHARED)
    sync.run([(1, ANN), (2, BOB)])
    assert sync.run([(1, BOB), (2, ANN)]) == Counts(read=2, updated=2)
    assert sync.in_crm == {"1": (BOB, None), "2": (ANN, None)}


def test_an_email_that_rows_share_is_not_taken_from_their_contact() -> None:
    """Row 3 has it now, too, and row 1 still has it: all three are on one contact, as the rule says."""
    sync = Scenario(SEND_SHARED)
    sync.run([(1, ANN), (2, ANN)])
    counts = sync.run([(1, ANN), (2, ANN), (3, ANN)])
    assert (counts["updated"], counts["collisions"]) == (1, 2)
    assert len(sync.account.contacts) == 1


PEOPLE = st.tuples(
    *[st.tuples(st.sampled_from([ANN, BOB, EVE, None, INVALID]), st.sampled_from([HOME, WORK, None])).filter(any)] * 5
)


@given(st.lists(PEOPLE, min_size=1, max_size=5), st.integers(1, 7), st.randoms(use_true_random=False))
def test_each_identity_is_held_by_one_row_and_every_other_waits(
    results: list[tuple[Row, ...]], batch_size: int, random: Random
) -> None:
    """Whatever changes, a row has what it wants, or another row holds or retains it; a repetition sends nothing."""
    sync = Scenario(batch_size=batch_size)
    for result in results:
        rows: list[Row] = [(key, *values) for key, values in enumerate(result, start=1)]
        random.shuffle(rows)
        counts = sync.run(rows)
        assert counts["pending"] == counts["refused"] == 0
        kept = [identity for (identity, _), kind in sync.state.claims.items() if kind is not WAITS]
        assert len(kept) == len(set(kept))
        for key, *values in rows:
            row = sync.state.row_of(str(key))
            assert row is not None
            if values[0] == INVALID:
                assert row.state is RowState.INVALID
                continue
            wants = dict(zip(("email", "phone"), values, strict=True))
            claims = {
                name: sync.state.claims.get((UNKEYED.hash(name, str(value)), row.row_id))
                for name, value in wants.items()
                if value
            }
            first = next(iter(claims))
            if row.state is RowState.SUPERSEDED:
                assert claims[first] is WAITS
                assert UNKEYED.hash(first, str(wants[first])) in kept
                continue
            assert row.state.is_accepted
            shown = dict(zip(("email", "phone"), sync.in_crm[str(key)], strict=True))
            for name, kind in claims.items():
                if kind is HOLDS:
                    assert shown[name] == wants[name]
                else:
                    assert kind is WAITS
                    assert name != first
                    assert UNKEYED.hash(name, str(wants[name])) in kept
        calls = sync.account.calls
        again = sync.run(rows)
        assert (again["created"], again["updated"]) == (0, 0)
        assert (again["invalid"], again["superseded"]) == (counts["invalid"], counts["superseded"])
        assert sync.account.calls == calls
