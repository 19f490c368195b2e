"""What a person may ask of a sync's next run: a POST from the page itself, with a token of that person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer

from leadway_provider.plugin.visit import Visit, Visiting, dag_id
from leadway_provider.store.reading.syncs import SyncSummary
from leadway_provider.store.syncs import SyncStore

OpenSyncs: TypeAlias = Callable[[], AbstractContextManager[SyncStore]]
"""Opens the state store to change something of a sync."""

_TOKEN_SECONDS: Final = 12 * 3600

T = TypeVar("T")
Token: TypeAlias = Annotated[str, Form()]
"""The token of a form."""

router = APIRouter()


class Tokens:
    """The tokens by which the page knows its own forms again.

    Args:
        secret: signs them; the same in every process that serves the page.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="leadway page")

    def issue(self, visitor_id: str) -> str:
        """Return a token for the forms of this visitor."""
        return self._serializer.dumps(visitor_id)

    def accepts(self, token: str, visitor_id: str) -> bool:
        """Return whether the token was issued for this visitor in the last 12 hours."""
        try:
            return bool(self._serializer.loads(token, max_age=_TOKEN_SECONDS) == visitor_id)
        except BadSignature:
            return False


def may_edit(visit: Visit, sync: SyncSummary) -> bool:
    """Return whether the visitor may edit the DAG of a sync."""
    return sync.last_run is not None and bool(visit.visitor.editable({dag_id(sync.last_run)}))


def is_same_origin(request: Request) -> bool:
    """Return whether the browser says that the request comes from a page of this server."""
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


@router.post("/syncs/{sync_id}/full-resync")
def ask_full_resync(visit: Visiting, sync_id: int, token: Token = "") -> Response:
    """Let the sync's next run send every row."""
    _change(visit, sync_id, token, "leadway.full_resync", lambda syncs: syncs.ask_full_resync(sync_id))
    return _back(visit, sync_id)


@router.post("/syncs/{sync_id}/no-full-resync")
def withdraw_full_resync(visit: Visiting, sync_id: int, token: Token = "") -> Response:
    """Take that back."""
    _change(visit, sync_id, token, "leadway.no_full_resync", lambda syncs: syncs.withdraw_full_resync(sync_id))
    return _back(visit, sync_id)


@router.post("/syncs/{sync_id}/retry-refused")
def retry_refused(visit: Visiting, sync_id: int, token: Token = "") -> Response:
    """Let the sync's next runs try its refused rows again."""
    tried = _change(visit, sync_id, token, "leadway.retry_refused", lambda syncs: syncs.retry_refused(sync_id))
    return _back(visit, sync_id, f"?tried={tried}")


def _change(visit: Visit, sync_id: int, token: str, event: str, change: Callable[[SyncStore], T]) -> T:
    """Change something of a sync, note it in Airflow's audit log, and return what the change returns.

    Raises:
        HTTPException: 404 where the visitor may not see the sync; 403 where the request is not one of the page's own
            forms, or the visitor may not edit the DAG.
    """
    sync = visit.sync(sync_id)
    if not is_same_origin(visit.request) or not visit.request.app.state.tokens.accepts(token, visit.visitor.id):
        raise HTTPException(403, "This form is not one of this page, or it is too old. Load the page again.")
    if sync.last_run is None or not may_edit(visit, sync):
        raise HTTPException(403, "This needs the permission to edit the DAG.")
    with visit.request.app.state.open_syncs() as syncs:
        changed = change(syncs)
    visit.visitor.record(dag_id(sync.last_run), event)
    return changed


def _back(visit: Visit, sync_id: int, query: str = "") -> Response:
    return RedirectResponse(f"{visit.request.scope.get('root_path', '')}/syncs/{sync_id}{query}", status_code=303)
