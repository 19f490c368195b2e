"""Which endpoint answers which call, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable

from leadway_provider.sandbox import endpoints, oauth
from leadway_provider.sandbox.call import Answer, Call, RefusalError
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.validation import WIRE_FORMS


def answer(service: Service, call: Call) -> Answer:
    """Carry a call out.

    Args:
        service: what it acts upon.
        call: the request.

    Returns:
        Status and JSON body; for a refusal too.
    """
    try:
        for method, pattern, handler, needs_token in _ROUTES:
            if method == call.method and (found := pattern.fullmatch(call.path)):
                if needs_token:
                    _authenticate(service, call)
                return handler(service, call, *found.groups())
    except RefusalError as refusal:
        return refusal.answer
    return 404, {"statusCode": 404, "message": f"Cannot {call.method} {call.path}", "error": "Not Found"}


def _authenticate(service: Service, call: Call) -> None:
    if call.holder is None:
        expired = call.token is not None and service.tokens.was_access(call.token)
        raise RefusalError(
            401, "Invalid token: access token is invalid" if expired else "Invalid JWT", error="Unauthorized"
        )
    if call.version is None:
        raise RefusalError(401, "version header was not found.", error="Unauthorized")
    if call.version not in WIRE_FORMS:
        raise RefusalError(401, "version header is invalid", error="Unauthorized")


_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Answer], bool]] = [
    (method, re.compile(pattern), endpoint, needs_token)
    for method, pattern, endpoint, needs_token in (
        ("POST", r"/contacts/upsert", endpoints.upsert, True),
        ("POST", r"/contacts/bulk/tags/update/(add|remove)", endpoints.bulk_tags, True),
        ("GET", r"/contacts/search/duplicate", endpoints.find_duplicate, True),
        ("GET", r"/contacts/([^/]+)", endpoints.get_contact, True),
        ("DELETE", r"/contacts/([^/]+)", endpoints.delete_contact, True),
        ("POST", r"/contacts/([^/]+)/tags", endpoints.add_tags, True),
        ("DELETE", r"/contacts/([^/]+)/tags", endpoints.remove_tags, True),
        ("GET", r"/locations/([^/]+)/customFields", endpoints.custom_fields, True),
        ("GET", r"/locations/([^/]+)", endpoints.location, True),
        ("GET", r"/users/", endpoints.users, True),
        ("POST", r"/oauth/token", oauth.token, False),
        ("POST", r"/oauth/locationToken", oauth.location_token, True),
        ("GET", r"/oauth/installedLocations", oauth.installed_locations, True),
    )
]
