"""One answer to one call: how it is read, and how it is compared with what was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple, NoReturn

from leadway_provider.api import oauth
from leadway_provider.api.answer import Fatal, Success, WrongSetting, interpret
from leadway_provider.api.call import Call
from leadway_provider.api.endpoints import Endpoints
from leadway_provider.api.installed import installed_call
from leadway_provider.api.models import ContactRecord, UpsertAnswer
from leadway_provider.api.network import MAX_BODY
from leadway_provider.api.pacing import Pacer
from leadway_provider.api.refusal import error_of
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.api.v3 import VERSION
from leadway_provider.clock import utc_now
from leadway_provider.contacts.echo import not_kept
from leadway_provider.sync.identities import UNKEYED
from tests.fuzz.hostile import SEEDS, changed_bytes, changed_document, text

Json = dict[str, Any]
LOCATION: Final = "sandbox-location"
_VERSIONS: Final = ("2021-07-28", VERSION)
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the reading of an answer may raise: the client takes it for an answer that the API does not document."""

_SENT: Final[Json] = {
    "firstName": "Ann",
    "name": "Ann Ä",
    "email": "ann@example.com",
    "phone": "+12025550123",
    "website": "https://example.com/a",
    "timezone": "America/Chicago",
    "dateOfBirth": "1999-12-31",
    "tags": ["vip", "İ"],
    "dnd": True,
    "dndSettings": {"Call": {"status": "active", "message": "m"}},
    "customFields": [
        {"id": "c1", "field_value": "Gold"},
        {"id": "c2", "field_value": 12.5},
        {"id": "c3", "field_value": ["a", "b"]},
        {"id": "c4", "field_value": "1999-12-31"},
    ],
}
_SHOWN: Final[Json] = {
    **_SENT,
    "id": "ve9EPM428h8vShlRW1KT",
    "locationId": LOCATION,
    "dateOfBirth": 946598400000,
    "customFields": [
        {"id": "c1", "value": "gold"},
        {"id": "c2", "value": "1.50"},
        {"id": "c3", "fieldValue": ["b", "a"]},
    ],
}
_FIELD: Final[Json] = {
    "id": "c1",
    "name": "Tier",
    "fieldKey": "contact.tier",
    "dataType": "TEXT",
    "picklistOptions": ["a"],
}
_REFUSAL: Final[Json] = {
    "statusCode": 422,
    "message": ["email must be an email", "Contact with id c1 not found", "ann@example.com is not +1 202 555 0123"],
    "error": "Unprocessable Entity",
    "meta": {"contactId": "c1", "matchingField": "email", "contactName": "Ann Ä"},
    "traceId": "3f0c-trace",
}
_STATUSES: Final = (200, 201, 200, 201, 200, 206, 301, 400, 401, 403, 404, 408, 422, 429, 500, 599)
_HEADERS: Final = (
    ("retry-after", "7"),
    ("date", "Thu, 26 Nov 2026 12:00:00 GMT"),
    ("x-ratelimit-max", "100"),
    ("x-ratelimit-remaining", "99"),
    ("x-ratelimit-interval-milliseconds", "10000"),
    ("x-ratelimit-limit-daily", "200000"),
    ("x-ratelimit-daily-remaining", "199999"),
    ("x-ratelimit-daily-reset", "86400000"),
)
_CONTACT: Final[Json] = {"contact": _SHOWN}
_UPSERT: Final[Json] = {"new": True, "contact": _SHOWN, "traceId": "3f0c-trace"}
_USERS: Final[Json] = {"users": [{"id": "u1", "email": "bo@example.com", "deleted": False}], "count": 1}
_BULK: Final[Json] = {
    "errorCount": 1,
    "responses": [{"contactId": "c1", "message": "Tag vip not found", "type": "error"}],
}
_PLACE: Final[Json] = {"_id": "l1", "name": "Shop", "isInstalled": True}
_INSTALLED: Final[Json] = {"locations": [_PLACE], "items": [_PLACE], "pagination": {"nextPageToken": "next"}}
_GRANT: Final[Json] = {"access_token": "token-1", "refreshToken": "token-2", "expires_in": 86399}


class Answer(NamedTuple):
    """An answer: the status, the headers and the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _AskedError(Exception):
    def __init__(self, call: Call[Any]) -> None:
        self.call = call


class _Calls(Endpoints):
    """Sends nothing, and hands out the call."""

    async def send(self, call: Call[Any]) -> NoReturn:
        raise _AskedError(call)


def _calls(version: str, sent: Json) -> list[tuple[Call[Any], Json]]:
    """Return every call of the API with an answer to it."""
    api = _Calls(LOCATION, version, "a1")
    found: list[tuple[Call[Any], Json]] = []
    for request, answer in (
        (api.upsert_contact({**sent, "companyName": None, "gender": "female"}), _UPSERT),
        (api.create_contact({**sent, "companyName": None, "gender": "female"}), _UPSERT),
        (api.update_contact("c1", sent), _UPSERT),
        (api.get_contact("c1"), _CONTACT),
        (api.find_duplicate(sent["email"], sent["phone"]), _CONTACT),
        (
            api.search_contacts([1_700_000_000_000, "c1"]),
            {"contacts": [{**_CONTACT["contact"], "searchAfter": [1_700_000_000_000, "c2"]}]},
        ),
        (api.delete_contact("c1"), {"succeded": True}),
        (api.add_tags("c1", sent["tags"]), {"tags": ["vip", "new"]}),
        (api.remove_tags("c1", sent["tags"]), {"tags": ["new"]}),
        (api.update_tags("add", ["c1"], sent["tags"]), _BULK),
        (api.get_custom_fields(), {"customFields": [_FIELD, {**_FIELD, "documentType": "folder"}]}),
        (
            api.get_location(),
            {"location": {"id": "l1", "companyId": "a1", "settings": {"allowDuplicateContact": False}}},
        ),
        (api.get_users(), _USERS),
    ):
        try:
            request.send(None)
        except _AskedError as asked:
            found.append((asked.call, answer))
    found.append((installed_call("a1", "app", "0", is_v3=version == VERSION), _INSTALLED))
    form = {"refresh_token": "token-1", "client_secret": "secret-1"}
    found.append((Call("POST", "/oauth/token", lambda it: oauth.read_grant(it.json, utc_now()), form=form), _GRANT))
    return found


SETTINGS: Final = {
    version: ConnectionSettings.from_connection(
        "crm",
        schema=None,
        host="http://localhost:1",
        port=None,
        password="a-token",
        extra={"location_id": LOCATION, "api_version": version},
    )
    for version in _VERSIONS
}
ASKED: Final = [
    (version, call, answer)
    for version in _VERSIONS
    for email in SEEDS
    for call, answer in _calls(version, {**_SENT, "email": email, "firstName": email, "tags": [email, "vip"]})
]


def draw_answer(random: Random) -> Callable[[], object]:
    """Return the reading of an answer to one of all calls: changed JSON, bytes and headers with any status."""
    version, call, right = random.choice(ASKED)
    answer = any_answer(random, right)
    return lambda: read_answer(SETTINGS[version], call, answer)


def any_answer(random: Random, right: Json) -> Answer:
    """Return an answer that is made of the right one, or of a refusal."""
    chance = random.random()
    document = changed_document(random, right if chance < 0.6 else _REFUSAL, random.choice((0.0, 0.03, 0.1, 0.4)))
    body = json.dumps(document).encode()
    if random.random() < 0.3:
        body = changed_bytes(random, body)
    headers = [
        (name, text(random) if random.random() < 0.4 else value)
        for name, value in random.sample(_HEADERS, random.choice((0, 0, 1, 3)))
    ]
    return Answer(random.choice(_STATUSES), tuple(headers), body[:MAX_BODY])


def read_answer(settings: ConnectionSettings, call: Call[Any], answer: Answer) -> None:
    """Read an answer as the client does, and do with it what a run does with it."""
    headers = dict(answer.headers)
    pacer = Pacer()
    permit = pacer.reserve(0.0)
    assert not isinstance(permit, float)
    pacer.answered(permit, 1.0, headers)
    result = interpret(answer.status, headers, answer.body)
    if isinstance(result, Fatal | WrongSetting):
        str(error_of(result, call, settings, LOCATION))
    if isinstance(result, Success):
        try:
            found = call.read(result)
        except _UNREADABLE:
            return
        use(found, dict(call.json or {}))


def use(found: object, sent: Mapping[str, Any]) -> None:
    """Do with an answer what a run does with it."""
    if isinstance(found, oauth.Grant):
        oauth._decoded(oauth._encoded(found))
    if isinstance(found, UpsertAnswer):
        not_kept(sent, found.kept, new=found.new, by_id=found.status == 201)
        found = found.contact
    for each in found if isinstance(found, list) else ():
        use(each, sent)
    if isinstance(found, ContactRecord):
        UNKEYED.shown(found.fields)
        _ = (found.email, found.phone, found.tags, found.custom_values, found.location_id)
