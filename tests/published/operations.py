"""The published calls that the provider and the sandbox know, in each version of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.published.schemas import (
    BOOLEAN,
    BULK_RESPONSE,
    CUSTOM_FIELD,
    ERRORS,
    INSTALLED,
    LISTED_USER,
    LOCATION,
    LOCATION_TOKEN_ANSWERS,
    NUMBER,
    OBJECT,
    PAGINATION,
    TEXT,
    TEXTS,
    TOKEN_ANSWERS,
    TOKEN_REQUESTS,
    USER,
    Schema,
    contact,
    contact_request,
    each,
    found_contact,
    listed,
    record,
)

JSON: Final = ("application/json",)
FORM: Final = ("application/x-www-form-urlencoded",)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call of one version.

    Attributes:
        method: the HTTP method.
        template: the path, with names in braces.
        answers: the schema of each status of success.
        query: the parameters of the query; those that are required are True.
        body: the schema of the request's body; None if it has none.
        media_types: the media types of the body.
        bearer: whether it needs a token.
    """

    method: str
    template: str
    answers: Mapping[int, Schema]
    query: Mapping[str, bool] = field(default_factory=dict)
    body: Schema | None = None
    media_types: tuple[str, ...] = JSON
    bearer: bool = True

    @property
    def name(self) -> str:
        """Method and template."""
        return f"{self.method} {self.template}"

    def matches(self, method: str, path: str) -> bool:
        """Return True if a call is this one."""
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.template))
        return method == self.method and re.fullmatch(pattern, path) is not None

    def answer(self, status: int) -> Schema:
        """Return the schema of an answer; KeyError if the description does not have that status."""
        return {**ERRORS, **self.answers}[status]


def operations(version: str) -> list[Operation]:
    """Return the calls of a version, `2021-07-28` or `v3`; a fixed path stands before one with a name in its place."""
    return [*_contacts(version), *_tags(version), *_location(), *_users(version), *_tokens(version)]


def _contacts(version: str) -> list[Operation]:
    shown = record({"contact": contact(version)})
    added = record({"contact": contact(version), "new": BOOLEAN, "traceId": TEXT}, ["new", "contact"])
    is_v3 = version == "v3"
    deleted = record(each(BOOLEAN, "succeded", *(["succeeded"] if is_v3 else [])))
    changed = record({"succeeded" if is_v3 else "succeded": BOOLEAN, "contact": contact(version)})
    upsert = ("locationId", "gender", "source", "assignedTo", "companyName", "createNewIfDuplicateAllowed")
    update = contact_request(version) | each({"type": ["string", "null"]}, "source", "assignedTo")
    search = record(
        {
            "locationId": TEXT,
            **each(NUMBER, "page", "pageLimit"),
            **each({"type": "array"}, "searchAfter", "filters", "sort"),
            "query": TEXT,
        },
        ["locationId", "pageLimit"],
    )
    listing = Operation(
        method="GET",
        template="/contacts/",
        query={"locationId": True, **dict.fromkeys(("startAfterId", "startAfter", "query", "limit"), False)},
        answers={200: record({"contacts": listed(contact(version)), "count": NUMBER})},
    )
    return [
        Operation(
            method="POST",
            template="/contacts/upsert",
            body=record(contact_request(version, *upsert), ["locationId"]),
            answers={200: added, 201: added},  # 201 is not described, but the service was seen to answer it
        ),
        Operation(
            method="POST",
            template="/contacts/",
            body=record(contact_request(version, *upsert[:-1]), ["locationId"]),
            answers={201: shown},
        ),
        *([] if is_v3 else [listing]),
        Operation(
            method="POST",
            template="/contacts/search",
            body=search,
            answers={200: record({"contacts": listed(found_contact(version)), "total": NUMBER, "traceId": TEXT})},
        ),
        Operation(
            method="GET",
            template="/contacts/search/duplicate",
            query={"locationId": True, "number": False, "email": False},
            answers={200: record({"contact": {"anyOf": [contact(version), {"type": "null"}]}})},
        ),
        Operation(method="GET", template="/contacts/{contactId}", answers={200: shown}),
        Operation(method="PUT", template="/contacts/{contactId}", body=record(update), answers={200: changed}),
        Operation(method="DELETE", template="/contacts/{contactId}", answers={200: deleted}),
    ]


def _tags(version: str) -> list[Operation]:
    body, answer = record({"tags": TEXTS}, ["tags"]), record({"tags": TEXTS})
    succeeded = ["succeded", "succeeded"] if version == "v3" else ["succeded"]
    bulk = record(
        {**each(BOOLEAN, *succeeded), "errorCount": NUMBER, "responses": listed(BULK_RESPONSE)},
        [*succeeded, "errorCount", "responses"],
    )
    return [
        Operation(
            method="POST",
            template="/contacts/bulk/tags/update/{type}",
            body=record(
                {**each(TEXTS, "contacts", "tags"), "locationId": TEXT, "removeAllTags": BOOLEAN},
                ["contacts", "tags", "locationId"],
            ),
            answers={201: bulk},
        ),
        Operation(method="POST", template="/contacts/{contactId}/tags", body=body, answers={201: answer}),
        Operation(method="DELETE", template="/contacts/{contactId}/tags", body=body, answers={200: answer}),
        Operation(
            method="GET",
            template="/locations/{locationId}/tags",
            answers={200: record({"tags": listed(record(each(TEXT, "name", "locationId", "id")))})},
        ),
    ]


def _location() -> list[Operation]:
    """Return the calls about locations and custom fields, which are the same in both versions."""
    return [
        Operation(
            method="GET",
            template="/locations/search",
            query=dict.fromkeys(("companyId", "skip", "limit", "order", "email"), False),
            answers={200: record({"locations": listed(LOCATION)})},
        ),
        Operation(
            method="GET",
            template="/locations/{locationId}/customFields",
            query={"model": False},
            answers={200: record({"customFields": listed(CUSTOM_FIELD)})},
        ),
        Operation(
            method="GET",
            template="/locations/{locationId}/customFields/{id}",
            answers={200: record({"customField": CUSTOM_FIELD})},
        ),
        Operation(method="GET", template="/locations/{locationId}", answers={200: record({"location": LOCATION})}),
    ]


def _users(version: str) -> list[Operation]:
    found = record({"users": listed(LISTED_USER), "count": NUMBER})
    parameters = ("query", "skip", "limit", "locationId", "type", "role", "ids", "sort", "sortDirection")
    listing = Operation(
        method="GET",
        template="/users/",
        query={"locationId": True},
        answers={200: record({"users": listed(LISTED_USER)})},
    )
    return [
        *([] if version == "v3" else [listing]),
        Operation(
            method="GET",
            template="/users/search",
            query={"companyId": True, **dict.fromkeys((*parameters, "enabled2waySync"), False)},
            answers={200: found},
        ),
        Operation(
            method="POST",
            template="/users/search/filter-by-email",
            body=record(
                {**each(TEXT, "companyId", "emails", "skip", "limit", "projection"), "deleted": BOOLEAN},
                ["companyId", "emails"],
            ),
            answers={200: found},
        ),
        Operation(method="GET", template="/users/{userId}", answers={200: USER}),
    ]


def _tokens(version: str) -> list[Operation]:
    is_v3 = version == "v3"
    pages = ("pageSize", "pageToken", "restrictToUserLocations") if is_v3 else ("skip", "limit")
    optional = ("query", "isInstalled", "versionId", "onTrial", "planId", "locationId")
    installed = (
        record(
            {
                "items": listed(INSTALLED),
                "pagination": PAGINATION,
                "metadata": record(each(OBJECT, "filterApplied", "sortApplied")),
                "installToFutureLocations": BOOLEAN,
            },
            ["items", "pagination"],
        )
        if is_v3
        else record({"locations": listed(INSTALLED), "count": NUMBER, "installToFutureLocations": BOOLEAN})
    )
    return [
        Operation(
            method="POST",
            template="/oauth/token",
            body=TOKEN_REQUESTS[version],
            media_types=FORM + JSON if is_v3 else FORM,
            bearer=False,
            answers={200: TOKEN_ANSWERS[version]},
        ),
        Operation(
            method="POST",
            template="/oauth/location-token" if is_v3 else "/oauth/locationToken",
            body=record(each(TEXT, "companyId", "locationId"), ["companyId", "locationId"]),
            media_types=FORM,
            answers={200: LOCATION_TOKEN_ANSWERS[version]},
        ),
        Operation(
            method="GET",
            template="/oauth/installed-locations" if is_v3 else "/oauth/installedLocations",
            query={"companyId": True, "appId": True, **dict.fromkeys((*pages, *optional), False)},
            answers={200: installed},
        ),
    ]
