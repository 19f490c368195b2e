"""The endpoints of tags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from leadway_provider.sandbox.access import account_of, contact_of, own_account
from leadway_provider.sandbox.account import SandboxAccount, TagChange
from leadway_provider.sandbox.contact import SandboxContact
from leadway_provider.sandbox.request import JsonAnswer, Request, json_object, unprocessable
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.validation import string_list_errors


def add_tags(service: Service, request: Request, contact_id: str) -> JsonAnswer:
    """Add tags to one contact, and return all its tags."""
    account = own_account(service, request)
    tags = _tags(request)
    contact = contact_of(account, contact_id)
    account.add_tags(contact, tags)
    return 201, {"tags": contact.tags}


def remove_tags(service: Service, request: Request, contact_id: str) -> JsonAnswer:
    """Remove tags from one contact, and return the remaining ones."""
    account = own_account(service, request)
    tags = _tags(request)
    contact = contact_of(account, contact_id)
    account.remove_tags(contact, tags)
    return 200, {"tags": contact.tags}


def _tags(request: Request) -> list[str]:
    body = json_object(request)
    found = [f"property {name} should not exist" for name in body if name != "tags"]
    found += string_list_errors("tags", body.get("tags"))
    if found:
        raise unprocessable(*found)
    tags: list[str] = body["tags"]
    return tags


def bulk_tags(service: Service, request: Request, kind: str) -> JsonAnswer:
    """Add tags to many contacts, or remove them. The answer holds one response for each contact, good or bad."""
    body = json_object(request)
    allowed = {"contacts", "tags", "locationId", *(("removeAllTags",) if kind == "remove" else ())}
    found = [f"property {name} should not exist" for name in body if name not in allowed]
    for name in ("contacts", "tags"):
        found += string_list_errors(name, body.get(name))
    if not isinstance(body.get("removeAllTags", False), bool):
        found.append("removeAllTags must be a boolean value")
    if found:
        raise unprocessable(*found)
    account = account_of(service, request, body.get("locationId"))

    def change(contact: SandboxContact) -> TagChange:
        if kind == "add":
            return account.add_tags(contact, body["tags"])
        return account.remove_tags(contact, contact.tags if body.get("removeAllTags") else body["tags"])

    responses = [_bulk_response(account, contact_id, change) for contact_id in body["contacts"]]
    errors = sum(response["type"] == "error" for response in responses)
    succeeded = dict.fromkeys(("succeded", request.api_version.success_key), errors == 0)
    return 201, {**succeeded, "errorCount": errors, "responses": responses}


def _bulk_response(
    account: SandboxAccount, contact_id: str, change: Callable[[SandboxContact], TagChange]
) -> dict[str, Any]:
    contact = account.contact(contact_id)
    if contact is None:
        deleted = account.was_deleted(contact_id)
        message = "contact is deleted" if deleted else "contact id is not a valid firebase id"
        return {"contactId": contact_id, "type": "error", "message": message}
    changed = change(contact)
    return {
        "contactId": contact_id,
        "type": "success",
        "message": "Tags updated",
        "oldTags": changed.before,
        "tagsAdded": changed.added,
        "tagsRemoved": changed.removed,
    }


def location_tags(service: Service, request: Request, location_id: str) -> JsonAnswer:
    """Return the tags that the location's contacts have; an unknown tag is created where it is first used."""
    account = account_of(service, request, location_id)
    names = dict.fromkeys(tag for contact in account.contacts for tag in contact.tags)
    found = [{"id": hashlib.sha256(name.encode()).hexdigest()[:20], "name": name} for name in names]
    return 200, {"tags": [{**tag, "locationId": location_id} for tag in found]}
