"""The OAuth endpoints: token pairs, and the exchange of an agency's token for a location's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadway_provider.sandbox.access import require_company
from leadway_provider.sandbox.request import (
    JsonAnswer,
    RefusalError,
    Request,
    json_object,
    query_number,
    unprocessable,
    whole_number,
)
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.tokens import TokenHolder, TokenPair
from leadway_provider.sandbox.version import ApiVersion

_SCOPE = "contacts.write contacts.readonly locations.readonly locations/customFields.readonly users.readonly"
_USER_ID = "sandboxUserAdaLovell"
_GRANTS = {"authorization_code": "code", "refresh_token": "refresh_token"}
_USER_TYPES = ("Company", "Location")


def token(service: Service, request: Request) -> JsonAnswer:
    """Return a token pair for an authorization code or a refresh token, each of which can be used once."""
    version = request.api_version
    given = _given(request)
    required = [version.token_name(name) for name in ("client_id", "client_secret", "grant_type")]
    _require_texts(given, required)
    client_id, client_secret, grant_type = (given[name] for name in required)
    if grant_type not in _GRANTS:
        raise unprocessable(f"{required[2]} must be one of the following values: {', '.join(_GRANTS)}")
    user_type = version.token_name("user_type")
    if given.get(user_type, "Location") not in _USER_TYPES:
        raise unprocessable(f"{user_type} must be one of the following values: {', '.join(_USER_TYPES)}")
    kind = _GRANTS[grant_type]
    proof = version.token_name(kind)
    _require_texts(given, [proof])
    if not service.tokens.is_client(client_id, client_secret):
        raise RefusalError(401, "Invalid client: client credentials are invalid", error="Unauthorized")
    grant = service.tokens.exchange_code if kind == "code" else service.tokens.refresh
    pair = grant(given[proof])
    if pair is None:
        raise RefusalError(400, f"Invalid grant: {kind} is invalid", error="invalid_grant")
    return 200, _granted(service, version, pair)


def location_token(service: Service, request: Request) -> JsonAnswer:
    """Return an access token for one of the agency's locations. Its path is another one in version v3."""
    require_company(request)
    _require_texts(request.form, ["companyId", "locationId"])
    location_id = request.form["locationId"]
    if request.form["companyId"] != service.settings.company_id or location_id not in service.accounts:
        raise RefusalError(400, "Location not found")
    access_token = service.tokens.grant_access(TokenHolder("Location", location_id))
    return 200, _access(service, request.api_version, access_token) | {"locationId": location_id}


def installed_locations(service: Service, request: Request) -> JsonAnswer:
    """Return the agency's locations, or the part of them that `skip` and `limit` select."""
    found = _installed(service, request)
    skip, limit = query_number(request, "skip", 0), query_number(request, "limit", 20)
    return 200, {"locations": found[skip : skip + limit], "count": len(found), "installToFutureLocations": True}


def installed_locations_v3(service: Service, request: Request) -> JsonAnswer:
    """Return one page of the agency's locations. A page's token is the number of the locations before it."""
    found = _installed(service, request)
    size = query_number(request, "pageSize", 20)
    start = whole_number("pageToken", request.query.get("pageToken", "0"))
    if size < 1:
        raise unprocessable("pageSize must be at least 1")
    page, end = found[start : start + size], start + size
    tokens = ({"nextPageToken": str(end)} if end < len(found) else {}) | (
        {"prevPageToken": str(max(0, start - size))} if start else {}
    )
    pagination = {
        "totalRecords": len(found),
        "hasNextPage": end < len(found),
        "hasPrevPage": start > 0,
        "currentPageSize": len(page),
        **tokens,
    }
    return 200, {"items": page, "pagination": pagination, "metadata": {}, "installToFutureLocations": True}


def _installed(service: Service, request: Request) -> list[dict[str, Any]]:
    require_company(request)
    _require_texts(request.query, ["companyId", "appId"])
    own = request.query["companyId"] == service.settings.company_id
    wanted = request.query.get("locationId")
    return [
        {"_id": location_id, "name": f"Sandbox {location_id}", "address": "", "isInstalled": True}
        for location_id in (service.accounts if own else ())
        if wanted in (None, location_id)
    ]


def _given(request: Request) -> Mapping[str, Any]:
    """Return what a call about tokens holds: a form, and from version v3 on also JSON."""
    if request.json is None or not request.api_version.camel_case_tokens:
        return request.form
    return json_object(request)


def _require_texts(given: Mapping[str, Any], names: list[str]) -> None:
    if missing := [f"{name} must be a string" for name in names if not isinstance(given.get(name), str)]:
        raise unprocessable(*missing)


def _granted(service: Service, version: ApiVersion, pair: TokenPair) -> dict[str, Any]:
    answer = _access(service, version, pair.access_token) | {
        version.token_name("refresh_token"): pair.refresh_token,
        "userType": pair.holder.user_type,
        "companyId": service.settings.company_id,
    }
    return answer | ({"locationId": pair.holder.location_id} if pair.holder.location_id else {})


def _access(service: Service, version: ApiVersion, access_token: str) -> dict[str, Any]:
    return {
        version.token_name("access_token"): access_token,
        version.token_name("token_type"): "Bearer",
        version.token_name("expires_in"): int(service.tokens.access_lifetime),
        "scope": _SCOPE,
        "userId": _USER_ID,
    }
