"""The endpoints of contacts, tags, custom fields, locations and users."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from leadway_provider.sandbox.account import Account, Identity, TagChange
from leadway_provider.sandbox.call import Answer, Call, RefusalError, json_object, unprocessable
from leadway_provider.sandbox.contact import Contact
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.validation import WIRE_FORMS, complaints, strings_complaints


def _account(service: Service, call: Call, location_id: object) -> Account:
    """The account that the token is for; any other location is none of the caller's business."""
    own = call.holder.location_id if call.holder else None
    if own is None or own != location_id:
        raise RefusalError(403, "The token does not have access to this location", error="Forbidden")
    return service.accounts[own]


def _own_account(service: Service, call: Call) -> Account:
    return _account(service, call, call.holder.location_id if call.holder else None)


def _contact(account: Account, contact_id: str) -> Contact:
    contact = account.contact(contact_id)
    if contact is None:
        raise RefusalError(400, "Contact not found")
    return contact


def upsert(service: Service, call: Call) -> Answer:
    """Create or update one contact: 201 where it is new, else 200 (both occur on the live service)."""
    body = json_object(call)
    form = WIRE_FORMS[call.version or ""]
    if found := complaints(body, form):
        raise unprocessable(*found)
    account = _account(service, call, body["locationId"])
    if not (body.get("email") or (body.get("phone") or "").strip()):
        raise RefusalError(400, "Pass at least one of number, email query parameter")
    created, contact = account.upsert(body, form)
    payload = {"new": created, "contact": contact.as_json(account.location_id), "traceId": str(uuid.uuid4())}
    return (201 if created else 200), payload


def get_contact(service: Service, call: Call, contact_id: str) -> Answer:
    """One contact; 400 where there is none (observed)."""
    account = _own_account(service, call)
    return 200, {"contact": _contact(account, contact_id).as_json(account.location_id)}


def delete_contact(service: Service, call: Call, contact_id: str) -> Answer:
    """Delete one contact."""
    account = _own_account(service, call)
    _contact(account, contact_id)
    account.delete(contact_id)
    return 200, {"succeded": True}


def find_duplicate(service: Service, call: Call) -> Answer:
    """The contact that an e-mail or a phone belongs to, or null; it lags behind writes as the settings say."""
    account = _account(service, call, call.query.get("locationId"))
    values: dict[Identity, str] = {"email": call.query.get("email", ""), "phone": call.query.get("number", "")}
    if not any(values.values()):
        raise RefusalError(400, "Pass at least one of number, email query parameter")
    visible_until = service.wall() - service.settings.search_lag
    for identity in account.priority:
        contact = account.holder(identity, values[identity])
        if contact is not None and contact.identified_at <= visible_until:
            return 200, {"contact": contact.as_json(account.location_id)}
    return 200, {"contact": None}


def add_tags(service: Service, call: Call, contact_id: str) -> Answer:
    """Add tags to one contact; the answer holds all that it has then."""
    account = _own_account(service, call)
    tags = _tags(call)
    contact = _contact(account, contact_id)
    account.add_tags(contact, tags)
    return 201, {"tags": contact.tags}


def remove_tags(service: Service, call: Call, contact_id: str) -> Answer:
    """Remove tags from one contact; the answer holds those that are left."""
    account = _own_account(service, call)
    tags = _tags(call)
    contact = _contact(account, contact_id)
    account.remove_tags(contact, tags)
    return 200, {"tags": contact.tags}


def _tags(call: Call) -> list[str]:
    body = json_object(call)
    found = [f"property {name} should not exist" for name in body if name != "tags"]
    found += strings_complaints("tags", body.get("tags"))
    if found:
        raise unprocessable(*found)
    tags: list[str] = body["tags"]
    return tags


def bulk_tags(service: Service, call: Call, kind: str) -> Answer:
    """Add tags to many contacts, or remove them; each contact has its own response, good or bad."""
    body = json_object(call)
    allowed = {"contacts", "tags", "locationId", *(("removeAllTags",) if kind == "remove" else ())}
    found = [f"property {name} should not exist" for name in body if name not in allowed]
    for name in ("contacts", "tags"):
        found += strings_complaints(name, body.get(name))
    if not isinstance(body.get("removeAllTags", False), bool):
        found.append("removeAllTags must be a boolean value")
    if found:
        raise unprocessable(*found)
    account = _account(service, call, body.get("locationId"))

    def change(contact: Contact) -> TagChange:
        if kind == "add":
            return account.add_tags(contact, body["tags"])
        return account.remove_tags(contact, contact.tags if body.get("removeAllTags") else body["tags"])

    responses = [_bulk_response(account, contact_id, change) for contact_id in body["contacts"]]
    errors = sum(response["type"] == "error" for response in responses)
    return 201, {"succeded": errors == 0, "errorCount": errors, "responses": responses}


def _bulk_response(account: Account, contact_id: str, change: Callable[[Contact], TagChange]) -> dict[str, Any]:
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


def custom_fields(service: Service, call: Call, location_id: str) -> Answer:
    """What the location has defined for its contacts."""
    account = _account(service, call, location_id)
    if call.query.get("model", "contact") not in ("contact", "opportunity", "all"):
        raise unprocessable("model must be one of the following values: contact, opportunity, all")
    fields = () if call.query.get("model") == "opportunity" else account.custom_fields
    return 200, {"customFields": [f.as_json(location_id, position) for position, f in enumerate(fields)]}


def location(service: Service, call: Call, location_id: str) -> Answer:
    """The location, with the setting that allows duplicate contacts."""
    account = _account(service, call, location_id)
    return 200, {
        "location": {
            "id": location_id,
            "companyId": service.settings.company_id,
            "name": f"Sandbox {location_id}",
            "country": "US",
            "timezone": "America/New_York",
            "settings": {
                "allowDuplicateContact": account.allow_duplicates,
                "allowDuplicateOpportunity": False,
                "allowFacebookNameMerge": False,
                "disableContactTimezone": False,
            },
        }
    }


def users(service: Service, call: Call) -> Answer:
    """The location's staff."""
    account = _account(service, call, call.query.get("locationId"))
    return 200, {"users": [user.as_json(account.location_id) for user in account.users]}
