"""The quota that an account grants, for an estimate of how long calls will take."""

from __future__ import annotations

from leadway_provider.api.pacing import Pacer
from leadway_provider.sync.cost import GrantedQuota


def granted_quota(pacer: Pacer) -> GrantedQuota:
    """Return the quota as of the last answer; before the first one, as the connection says."""
    daily = pacer.daily
    return GrantedQuota(
        pacer.maximum, pacer.interval, daily.remaining if daily else None, daily.limit if daily else None
    )
