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
    """A status is one of the API's words or a yes or no."""
    assert dnd.status(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"call": "active", "SMS": {"status": True, "message": " later ", "code": 7}, "fb": None},
        '{"Call": {"status": "ACTIVE"}, "sms": {"status": 1, "message": "later", "code": "7"}, "gmb": {}}',
    ],
)
def test_settings_in_one_json_column(value: object) -> None:
    """Parsed or as text, with objects or bare statuses, the settings come out in the API's form."""
    assert dnd.settings(value) == {
        "Call": {"status": "active"},
        "SMS": {"status": "active", "message": "later", "code": "7"},
    }


def test_inbound_settings() -> None:
    """The inbound settings have one channel, without a code, and never a permanent status."""
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
def test_what_is_no_setting(read: Callable[[object], object], value: object, code: str) -> None:
    """An unknown channel, key or status is refused with its code."""
    with pytest.raises(UnfitError) as caught:
        read(value)
    assert caught.value.code == code


def test_blank_settings_are_blank() -> None:
    """Settings that say nothing are a blank."""
    assert dnd.settings("") is None
    assert dnd.settings("{}") is None
    assert dnd.settings({"call": None}) is None
