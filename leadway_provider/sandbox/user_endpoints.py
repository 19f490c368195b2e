"""The endpoints of users. `GET /users/` lists those of a location until version v3, which has the search only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from leadway_provider.sandbox.access import account_of, reachable_accounts, require_company
from leadway_provider.sandbox.account import SandboxAccount
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
from leadway_provider.sandbox.users import SandboxUser

_FILTER_TEXTS = ("companyId", "emails", "skip", "limit", "projection")


def users(service: Service, request: Request) -> JsonAnswer:
    """Return the users of the location."""
    account = account_of(service, request, request.query.get("locationId"))
    return 200, {"users": _shown([account])}


def user(service: Service, request: Request, user_id: str) -> JsonAnswer:
    """Return one user. The status of an unknown one is a guess of this sandbox."""
    for found in _shown(reachable_accounts(service, request)):
        if found["id"] == user_id:
            return 200, {name: value for name, value in found.items() if name != "deleted"}
    raise RefusalError(400, "User not found")


def search_users(service: Service, request: Request) -> JsonAnswer:
    """Return the users of the company, or of one of its locations, or the part that `skip` and `limit` select.

    A location's token finds the users of that location only.
    """
    query = request.query
    if "companyId" not in query:
        raise unprocessable("companyId must be a string")
    skip, limit = query_number(request, "skip", 0), query_number(request, "limit", 25)
    found = _found(service, request, query["companyId"], query.get("locationId"))
    text, ids = query.get("query", "").strip().lower(), query.get("ids", "")
    found = [
        user
        for user in found
        if (not ids or user["id"] in ids.split(","))
        and any(text in user[name].lower() for name in ("name", "email", "phone"))
        and all(query.get(name, user["roles"][name]) == user["roles"][name] for name in ("type", "role"))
    ]
    return 200, {"users": found[skip : skip + limit], "count": len(found)}


def filter_users_by_email(service: Service, request: Request) -> JsonAnswer:
    """Return the company's users that have one of the e-mails, which are parted by commas."""
    body = json_object(request)
    found = [f"property {name} should not exist" for name in body if name not in (*_FILTER_TEXTS, "deleted")]
    found += [f"{name} must be a string" for name in ("companyId", "emails") if name not in body]
    found += [f"{name} must be a string" for name in _FILTER_TEXTS if not isinstance(body.get(name, ""), str)]
    if not isinstance(body.get("deleted", False), bool):
        found.append("deleted must be a boolean value")
    if found:
        raise unprocessable(*found)
    require_company(request)
    skip, limit = (whole_number(name, body.get(name, default)) for name, default in (("skip", "0"), ("limit", "25")))
    emails = {email.strip().lower() for email in body["emails"].split(",")}
    users = [user for user in _found(service, request, body["companyId"], None) if user["email"].lower() in emails]
    if body.get("deleted"):
        users = []  # this sandbox deletes no user
    return 200, {"users": users[skip : skip + limit], "count": len(users)}


def _found(service: Service, request: Request, company_id: str, location_id: str | None) -> list[dict[str, Any]]:
    if company_id != service.settings.company_id:
        raise RefusalError(403, "The token does not have access to this company", error="Forbidden")
    accounts = reachable_accounts(service, request)
    if location_id is not None:
        accounts = [account for account in accounts if account.location_id == location_id]
        if not accounts:
            raise RefusalError(403, "The token does not have access to this location", error="Forbidden")
    return _shown(accounts)


def _shown(accounts: Iterable[SandboxAccount]) -> list[dict[str, Any]]:
    """Return the users of some accounts, each once, with the locations that it has access to."""
    found: dict[str, tuple[SandboxUser, list[str]]] = {}
    for account in accounts:
        for each in account.users:
            found.setdefault(each.id, (each, []))[1].append(account.location_id)
    return [user.as_json(location_ids) for user, location_ids in found.values()]
