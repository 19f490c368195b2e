"""Tokens as the API grants them: read in the names of either version, and renewed in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.api.oauth import MARGIN, read_grant

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NO_LIFETIMES: tuple[object, ...] = (None, 0, -1e300, "soon", [], {}, float("nan"), 10**400)


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
def test_a_grant_is_read_in_the_names_of_either_version(version: str) -> None:
    """A pair that was granted must not be lost because the answer has other names than expected."""
    old = {"access_token": "a", "refresh_token": "r", "expires_in": 60}
    v3 = {"accessToken": "a", "refreshToken": "r", "expiresIn": 60}
    grant = read_grant(v3 if version == "v3" else old, NOW)
    assert (grant.access_token, grant.refresh_token, grant.renew_at) == ("a", "r", NOW + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("expires_in", "after"),
    [
        (86399, 86399 - MARGIN),
        (60, 30),
        ("120", 60),
        *((odd, 86399 - MARGIN) for odd in NO_LIFETIMES),
        *((much, 365 * 86400 - MARGIN) for much in (1e300, float("inf"), "9" * 5000)),
    ],
)
def test_when_a_grant_is_renewed(expires_in: object, after: float) -> None:
    """A token is renewed before its end, or after half of a short life.

    The default life is the documented one, and a year the longest. No life is a reason to lose the tokens.
    """
    grant = read_grant({"access_token": "a", "refresh_token": "r", "expires_in": expires_in}, NOW)
    assert grant.renew_at == NOW + timedelta(seconds=after)


@pytest.mark.parametrize(
    "body",
    [{}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": "a\r\nX: y"}, {"access_token": 7},
     {"access_token": "a", "refresh_token": "b\n"}],
)  # fmt: skip
def test_an_answer_without_a_usable_token_is_an_error(body: dict[str, Any]) -> None:
    """A token that is missing or can't be sent in a header is not usable."""
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_grant(body, NOW)
