"""Do-not-disturb statuses and settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadway_provider.contacts import dnd
from leadway_provider.contacts.reasons import UnfitError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Active", "active"),
        ("permanent", "permanent"),
        (True, "active"),
        (0, "inactive"),
        ("N", "inactive"),
        (b"\x01", "active"),
        (b"permanent", "permanent"),
        ("", None),
        (None, None),
    ],
)
def test_statuses(value: object, expected: str | None) -> None:
    """A status is one of the API's words or a boolean."""
    assert dnd.status(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"call": "active", "SMS": {"status": True, "message": " later ", "code": 7}, "fb": None},
        '{"Call": {"status": "ACTIVE"}, "sms": {"status": 1, "message": "later", "code": "7"}, "gmb": {}}',
    ],
)
def test_settings_in_one_json_column(value: object) -> None:
    """An object or its JSON text, with settings or statuses, becomes the API's form."""
    assert dnd.settings(value) == {
        "Call": {"status": "active"},
        "SMS": {"status": "active", "message": "later", "code": "7"},
    }


def test_inbound_settings() -> None:
    """The inbound settings have one channel, with a status and a message."""
    assert dnd.inbound_settings('{"all": {"status": "inactive", "message": "ok"}}') == {
        "all": {"status": "inactive", "message": "ok"}
    }
    assert dnd.inbound_settings({"all": True}) == {"all": {"status": "active"}}
    assert dnd.inbound_settings({}) is None


@pytest.mark.parametrize(
    ("read", "value", "code"),
    [
        (dnd.status, "sometimes", "status_unknown"),
        (dnd.status, ["active"], "type_unsupported"),
        (dnd.status, b"\xff", "text_not_unicode"),
        (dnd.inbound_status, "permanent", "status_unknown"),
        (dnd.settings, {"Fax": "active"}, "json_malformed"),
        (dnd.settings, {"Call": {"status": "active", "since": 1}}, "json_malformed"),
        (dnd.settings, {"Call": {"message": "later"}}, "status_missing"),
        (dnd.settings, {"Call": "perhaps"}, "status_unknown"),
        (dnd.settings, "[1]", "json_malformed"),
        (dnd.settings, "{", "json_malformed"),
        (dnd.settings, "[" * 100_000, "json_malformed"),
        (dnd.settings, 7, "json_malformed"),
        (dnd.inbound_settings, {"all": {"status": True, "code": "1"}}, "json_malformed"),
    ],
)
def test_not_a_setting(read: Callable[[object], object], value: object, code: str) -> None:
    """An unknown channel, key or status is refused with its code."""
    with pytest.raises(UnfitError) as caught:
        read(value)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("value", "code", "rest"),
    [
        (
            {
                "Call": {"status": "active", "message": "", "code": ""},
                "RCS": {"status": "inactive"},
                "SMS": "permanent",
            },
            "json_malformed",
            {"Call": {"status": "active"}, "SMS": {"status": "permanent"}},
        ),
        ('{"RCS": {"status": "active"}, "FB": true}', "json_malformed", {"FB": {"status": "active"}}),
        ({"Call": {"status": "active", "since": 1}}, "json_malformed", {"Call": {"status": "active"}}),
        ({"Call": {"status": "active", "code": [1]}}, "type_unsupported", {"Call": {"status": "active"}}),
        ({"Call": "perhaps", "SMS": True}, "status_unknown", {"SMS": {"status": "active"}}),
        ({"Call": {"message": "m"}, "SMS": True}, "status_missing", {"SMS": {"status": "active"}}),
        ({"Call": "active", "call": "inactive", "SMS": True}, "ambiguous", {"SMS": {"status": "active"}}),
        ({"RCS": "active"}, "json_malformed", None),
    ],
)
def test_what_can_not_be_sent_is_withheld_alone(value: object, code: str, rest: object) -> None:
    """The other channels, and the status beside a part that the API doesn't have, can be sent."""
    with pytest.raises(UnfitError) as caught:
        dnd.settings(value)
    assert (caught.value.code, caught.value.rest) == (code, rest)
    assert "RCS" not in caught.value.detail


def test_of_the_inbound_setting_too_a_part_is_withheld_alone() -> None:
    """A key that the API doesn't have is left out."""
    with pytest.raises(UnfitError) as caught:
        dnd.inbound_settings({"all": {"status": True, "code": "1"}, "Call": "active"})
    assert caught.value.rest == {"all": {"status": "active"}}


def test_the_same_setting_twice_has_one_reading() -> None:
    """Two keys of one channel that say the same are one setting."""
    assert dnd.settings({"Call": "active", "call": "active"}) == {"Call": {"status": "active"}}


def test_blank_settings_are_blank() -> None:
    """Settings without a channel are a blank."""
    assert dnd.settings("") is None
    assert dnd.settings("{}") is None
    assert dnd.settings({"call": None}) is None
    assert dnd.settings("[]") is None
    assert dnd.settings([]) is None
