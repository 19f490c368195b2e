"""What a removal policy may be, and what it does to the contact of a row that is sent."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.removal import without_departed_tags


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"on_removed": "drop"}, "on_removed is 'drop'.*'ignore' or 'tag' or 'untag' or 'delete'"),
        ({"on_removed": "tag"}, "removed_tags"),
        ({"on_removed": "untag", "removed_tags": []}, "removed_tags"),
        ({"on_removed": "delete", "removed_tags": ["left"]}, "removed_tags"),
        ({"removed_tags": ["left"]}, "removed_tags"),
        ({"on_removed": "tag", "removed_tags": "left"}, r"removed_tags.*\('left',\)"),
        ({"on_removed": "tag", "removed_tags": [1]}, "removed_tags"),
        ({"on_removed": "tag", "removed_tags": ["left", " "]}, "removed_tags.*blank"),
        *(
            ({"max_removed": most}, "max_removed")
            for most in (-1, -0.1, 1.0, 1.5, 7.0, True, float("nan"), float("inf"), "5%", None)
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_an_error(arguments: dict[str, Any], says: str) -> None:
    """The message names the argument and its possible values."""
    with pytest.raises(ConfigurationError, match=says):
        RemovalPolicy(**arguments)


def test_tags_are_written_as_the_account_keeps_them() -> None:
    """In small letters, each once; a list and a tuple are the same policy."""
    assert RemovalPolicy("tag", ["Left ", "left", "Gone"]) == RemovalPolicy("tag", ("left", "gone"))


def test_a_share_is_taken_as_it_is_written() -> None:
    """In binary, 29 hundredths of 100 are less than 29."""
    assert [RemovalPolicy(max_removed=most).limit(100) for most in (0.29, 0.05, 0.999, 0, 1, 7)] == [
        29,
        5,
        99,
        0,
        1,
        7,
    ]


def test_tags_that_the_row_asks_for_stay() -> None:
    """A tag that the row adds, removes or sets itself is not removed once more; nothing else changes."""
    policy = RemovalPolicy("tag", ("Left", "gone"))
    assert without_departed_tags(policy, Contact({}, add_tags=("left",))).remove_tags == ("gone",)
    assert without_departed_tags(policy, Contact({"tags": ["gone"]})).remove_tags == ("left",)
    assert without_departed_tags(policy, Contact({}, remove_tags=("old", "left"))).remove_tags == (
        "old",
        "left",
        "gone",
    )
    for other in (RemovalPolicy(), RemovalPolicy("untag", ("left",)), RemovalPolicy("delete")):
        assert without_departed_tags(other, Contact({"firstName": "Ann"})) == Contact({"firstName": "Ann"})
