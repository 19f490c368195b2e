"""A request to the API as a value: what is sent, and how the answer is read. Nothing in this module sends anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from leadway_provider.api.answer import Success
from leadway_provider.contacts.contact import JsonValue

T = TypeVar("T")

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and how to read its answer.

    Attributes:
        method: the HTTP method.
        template: the path as the API documents it, such as `/contacts/{contactId}`.
        read: returns the typed answer; raises ValueError, TypeError or LookupError if the body is not what the API
            documents.
        ids: the values for the names in the template.
        params: the query.
        json: the body, or None.
        form: the body of a call about tokens, instead of `json`.
        resend_safe: whether sending the call again does no harm if the first one may have been received.
    """

    method: str
    template: str
    read: Callable[[Success], T] = field(repr=False)
    ids: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    resend_safe: bool = True

    @property
    def name(self) -> str:
        """Method and template, with the account in it; messages name the call by it."""
        location_id = self.ids.get("locationId", "{locationId}")
        return f"{self.method} {self.template.replace('{locationId}', location_id)}"

    @property
    def path(self) -> str:
        """The path with its ids, quoted."""
        return self.template.format_map({name: quote(value, safe="") for name, value in self.ids.items()})

    @property
    def contact_id(self) -> str | None:
        """The contact in the path, or None if the call is not about one contact."""
        return self.ids.get("contactId")

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return _JSON if self.form is None else _FORM

    @property
    def sent(self) -> Iterator[object]:
        """The parts of the request that may hold personal values or secrets."""
        yield from (part for part in (self.json, self.form, self.params) if part)

    def encoded_body(self) -> bytes:
        """Return the body as it is sent; empty if there is none.

        Raises:
            ValueError: the body holds a value that JSON can't express, such as text that is not valid Unicode.
        """
        if self.form is not None:
            return urlencode(self.form).encode()
        if self.json is None:
            return b""
        try:
            return msgspec.json.encode(self.json)
        except (TypeError, UnicodeEncodeError):
            pass  # the error that follows must not carry this one: it holds the value
        raise ValueError(f"{self.name}: the body holds a value that JSON can't express")
