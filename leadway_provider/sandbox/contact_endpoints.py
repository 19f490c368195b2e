"""The endpoints of contacts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from leadway_provider.sandbox.access import account_of, contact_of, own_account
from leadway_provider.sandbox.account import SandboxAccount, TakenIdentityError
from leadway_provider.sandbox.contact import Identity, SandboxContact
from leadway_provider.sandbox.custom_fields import number_errors
from leadway_provider.sandbox.request import (
    JsonAnswer,
    RefusalError,
    Request,
    json_object,
    query_number,
    unprocessable,
)
from leadway_provider.sandbox.search import found_json, read_search
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.validation import create_errors, update_errors, upsert_errors
from leadway_provider.sandbox.version import ApiVersion

LIST_LIMIT = 100
"""The most contacts that `GET /contacts/` returns (documented)."""


def upsert(service: Service, request: Request) -> JsonAnswer:
    """Create or update one contact. The status is 201 for a new contact, else 200; the live service answers both."""
    account, body = _new_contact(service, request, upsert_errors)
    created, contact = account.upsert(body, request.api_version)
    payload = {"new": created, "contact": _shown(request, account, contact), "traceId": str(uuid.uuid4())}
    return (201 if created else 200), payload


def create_contact(service: Service, request: Request) -> JsonAnswer:
    """Create one contact; 400 if the account allows no duplicates and has its e-mail or phone (observed)."""
    account, body = _new_contact(service, request, create_errors)
    try:
        contact = account.create(body, request.api_version)
    except TakenIdentityError as taken:
        raise _duplicate(taken) from None
    return 201, {"contact": _shown(request, account, contact)}


def get_contact(service: Service, request: Request, contact_id: str) -> JsonAnswer:
    """Return one contact. The status is 400 if there is none of this id (observed)."""
    account = own_account(service, request)
    return 200, {"contact": _shown(request, account, contact_of(account, contact_id))}


def list_contacts(service: Service, request: Request) -> JsonAnswer:
    """Return contacts, oldest first, from the one after `startAfterId` on. The endpoint is deprecated."""
    account = account_of(service, request, request.query.get("locationId"))
    limit = query_number(request, "limit", 20)
    if not 1 <= limit <= LIST_LIMIT:
        raise unprocessable(f"limit must be from 1 to {LIST_LIMIT}")
    contacts = account.searchable
    ids = [contact.id for contact in contacts]
    after = request.query.get("startAfterId")
    start = ids.index(after) + 1 if after in ids else 0
    found = [_shown(request, account, contact) for contact in contacts[start : start + limit]]
    return 200, {"contacts": found, "count": len(contacts)}


def update_contact(service: Service, request: Request, contact_id: str) -> JsonAnswer:
    """Update one contact. The status is 400 if there is none of this id, or if its new e-mail or phone is taken."""
    body, version = json_object(request), request.api_version
    if found := update_errors(body, version):
        raise unprocessable(*found)
    account = own_account(service, request)
    _require_finite(account, body, version)
    contact_of(account, contact_id)
    try:
        contact = account.update(contact_id, body, version)
    except TakenIdentityError as taken:
        raise _duplicate(taken) from None
    return 200, {version.success_key: True, "contact": _shown(request, account, contact)}


def delete_contact(service: Service, request: Request, contact_id: str) -> JsonAnswer:
    """Delete one contact."""
    account = own_account(service, request)
    contact_of(account, contact_id)
    account.delete(contact_id)
    return 200, {"succeded": True, request.api_version.success_key: True}


def search_contacts(service: Service, request: Request) -> JsonAnswer:
    """Return one page of the contacts that pass the filters, as they were `search_lag` seconds ago."""
    body = json_object(request)
    account = account_of(service, request, body.get("locationId"))
    search = read_search(body, {field.id: field for field in account.custom_fields})
    total, contacts = search.run(account.searchable)
    found = [request.api_version.contact(found_json(each, account.location_id, search.order)) for each in contacts]
    return 200, {"contacts": found, "total": total, "traceId": str(uuid.uuid4())}


def find_duplicate(service: Service, request: Request) -> JsonAnswer:
    """Return the contact of an e-mail or a phone, or null; it is found `search_lag` seconds after it got them."""
    account = account_of(service, request, request.query.get("locationId"))
    values: dict[Identity, str] = {"email": request.query.get("email", ""), "phone": request.query.get("number", "")}
    if not any(values.values()):
        raise RefusalError(400, "Pass at least one of number, email query parameter")
    visible_until = service.wall() - account.search_lag
    for identity in account.priority:
        contact = account.holder(identity, values[identity])
        if contact is not None and contact.identified_at <= visible_until:
            return 200, {"contact": _shown(request, account, contact)}
    return 200, {"contact": None}


def _new_contact(
    service: Service, request: Request, errors: Callable[[Mapping[str, Any], ApiVersion], list[str]]
) -> tuple[SandboxAccount, dict[str, Any]]:
    """Return the account that a request may create a contact in, and its valid body."""
    body, version = json_object(request), request.api_version
    if found := errors(body, version):
        raise unprocessable(*found)
    account = account_of(service, request, body["locationId"])
    _require_finite(account, body, version)
    if not (body.get("email") or (body.get("phone") or "").strip()):
        raise RefusalError(400, "Pass at least one of number, email query parameter")
    return account, body


def _require_finite(account: SandboxAccount, body: Mapping[str, Any], version: ApiVersion) -> None:
    if found := number_errors(body.get("customFields", ()), version, account.custom_field):
        raise unprocessable(*found)


def _duplicate(taken: TakenIdentityError) -> RefusalError:
    meta = {"contactId": taken.holder.id, "matchingField": taken.identity, "contactName": taken.holder.name}
    return RefusalError(400, "This location does not allow duplicated contacts.", meta=meta)


def _shown(request: Request, account: SandboxAccount, contact: SandboxContact) -> dict[str, Any]:
    return request.api_version.contact(contact.as_json(account.location_id))
