"""The daily quotas of the accounts: what is used and left, by which sync, and when what waits will be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Response

from leadway_provider.plugin.estimate import calls_left, day_began_at, delivered_at
from leadway_provider.plugin.visit import Visiting
from leadway_provider.store.reading.quotas import AccountQuota
from leadway_provider.store.reading.syncs import SyncSummary

router = APIRouter()


@dataclass(frozen=True, slots=True)
class AccountUse:
    """An account today.

    Attributes:
        quota: as the account's last answer said.
        left: calls that are left now.
        began_at: when the account's day began.
        syncs: the syncs that write to it and that the visitor may see, with the calls that each has made since then.
        waiting: rows that wait in these syncs.
        delivered_at: when the quota will be enough for them; None where that is not known.
    """

    quota: AccountQuota
    left: int
    began_at: datetime
    syncs: tuple[tuple[SyncSummary, int], ...]
    waiting: int
    delivered_at: datetime | None


@router.get("/quota")
def quota(visit: Visiting) -> Response:
    """Show the account of each sync that the visitor may see."""
    syncs = visit.syncs()
    shown = [
        _use(visit, each, own)
        for each in visit.state.quotas().all()
        if (own := [sync for sync in syncs if (sync.sync.host, sync.sync.location_id) == (each.host, each.location_id)])
    ]
    return visit.render("quota.html", accounts=shown)


def _use(visit: Visiting, quota: AccountQuota, syncs: list[SyncSummary]) -> AccountUse:
    began_at = day_began_at(quota, visit.now)
    calls = visit.state.usage().calls_since([each.sync.id for each in syncs], began_at)
    waiting = sum(each.waiting for each in syncs)
    return AccountUse(
        quota=quota,
        left=calls_left(quota, visit.now),
        began_at=began_at,
        syncs=tuple((each, calls.get(each.sync.id, 0)) for each in syncs),
        waiting=waiting,
        delivered_at=delivered_at(waiting, quota, visit.now) if waiting else None,
    )
