"""What the API says about a refusal, in known sentences: no part of a contact's value can be in what is kept.

The text of a refusal may quote a value in any form: in part, escaped, in other letters, translated. So nothing of the
text is kept. It is compared with the sentences of this module, and what is kept is the sentence and the names of the
API's properties, both as they are written here. Of any other text it is only kept that it is not known.

The sentences come from the published descriptions (examples of answers), from answers that were observed, and from the
validation library that the API uses (class-validator, whose default messages are published).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from leadway_provider.contacts.dnd import CHANNELS

NOT_SHOWN: Final = "a reason that is not shown, because it may quote a value"
"""What is kept of a text that is not a known sentence."""
LONGEST: Final = 2000
"""More characters than any known sentence has, its gaps included."""
_GAP: Final = "…"
"""Stands in a known sentence for any text, and in what is kept for nothing."""

_OF_CONTACTS: Final = (
    "firstName lastName name email locationId gender phone address1 city state postalCode website timezone dnd "
    "dndSettings inboundDndSettings tags customFields source dateOfBirth country companyName assignedTo "
    "createNewIfDuplicateAllowed additionalEmails additionalPhones"
)
_OF_PARTS: Final = (
    "id key value field_value fieldValue status message code all "
    "Call Email SMS WhatsApp GMB FB call sms whatsApp gmb fb"
)
_OF_OTHER_CALLS: Final = (
    "contacts contactId number companyId skip limit model page pageLimit searchAfter filters sort query group "
    "field operator direction client_id client_secret grant_type refresh_token user_type "
    "clientId clientSecret grantType refreshToken userType"
)
_PROPERTIES: Final = frozenset(f"{_OF_CONTACTS} {_OF_PARTS} {_OF_OTHER_CALLS}".split())
"""The names of properties that a sentence may name, in both versions of the API (documented)."""

_WHOLE: Final = (
    # documented
    "Bad Request",
    "contact does not belong to location",
    "contact id is not a valid firebase id",
    "contact is deleted",
    "Invalid grant: refresh token is invalid",
    "Invalid token: access token is invalid",
    "Location is not active",
    "Tags updated",
    "Unauthorized",
    "Unprocessable Entity",
    # observed
    "Command timed out",
    "Conflict",
    "Contact deleted",
    "Contact does not exist",
    "Contact has been deleted",
    "Contact not found",
    "Contact was deleted",
    f"Contact with id {_GAP} not found",
    "Custom field not found",
    "Forbidden",
    "Forbidden resource",
    "Internal server error",
    "Invalid client: client credentials are invalid",
    "Invalid country calling code",
    f"Invalid grant: {_GAP} is invalid",
    "Invalid JWT",
    "Invalid phone number",
    "Invalid phone number format: Invalid country calling code",
    "Location not found",
    "Not Found",
    "Pass at least one of number, email query parameter",
    "Payload Too Large",
    "request entity too large",
    "Service Unavailable",
    "The token does not have access to this company",
    "The token does not have access to this location",
    "The token is not authorized for this scope.",
    "This location does not allow duplicated contacts.",
    "This route is not yet supported by the IAM Service. Please update your IAM config",
    "Too Many Requests",
    "Unsupported Media Type",
    "User not found",
    "version header is invalid",
    "version header was not found.",
    *(f"Cannot {method} {_GAP}" for method in ("GET", "POST", "PUT", "DELETE")),
    # of the libraries that read a body
    "a number is too large",
    "an unknown value was passed to the validate function",
    "Unexpected end of JSON input",
    "Unexpected token in JSON",
    f"Unexpected token {_GAP} in JSON at position {_GAP}",
)
"""Sentences that name no property."""

_OF_PROPERTY: Final = (
    # class-validator's default messages, and observed
    "has already been taken",
    "is already taken",
    "is invalid",
    "is not valid",
    "is required",
    "must be a boolean value",
    "must be a boolean string",
    "must be a Date instance",
    "must be a finite number",
    "must be a json string",
    "must be a mongodb id",
    "must be a number",
    "must be a number conforming to the specified constraints",
    "must be a number string",
    "must be a phone number",
    "must be a positive number",
    "must be a string",
    "must be a string, a number, an array of strings or an object",
    "must be a URL address",
    "must be a UUID",
    "must be a valid date",
    "must be a valid email",
    "must be a valid enum value",
    "must be a valid IANA time-zone",
    "must be a valid ISO 8601 date string",
    "must be a valid ISO31661 Alpha2 code",
    "must be a valid phone number",
    "must be an array",
    "must be an email",
    "must be an instance of …",
    "must be an integer number",
    "must be an object",
    "must be either object or array",
    "must be equal to …",
    "must be longer than or equal to … and shorter than or equal to … characters",
    "must be longer than or equal to … characters",
    "must be one of the following values: …",
    "must be shorter than or equal to … characters",
    "must contain at least … elements",
    "must contain no more than … elements",
    "must contain not more than … elements",
    "must contain only letters (a-zA-Z)",
    "must contain only letters and numbers",
    "must match … regular expression",
    "must not be greater than …",
    "must not be less than …",
    "should not be empty",
    "should not be equal to …",
    "should not be null or undefined",
    "should not exist",
)
"""What follows the name of a property."""
_BEFORE_PROPERTY: Final = (
    (),
    ("each", "value", "in"),
    ("nested", "property"),
    ("each", "value", "in", "nested", "property"),
    ("property",),
)
"""What comes before the name of a property."""
_LABELS: Final = ("Invalid parameter:", "Missing parameter:")
"""What comes before a name that ends the sentence (documented)."""
_VERBS: Final = ("must", "should", "is", "has", "cannot")
"""What may follow a name in a sentence that is not known, so that at least the name is kept."""

_Parts: TypeAlias = Sequence[str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is kept of a text of the API.

    Attributes:
        text: a known sentence, or `NOT_SHOWN`.
        field: the API path of the property that it names, such as `dndSettings.Call.status`; blank if it names none.
        position: which custom field of the request it is about, counted from 0; None where it is about none.
    """

    text: str
    field: str = ""
    position: int | None = None


def known_sentence(said: str) -> Sentence:
    """Return what can be kept of a text of the API.

    The work is in proportion to the text's length, and nothing is done with a text that is longer than any sentence.
    """
    if len(said) > LONGEST:
        return Sentence(NOT_SHOWN)
    words = said.split()
    if text := _found(" ".join(words), _WHOLE_PARTS):
        return Sentence(text)
    return next(_of_property(words), Sentence(NOT_SHOWN))


def _of_property(words: Sequence[str]) -> Iterator[Sentence]:
    for label in _LABELS:
        if len(words) == 3 and words[:2] == label.split():  # noqa: PLR2004 - two words and a name
            yield _about(words[2], f"{label} {{}}")
    if len(words) > 1 and words[0].endswith(".property"):  # as in `dndSettings.property Fax should not exist`
        path = words[0].removesuffix("property") + words[1]
        if text := _found(" ".join(words[2:]), _PROPERTY_PARTS):
            yield _about(path, f"property {{}} {text}")
    for before in _BEFORE_PROPERTY:
        start = len(before)
        if tuple(words[:start]) == before and len(words) > start + 1:
            text = _found(" ".join(words[start + 1 :]), _PROPERTY_PARTS)
            if text:
                yield _about(words[start], " ".join((*before, "{}", text)))
    if len(words) > 1 and words[1] in _VERBS and _names(words[0]):
        yield _about(words[0], f"{{}}: {NOT_SHOWN}")


def _about(path: str, text: str) -> Sentence:
    """Return a sentence about a property, whose name is kept only if it is known."""
    names = _names(path)
    if not names:
        return Sentence(text.format(_GAP))
    if names[0] == "dndSettings":
        names[1:2] = [CHANNELS.get(name.casefold(), name) for name in names[1:2]]
    field = ".".join(name for name in names if not name.isdecimal())
    position = int(names[1]) if names[0] == "customFields" and len(names) > 1 and names[1].isdecimal() else None
    return Sentence(text.format(field), field, position)


def _names(path: str) -> list[str]:
    """Return the names of a path and its positions in lists, or an empty list if one of them is not known."""
    names = path.split(".")
    if names[0] in _PROPERTIES and all(name in _PROPERTIES or _is_position(name) for name in names[1:]):
        return names
    return []


def _is_position(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 4  # noqa: PLR2004 - no account has 1000 custom fields


def _found(said: str, known: Sequence[tuple[str, _Parts]]) -> str | None:
    """Return the known sentence that a text is, whatever its letters' case and whether it ends with a full stop."""
    lowered = said.lower().rstrip(". ")
    return next((sentence for sentence, parts in known if _fits(lowered, parts)), None)


def _fits(said: str, parts: _Parts) -> bool:
    """Return True if a text consists of these parts with any text between them. Each part is looked for once."""
    first, *others = parts
    if not others:
        return said == first
    *middle, last = others
    if not said.startswith(first) or not said.endswith(last):
        return False
    position = len(first)
    for part in middle:
        position = said.find(part, position) + len(part)
        if position < len(part):
            return False
    return position <= len(said) - len(last)


def _parts(sentences: Sequence[str]) -> tuple[tuple[str, _Parts], ...]:
    return tuple((sentence, sentence.lower().rstrip(".").split(_GAP)) for sentence in sentences)


_WHOLE_PARTS: Final = _parts(_WHOLE)
_PROPERTY_PARTS: Final = _parts(_OF_PROPERTY)
