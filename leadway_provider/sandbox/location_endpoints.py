"""The endpoints of locations and their custom fields."""

from __future__ import annotations

from typing import Any

from leadway_provider.sandbox.access import account_of, reachable_accounts
from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.request import JsonAnswer, RefusalError, Request, query_number, unprocessable
from leadway_provider.sandbox.service import Service


def location(service: Service, request: Request, location_id: str) -> JsonAnswer:
    """Return the location, with the setting that allows duplicate contacts. A company's token reaches its own."""
    if request.is_of_company and location_id in service.accounts:
        account = service.accounts[location_id]
    else:
        account = account_of(service, request, location_id)
    return 200, {"location": {**_shown(account), "companyId": service.settings.company_id}}


def search_locations(service: Service, request: Request) -> JsonAnswer:
    """Return the locations that the token reaches, or the part of them that `skip` and `limit` select."""
    if request.query.get("companyId", service.settings.company_id) != service.settings.company_id:
        raise RefusalError(403, "The token does not have access to this company", error="Forbidden")
    skip, limit = query_number(request, "skip", 0), query_number(request, "limit", 10)
    found = [_shown(account) for account in reachable_accounts(service, request)]
    return 200, {"locations": found[skip : skip + limit]}


def custom_fields(service: Service, request: Request, location_id: str) -> JsonAnswer:
    """Return the custom fields of the location's contacts."""
    account = account_of(service, request, location_id)
    if request.query.get("model", "contact") not in ("contact", "opportunity", "all"):
        raise unprocessable("model must be one of the following values: contact, opportunity, all")
    fields = () if request.query.get("model") == "opportunity" else account.custom_fields
    return 200, {"customFields": [f.as_json(location_id, position) for position, f in enumerate(fields)]}


def custom_field(service: Service, request: Request, location_id: str, field_id: str) -> JsonAnswer:
    """Return one custom field."""
    fields = account_of(service, request, location_id).custom_fields
    for position, field in enumerate(fields):
        if field.id == field_id:
            return 200, {"customField": field.as_json(location_id, position)}
    raise RefusalError(400, "Custom field not found")


def _shown(account: SandboxAccount) -> dict[str, Any]:
    return {
        "id": account.location_id,
        "name": f"Sandbox {account.location_id}",
        "country": "US",
        "timezone": "America/New_York",
        "settings": {
            "allowDuplicateContact": account.allow_duplicates,
            "allowDuplicateOpportunity": False,
            "allowFacebookNameMerge": False,
            "disableContactTimezone": False,
        },
    }
