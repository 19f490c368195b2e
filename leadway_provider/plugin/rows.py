"""The history of one row, and the search for it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from leadway_provider.plugin.visit import PER_PAGE, Visiting, not_found, page_of

router = APIRouter()

Text = Annotated[str, Query(max_length=255)]
"""A source key or a contact id."""


@router.get("/rows")
def row(visit: Visiting, sync_id: int, key: Text, cursor: str | None = None) -> Response:
    """Show how a row is now, and each of its deliveries that the ledger keeps."""
    sync = visit.sync(sync_id).sync
    history = visit.state.history()
    traced = history.of_key(key, [sync]).records
    if not traced:
        raise not_found("row")
    deliveries = page_of(partial(history.deliveries, sync_id, key, cursor=cursor, limit=PER_PAGE))
    return visit.render("row.html", sync=sync, traced=traced[0], deliveries=deliveries)


@router.get("/search")
def search(visit: Visiting, q: Text = "") -> Response:
    """Find rows by source key or contact id, in all syncs that the visitor may see."""
    wanted, history = q.strip(), visit.state.history()
    syncs = [each.sync for each in visit.syncs()] if wanted else []
    by_key, by_contact = history.of_key(wanted, syncs).records, history.of_contact(wanted, syncs).records
    found = {(each.sync.id, each.source_key): each for each in (*by_key, *by_contact)}
    return visit.render("search.html", q=q, found=list(found.values()))
