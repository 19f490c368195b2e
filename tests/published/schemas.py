"""The parts of the service's published descriptions that the provider uses, as JSON schemas.

They are written from the descriptions of version 2021-07-28 and of version v3, in their names and types, and from
neither the client nor the sandbox. Where a description can't be meant as it is written, the comment says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NULLABLE: Final[Schema] = {"type": ["string", "null"]}
NUMBER: Final[Schema] = {"type": "number"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
OBJECT: Final[Schema] = {"type": "object"}


def record(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def each(schema: Schema, *names: str) -> dict[str, Schema]:
    """Return the same schema for some properties."""
    return dict.fromkeys(names, schema)


def listed(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def _dnd(*channels: str) -> Schema:
    status = {"type": "string", "enum": ["active", "inactive", "permanent"]}
    return record(each(record({"status": status, **each(TEXT, "message", "code")}, ["status"]), *channels))


def _inbound_dnd() -> Schema:
    status = {"type": "string", "enum": ["active", "inactive"]}
    return record({"all": record({"status": status, "message": TEXT}, ["status"])})


DND: Final[Mapping[str, Schema]] = {
    "2021-07-28": _dnd("Call", "Email", "SMS", "WhatsApp", "GMB", "FB"),
    "v3": _dnd("call", "email", "sms", "whatsApp", "gmb", "fb"),
}
"""`dndSettings`, in requests and in answers."""

# The numeric types are described as objects, with numbers as examples.
FIELD_VALUE: Final[Schema] = {"anyOf": [TEXT, NUMBER, TEXTS, OBJECT]}
FIELD_VALUES: Final[Mapping[str, Schema]] = {
    "2021-07-28": record({**each(TEXT, "id", "key"), "field_value": FIELD_VALUE}, ["id"]),
    "v3": record({**each(TEXT, "id", "key"), **each(FIELD_VALUE, "fieldValue", "field_value")}, ["id"]),
}
"""An entry of `customFields` in a request; version v3 still takes the name of before, as deprecated."""


def contact_request(version: str, *names: str) -> dict[str, Schema]:
    """Return the properties of a request that writes a contact, those of all such requests and some more."""
    properties = {
        **each(NULLABLE, "firstName", "lastName", "name", "email", "phone", "address1", "city", "state"),
        **each(NULLABLE, "website", "timezone"),
        # `dateOfBirth` is described as an object, with dates in eight formats as examples.
        "dateOfBirth": NULLABLE,
        **each(TEXT, "postalCode", "country"),
        "dnd": BOOLEAN,
        "dndSettings": DND[version],
        "inboundDndSettings": _inbound_dnd(),
        "tags": TEXTS,
        "customFields": listed(FIELD_VALUES[version]),
    }
    more = {
        **each(TEXT, "locationId", "gender", "source", "assignedTo"),
        "companyName": NULLABLE,
        "createNewIfDuplicateAllowed": BOOLEAN,
    }
    return properties | {name: more[name] for name in names}


def contact(version: str) -> Schema:
    """Return a contact in an answer."""
    return record(
        {
            **each(TEXT, "id", "name", "locationId", "firstName", "lastName", "email", "emailLowerCase", "timezone"),
            **each(TEXT, "companyName", "phone", "type", "source", "assignedTo", "address1", "city", "state"),
            **each(TEXT, "country", "postalCode", "website", "dateOfBirth", "dateAdded", "dateUpdated"),
            **each(TEXT, "attachments", "ssn", "keyword", "firstNameLowerCase", "fullNameLowerCase"),
            **each(TEXT, "lastNameLowerCase", "lastActivity", "businessId", "visitorId"),
            **each(OBJECT, "attributionSource", "lastAttributionSource"),
            "dnd": BOOLEAN,
            "dndSettings": DND[version],
            "tags": TEXTS,
            # The value is described as text. A request takes numbers and lists too, and the service returns them.
            "customFields": listed(record({"id": TEXT, "value": FIELD_VALUE})),
            # These are not described. The first two were observed; the others are a habit of the sandbox.
            **each(TEXTS, "additionalEmails", "additionalPhones"),
            "gender": TEXT,
            "inboundDndSettings": _inbound_dnd(),
        },
        ["id"],
    )


def found_contact(version: str) -> Schema:
    """Return a contact that a search found; the description leaves it open, and help pages show more keys."""
    schema = contact(version)
    schema["properties"] |= {
        **each(NULLABLE, "firstNameLowerCase", "lastNameLowerCase", "businessName"),
        "searchAfter": {"type": "array"},
    }
    return schema


LOCATION: Final = record(
    {
        **each(TEXT, "id", "companyId", "name", "domain", "address", "city", "state", "logoUrl", "country"),
        **each(TEXT, "postalCode", "website", "timezone", "firstName", "lastName", "email", "phone"),
        **each(OBJECT, "business", "social", "reseller"),
        "settings": record(
            each(
                BOOLEAN,
                "allowDuplicateContact",
                "allowDuplicateOpportunity",
                "allowFacebookNameMerge",
                "disableContactTimezone",
            )
        ),
    }
)
CUSTOM_FIELD: Final = record(
    {
        **each(TEXT, "id", "name", "fieldKey", "placeholder", "dataType", "locationId"),
        **each(NUMBER, "position", "maxFileLimit"),
        **each(TEXTS, "picklistOptions", "picklistImageOptions"),
        **each(BOOLEAN, "isAllowedCustomOption", "isMultiFileAllowed"),
        "model": {"type": "string", "enum": ["contact", "opportunity"]},
    }
)
_USER: Final[Mapping[str, Schema]] = {
    **each(TEXT, "id", "name", "firstName", "lastName", "email", "phone", "extension", "scopes", "platformLanguage"),
    **each(OBJECT, "permissions", "lcPhone"),
    "roles": record({**each(TEXT, "type", "role"), "locationIds": TEXTS, "restrictSubAccount": BOOLEAN}),
}
USER: Final = record(_USER)
LISTED_USER: Final = record({**_USER, "deleted": BOOLEAN})

INSTALLED: Final = record(
    {**each(TEXT, "_id", "name", "address", "versionId", "installedAt"), "isInstalled": BOOLEAN},
    ["_id", "name", "address"],
)
PAGINATION: Final = record(
    {
        **each(NUMBER, "totalRecords", "currentPageSize", "estimatedTotalRecords"),
        **each(BOOLEAN, "hasNextPage", "hasPrevPage"),
        **each(TEXT, "nextPageToken", "prevPageToken"),
    },
    ["hasNextPage", "hasPrevPage", "currentPageSize"],
)

_GRANT_TYPE: Final[Schema] = {
    "type": "string",
    "enum": ["authorization_code", "refresh_token", "client_credentials"],
}
_USER_TYPE: Final[Schema] = {"type": "string", "enum": ["Company", "Location"]}
TOKEN_REQUESTS: Final[Mapping[str, Schema]] = {
    "2021-07-28": record(
        {
            **each(TEXT, "client_id", "client_secret", "code", "refresh_token", "redirect_uri"),
            "grant_type": _GRANT_TYPE,
            "user_type": _USER_TYPE,
        },
        ["client_id", "client_secret", "grant_type"],
    ),
    "v3": record(
        {
            **each(TEXT, "clientId", "clientSecret", "code", "refreshToken", "redirectUri"),
            "grantType": _GRANT_TYPE,
            "userType": _USER_TYPE,
        },
        ["clientId", "clientSecret", "grantType"],
    ),
}
_GRANTED: Final[Mapping[str, Schema]] = {
    **each(TEXT, "scope", "userType", "locationId", "companyId", "userId", "planId"),
    "approvedLocations": TEXTS,
    **each(BOOLEAN, "isBulkInstallation", "installToFutureLocations", "approveAllLocations"),
}
TOKEN_ANSWERS: Final[Mapping[str, Schema]] = {
    "2021-07-28": record(
        {**_GRANTED, **each(TEXT, "access_token", "token_type", "refresh_token"), "expires_in": NUMBER}, ["userId"]
    ),
    "v3": record(
        {**_GRANTED, **each(TEXT, "accessToken", "tokenType", "refreshToken"), "expiresIn": NUMBER}, ["userId"]
    ),
}
_LOCATION_GRANTED: Final = each(TEXT, "scope", "locationId", "planId", "userId", "appId", "versionId")
LOCATION_TOKEN_ANSWERS: Final[Mapping[str, Schema]] = {
    "2021-07-28": record(
        {**_LOCATION_GRANTED, **each(TEXT, "access_token", "token_type"), "expires_in": NUMBER}, ["userId"]
    ),
    "v3": record(
        {**_LOCATION_GRANTED, **each(TEXT, "accessToken", "tokenType", "refreshToken"), "expiresIn": NUMBER}, ["userId"]
    ),
}

# The responses are described as texts, in both versions; objects were observed.
BULK_RESPONSE: Final = record(
    {**each(TEXT, "contactId", "type", "message"), **each(TEXTS, "oldTags", "tagsAdded", "tagsRemoved")}, ["contactId"]
)

ERRORS: Final[Mapping[int, Schema]] = {
    # `error` and `meta` of a 400 are not described; they were observed.
    400: record({"statusCode": NUMBER, **each(TEXT, "message", "error"), "meta": OBJECT}),
    401: record({"statusCode": NUMBER, **each(TEXT, "message", "error")}),
    403: record({"statusCode": NUMBER, **each(TEXT, "message", "error")}),
    404: record({"statusCode": NUMBER, **each(TEXT, "message", "error")}),
    422: record({"statusCode": NUMBER, "message": TEXTS, "error": TEXT}),
    429: record({"statusCode": NUMBER, "message": TEXT}),
}
"""The answers to calls that are refused, for every call."""
