"""The OAuth endpoints: pairs of tokens, and an agency's way to a location's token."""

from __future__ import annotations

from typing import Any

from leadway_provider.sandbox.call import Answer, Call, RefusalError, unprocessable
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.tokens import Holder, Pair

_SCOPE = "contacts.write contacts.readonly locations.readonly locations/customFields.readonly users.readonly"
_USER_ID = "sandboxUserAdaLovell"
_GRANTS = {"authorization_code": "code", "refresh_token": "refresh_token"}


def token(service: Service, call: Call) -> Answer:
    """A pair for an authorization code or a refresh token, each good for one use."""
    form = call.form
    missing = [f"{name} must be a string" for name in ("client_id", "client_secret", "grant_type") if name not in form]
    if missing:
        raise unprocessable(*missing)
    if form["grant_type"] not in _GRANTS:
        raise unprocessable(f"grant_type must be one of the following values: {', '.join(_GRANTS)}")
    proof = _GRANTS[form["grant_type"]]
    if proof not in form:
        raise unprocessable(f"{proof} must be a string")
    tokens = service.tokens
    if not tokens.is_client(form["client_id"], form["client_secret"]):
        raise RefusalError(401, "Invalid client: client credentials are invalid", error="Unauthorized")
    pair = tokens.exchange_code(form["code"]) if proof == "code" else tokens.refresh(form["refresh_token"])
    if pair is None:
        raise RefusalError(400, f"Invalid grant: {proof} is invalid", error="invalid_grant")
    return 200, _granted(service, pair)


def location_token(service: Service, call: Call) -> Answer:
    """An access token for one of the agency's locations."""
    _require_company(call)
    missing = [f"{name} must be a string" for name in ("companyId", "locationId") if name not in call.form]
    if missing:
        raise unprocessable(*missing)
    location_id = call.form["locationId"]
    if call.form["companyId"] != service.settings.company_id or location_id not in service.accounts:
        raise RefusalError(400, "Location not found")
    access_token = service.tokens.grant_access(Holder("Location", location_id))
    return 200, _access(service, access_token) | {"locationId": location_id}


def installed_locations(service: Service, call: Call) -> Answer:
    """The agency's locations, a page of them where `skip` and `limit` say so."""
    _require_company(call)
    missing = [f"{name} must be a string" for name in ("companyId", "appId") if name not in call.query]
    wrong = [f"{name} must be a number" for name in ("skip", "limit") if not call.query.get(name, "0").isdecimal()]
    if missing or wrong:
        raise unprocessable(*missing, *wrong)
    own = call.query["companyId"] == service.settings.company_id
    found = [
        {"_id": location_id, "name": f"Sandbox {location_id}", "address": "", "isInstalled": True}
        for location_id in (service.accounts if own else ())
    ]
    skip, limit = int(call.query.get("skip", "0")), int(call.query.get("limit", "20"))
    return 200, {"locations": found[skip : skip + limit], "count": len(found), "installToFutureLocations": True}


def _require_company(call: Call) -> None:
    """Documented: only an agency's access token is good for this; a private integration token is not."""
    if call.holder is None or call.holder.user_type != "Company":
        raise RefusalError(401, "The token is not authorized for this scope.", error="Unauthorized")


def _granted(service: Service, pair: Pair) -> dict[str, Any]:
    answer = _access(service, pair.access_token) | {
        "refresh_token": pair.refresh_token,
        "userType": pair.holder.user_type,
        "companyId": service.settings.company_id,
    }
    return answer | ({"locationId": pair.holder.location_id} if pair.holder.location_id else {})


def _access(service: Service, access_token: str) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(service.tokens.access_lifetime),
        "scope": _SCOPE,
        "userId": _USER_ID,
    }
