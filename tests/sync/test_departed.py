"""Which rows count as departed, and how many may be, over a state store in memory."""

from __future__ import annotations

import pytest

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.removal import Departures
from tests.sync.departing import ANN, BOB, EVE, INVALID, LOCKED, DepartingSync, numbered


def test_nothing_is_removed_by_default() -> None:
    """Without a policy, rows may come and go."""
    sync = DepartingSync(RemovalPolicy())
    sync.run((1, ANN), (2, BOB))
    sync.plan((2, BOB))
    assert sync.waiting == 0
    sync.deliver()
    assert sync.account.emails() == [ANN, BOB]
    assert sync.account.tag_calls == []


@pytest.mark.parametrize(
    ("most", "departed", "fails"),
    [(2, 2, False), (2, 3, True), (0.2, 2, False), (0.2, 3, True), (0.29, 2, False), (0.3, 3, False), (0, 1, True)],
)
def test_more_than_allowed_is_an_error_before_anything_is_done(
    most: float,
    departed: int,
    fails: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A whole number counts rows, below 1 it is a share of those with a contact; exactly so many may depart."""
    sync = DepartingSync(RemovalPolicy("delete", max_removed=most))
    sync.run(*numbered(range(10)))
    present = numbered(range(departed, 10))
    if not fails:
        assert sync.run(*present)["removed"] == departed
        return
    with pytest.raises(ConfigurationError, match=rf": {departed} of 10 rows .* max_removed is {most}, .* keys: 0"):
        sync.plan(*present, (99, "new@example.com"))
    assert not sync.run_now.sealed
    assert sync.waiting <= 2


def test_the_error_says_what_to_do_and_has_no_contact_in_it() -> None:
    """It names the first keys, five at most, and what may be wrong."""
    sync = DepartingSync(RemovalPolicy("tag", ("left",)))
    sync.run(*numbered(range(50)))
    with pytest.raises(ConfigurationError) as caught:
        sync.plan(*numbered([0]))
    said = str(caught.value)
    assert said.startswith("No longer in the query's result: 49 of 50 rows with a contact")
    assert "which allows 2." in said
    assert "The first keys: 1, 2, 3, 4, 5. Check the query" in said
    assert "on_removed='tag'" in said
    assert "raise max_removed" in said
    assert "@" not in said


def test_rows_that_departed_before_do_not_count() -> None:
    """They do not depart again, and they are not in what a share is of."""
    sync = DepartingSync(RemovalPolicy("tag", ("left",), max_removed=0.25))
    sync.run(*numbered(range(8)))
    assert sync.run(*numbered(range(2, 8)))["removed"] == 2
    assert sync.run(*numbered(range(3, 8)))["removed"] == 1
    with pytest.raises(ConfigurationError, match=r": 2 of 5 rows"):
        sync.plan(*numbered([5, 6, 7]))


def test_an_empty_result_removes_nothing() -> None:
    """A query that returned nothing does not show which rows departed."""
    sync = DepartingSync()
    sync.run((1, ANN))
    assert sync.plan() == Departures()
    assert sync.waiting == 0
    assert sync.run((2, BOB))["removed"] == 1


def test_a_row_that_never_had_a_contact_costs_nothing() -> None:
    """Invalid, refused and superseded rows may depart without a call."""
    sync = DepartingSync()
    sync.account.failing[EVE] = LOCKED
    sync.run((1, ANN), (2, INVALID), (3, EVE), (4, ANN))
    assert sync.plan((1, ANN)) == Departures()
    assert sync.waiting == 0


def test_only_contacts_that_the_sync_created_are_deleted() -> None:
    """A contact that was in the account before is left as it is in every run, and it is counted."""
    sync = DepartingSync()
    sync.account.add_contact(email=ANN)
    sync.run((1, ANN), (2, BOB), (3, EVE))
    assert sync.plan((3, EVE)) == Departures(found=1, foreign=1)
    assert sync.remove()["removed"] == 1
    assert sync.account.emails() == [ANN, EVE]
    assert sync.row(1).state is RowState.UPDATED
