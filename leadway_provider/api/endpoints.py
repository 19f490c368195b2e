"""The API's endpoints, each listed once: its arguments, its request and the reading of its answer.

A subclass sends the calls. `LeadwayClient` sends them over HTTP; a test can keep them and answer by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

from leadway_provider.api import v3
from leadway_provider.api.answer import Success, read_trace_id
from leadway_provider.api.call import Call
from leadway_provider.api.models import (
    BulkTagsAnswer,
    ContactRecord,
    Location,
    TagsAnswer,
    UpsertAnswer,
    User,
    UserPage,
    read_custom_fields,
    read_users,
)
from leadway_provider.api.search import CONTACTS_OF_A_PAGE, contacts_behind
from leadway_provider.api.tags import change_of_tags, read_bulk_tags, with_known_sentences
from leadway_provider.api.v3 import JsonObject
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, RefusedError, UnavailableError

T = TypeVar("T")

_SEARCH_USERS: Final = "GET /users/search"
_USERS_OF_A_PAGE: Final = 100
_MOST_PAGES: Final = 100
_NOT_UPDATED: Final = ("locationId", "gender", "companyName", "createNewIfDuplicateAllowed")


class Endpoints(ABC):
    """The calls to one account in one version of the API.

    Every method raises, besides the errors that it names itself:
        AuthenticationError, AccessDeniedError, ConnectionSettingsError: a person must change the connection.
        RefusedError: the API refuses this request.
        UnavailableError: the API could not be reached, or gave unreadable answers, until the last attempt.
        QuotaExhaustedError: the daily quota is used up, or the wait for quota would be too long.
        ValueError: a value can't be written as JSON.

    Args:
        location_id: the account.
        api_version: the version whose calls are made, and whose names are written and read.
        company_id: the company that the account belongs to; if None, it is read where a call needs it.

    Attributes:
        location_id: the account.
        is_v3: whether the version is v3.
    """

    def __init__(self, location_id: str, api_version: str = "2021-07-28", company_id: str | None = None) -> None:
        self.location_id = location_id
        self._may_share: bool | None = None
        self.is_v3 = api_version == v3.VERSION
        self._company_id = company_id

    @abstractmethod
    async def send(self, call: Call[T]) -> T:
        """Send a call, and return its answer as the call reads it."""

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> UpsertAnswer:
        """Create a contact, or update the one that the account matches by e-mail or phone.

        A call that may create a second contact (`createNewIfDuplicateAllowed`) is not sent again if the first one may
        have been received.

        Args:
            fields: the fields in the API's names, form of version 2021-07-28; a field that is not given is not
                changed.
        """
        body = {**fields, "locationId": self.location_id}
        return await self.send(
            Call(
                "POST",
                "/contacts/upsert",
                self._read_upsert,
                json=self._written(body),
                resend_safe=fields.get("createNewIfDuplicateAllowed") is not True,
            )
        )

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> UpsertAnswer:
        """Create a contact, and never change one that exists; the answer is always `new`.

        A call that may have been received is not sent again: where the account allows duplicates, it would create a
        second contact.

        Args:
            fields: the fields in the API's names, form of version 2021-07-28, without `createNewIfDuplicateAllowed`,
                which the API does not take here (documented).

        Raises:
            IdentityTakenError: the account allows no duplicates, and another contact has the e-mail or the phone;
                nothing was written (observed).
        """
        body = self._written({**fields, "locationId": self.location_id})
        answer = await self.send(Call("POST", "/contacts/", self._read_upsert, json=body, resend_safe=False))
        return answer.model_copy(update={"new": True})

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> UpsertAnswer:
        """Update the contact of an id; the answer is never `new`.

        Args:
            contact_id: the contact.
            fields: the fields in the API's names, form of version 2021-07-28; a field that is not given is not
                changed.

        Raises:
            ContactNotFoundError: the account does not have this contact.
            IdentityTakenError: the e-mail or the phone belongs to another contact; nothing was written.
            ValueError: `locationId`, `gender`, `companyName` or `createNewIfDuplicateAllowed` is among the fields;
                the API does not take them here (documented).
        """
        if refused := [name for name in _NOT_UPDATED if name in fields]:
            raise ValueError(f"PUT /contacts/{{contactId}} does not take {', '.join(refused)}: leave it out.")
        body = self._written(dict(fields))
        return await self.send(
            Call("PUT", "/contacts/{contactId}", self._read_upsert, ids={"contactId": contact_id}, json=body)
        )

    async def get_contact(self, contact_id: str) -> ContactRecord:
        """Return the contact of an id.

        Raises:
            ContactNotFoundError: the account does not have this contact.
        """
        return await self.send(
            Call(
                "GET",
                "/contacts/{contactId}",
                lambda answer: self._read_contact(answer.json["contact"]),
                ids={"contactId": contact_id},
            )
        )

    async def find_duplicate(self, email: str | None = None, phone: str | None = None) -> ContactRecord | None:
        """Return the contact that the account would match by e-mail or phone, or None.

        A contact that has just been written may not be found yet: the search lags behind by up to a minute (observed).

        Raises:
            ValueError: neither e-mail nor phone is given.
        """
        if email is None and phone is None:
            raise ValueError("find_duplicate needs an e-mail or a phone")
        params = {"locationId": self.location_id, "email": email, "number": phone}
        return await self.send(
            Call(
                "GET",
                "/contacts/search/duplicate",
                lambda answer: self._read_contact(found) if (found := answer.json.get("contact")) else None,
                params={name: value for name, value in params.items() if value is not None},
            )
        )

    async def search_contacts(
        self, after: Sequence[JsonValue] | None = None, limit: int = CONTACTS_OF_A_PAGE
    ) -> list[ContactRecord]:
        """Return the next contacts of the account, in the order in which they were added; none at the end.

        What was written in the last minute may be missing, or be as it was before (observed). Each contact has the
        field `searchAfter`, its own place in this order (documented).

        Args:
            after: the `searchAfter` of the last contact that was read; None begins with the first contact.
            limit: the most contacts to return, at most 500 (documented).
        """
        return await self.send(contacts_behind(after, limit, self.location_id, self._read_contact))

    async def delete_contact(self, contact_id: str) -> None:
        """Delete the contact of an id.

        Raises:
            ContactNotFoundError: the account does not have this contact.
        """
        return await self.send(
            Call("DELETE", "/contacts/{contactId}", lambda _answer: None, ids={"contactId": contact_id})
        )

    async def add_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Add tags to a contact, and return all its tags.

        Raises:
            ContactNotFoundError: the account does not have this contact.
        """
        return await self.send(change_of_tags("POST", contact_id, tags))

    async def remove_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Remove tags from a contact, and return the remaining ones.

        Raises:
            ContactNotFoundError: the account does not have this contact.
        """
        return await self.send(change_of_tags("DELETE", contact_id, tags))

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Iterable[str], tags: Iterable[str]
    ) -> BulkTagsAnswer:
        """Add the same tags to many contacts, or remove them, in one call; the answer has one item for each contact.

        Args:
            kind: whether the tags are added or removed.
            contact_ids: the contacts. How many one call may name is not documented.
            tags: the tags.
        """
        names: list[JsonValue] = [*tags]
        contacts: list[JsonValue] = [*contact_ids]
        return await self.send(
            Call(
                "POST",
                "/contacts/bulk/tags/update/{type}",
                lambda answer: with_known_sentences(read_bulk_tags(answer.json, len(contacts))),
                ids={"type": kind},
                json={"contacts": contacts, "tags": names, "locationId": self.location_id},
            )
        )

    async def get_custom_fields(self) -> list[CustomField]:
        """Return the account's custom fields of contacts."""
        return await self.send(
            Call(
                "GET",
                "/locations/{locationId}/customFields",
                lambda answer: read_custom_fields(answer.json["customFields"]),
                ids={"locationId": self.location_id},
                params={"model": "contact"},
            )
        )

    async def is_readable(self) -> bool:
        """Return True if the answer to a call that depends on no contact can be read now; it may be a refusal."""
        try:
            await self.get_custom_fields()
        except (AccessDeniedError, RefusedError):
            return True
        except UnavailableError:
            return False
        return True

    async def get_location(self) -> Location:
        """Return the account with its settings; the token needs the scope `locations.readonly`."""
        return await self.send(
            Call(
                "GET",
                "/locations/{locationId}",
                lambda answer: Location.model_validate(answer.json["location"]),
                ids={"locationId": self.location_id},
            )
        )

    async def may_share_identities(self) -> bool:
        """Return whether two contacts of the account may have one e-mail or phone; the account is asked once.

        True is also returned where the account does not say it, or the token lacks the scope `locations.readonly`.
        """
        if self._may_share is None:
            try:
                self._may_share = (await self.get_location()).allow_duplicate_contact is not False
            except (AccessDeniedError, AuthenticationError, RefusedError):
                self._may_share = True
        return self._may_share

    async def get_users(self) -> list[User]:
        """Return the users that contacts can be assigned to.

        The token needs the scope `users.readonly`. Version v3 has only a search in a company, so the token also needs
        `locations.readonly` there, unless the company is known.
        """
        if self.is_v3:
            return await self._search_users()
        return await self.send(
            Call(
                "GET",
                "/users/",
                lambda answer: read_users(answer.json["users"]),
                params={"locationId": self.location_id},
            )
        )

    async def _search_users(self) -> list[User]:
        company_id = self._company_id or (await self.get_location()).company_id
        if company_id is None:
            raise RefusedError(
                f"{_SEARCH_USERS}: the search needs the company, which location {self.location_id!r} does not show.",
                call=_SEARCH_USERS,
            )
        found: dict[str, User] = {}
        skip = 0
        for _ in range(_MOST_PAGES):
            page = await self.send(
                Call(
                    "GET",
                    "/users/search",
                    lambda answer: UserPage.of(answer.json),
                    params={
                        "companyId": company_id,
                        "locationId": self.location_id,
                        "skip": str(skip),
                        "limit": str(_USERS_OF_A_PAGE),
                    },
                )
            )
            found |= {user.id: user for user in page.users}
            skip += page.length
            if not page.length or (page.count and skip >= page.count):
                break
        return list(found.values())

    def _written(self, body: JsonObject) -> JsonObject:
        return v3.to_v3(body) if self.is_v3 else body

    def _read_contact(self, contact: JsonObject) -> ContactRecord:
        fields = v3.from_v3(contact) if self.is_v3 else contact
        return ContactRecord(id=fields["id"], fields=fields)

    def _read_upsert(self, answer: Success) -> UpsertAnswer:
        return UpsertAnswer(
            new=answer.json.get("new") is True,
            contact=self._read_contact(answer.json["contact"]),
            trace_id=read_trace_id(answer.json),
            status=answer.status,
        )
