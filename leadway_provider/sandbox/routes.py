"""The endpoint of each request in its version, and the authentication before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from leadway_provider.sandbox import (
    contact_endpoints,
    location_endpoints,
    oauth,
    tag_endpoints,
    user_endpoints,
)
from leadway_provider.sandbox.request import JsonAnswer, RefusalError, Request
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.version import BEFORE_V3, V3, VERSIONS

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
"""The call that needs no token, and whose version may be left out."""


def answer(service: Service, request: Request) -> JsonAnswer:
    """Return the answer to a request, which may be a refusal.

    Args:
        service: the service that is read and changed.
        request: the request.
    """
    try:
        for method, pattern, endpoint, versions in _ROUTES:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                if request.path != TOKEN_PATH:
                    _require_token(service, request)
                _require_version(request)
                if request.api_version.name in versions:
                    return endpoint(service, request, *found.groups())
    except RefusalError as refusal:
        return refusal.answer
    return 404, {"statusCode": 404, "message": f"Cannot {request.method} {request.path}", "error": "Not Found"}


def _require_token(service: Service, request: Request) -> None:
    if request.holder is None:
        expired = request.token is not None and service.tokens.was_access(request.token)
        raise RefusalError(
            401, "Invalid token: access token is invalid" if expired else "Invalid JWT", error="Unauthorized"
        )


def _require_version(request: Request) -> None:
    if request.version is None and request.path != TOKEN_PATH:
        raise RefusalError(401, "version header was not found.", error="Unauthorized")
    if request.version is not None and request.version not in VERSIONS:
        raise RefusalError(401, "version header is invalid", error="Unauthorized")


_ALL = frozenset(VERSIONS)
_V3 = frozenset((V3,))

_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., JsonAnswer], AbstractSet[str]]] = [
    (method, re.compile(pattern), endpoint, versions)
    for method, pattern, endpoint, versions in (
        ("POST", r"/contacts/upsert", contact_endpoints.upsert, _ALL),
        ("POST", r"/contacts/bulk/tags/update/(add|remove)", tag_endpoints.bulk_tags, _ALL),
        ("GET", r"/contacts/search/duplicate", contact_endpoints.find_duplicate, _ALL),
        ("POST", r"/contacts/search", contact_endpoints.search_contacts, _ALL),
        ("POST", r"/contacts/", contact_endpoints.create_contact, _ALL),
        ("GET", r"/contacts/", contact_endpoints.list_contacts, BEFORE_V3),
        ("GET", r"/contacts/([^/]+)", contact_endpoints.get_contact, _ALL),
        ("PUT", r"/contacts/([^/]+)", contact_endpoints.update_contact, _ALL),
        ("DELETE", r"/contacts/([^/]+)", contact_endpoints.delete_contact, _ALL),
        ("POST", r"/contacts/([^/]+)/tags", tag_endpoints.add_tags, _ALL),
        ("DELETE", r"/contacts/([^/]+)/tags", tag_endpoints.remove_tags, _ALL),
        ("GET", r"/locations/search", location_endpoints.search_locations, _ALL),
        ("GET", r"/locations/([^/]+)/customFields", location_endpoints.custom_fields, _ALL),
        ("GET", r"/locations/([^/]+)/customFields/([^/]+)", location_endpoints.custom_field, _ALL),
        ("GET", r"/locations/([^/]+)/tags", tag_endpoints.location_tags, _ALL),
        ("GET", r"/locations/([^/]+)", location_endpoints.location, _ALL),
        ("GET", r"/users/", user_endpoints.users, BEFORE_V3),
        ("GET", r"/users/search", user_endpoints.search_users, _ALL),
        ("POST", r"/users/search/filter-by-email", user_endpoints.filter_users_by_email, _ALL),
        ("GET", r"/users/([^/]+)", user_endpoints.user, _ALL),
        ("POST", TOKEN_PATH, oauth.token, _ALL),
        ("POST", r"/oauth/locationToken", oauth.location_token, BEFORE_V3),
        ("POST", r"/oauth/location-token", oauth.location_token, _V3),
        ("GET", r"/oauth/installedLocations", oauth.installed_locations, BEFORE_V3),
        ("GET", r"/oauth/installed-locations", oauth.installed_locations_v3, _V3),
    )
]
