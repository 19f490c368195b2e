"""Every code that a reason about a contact can carry, and what it means.

A code is stable: people filter and count by it. Its sentence never holds a contact's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leadway_provider.contacts.contact import Reason

VALUE_CODES: Final[Mapping[str, str]] = {
    "boolean_malformed": "The value is no yes or no as databases write it (true/false, t/f, yes/no, y/n, on/off, 1/0).",
    "country_unknown": "The value is no code or name of a country that the API has a two-letter code for.",
    "date_malformed": "The value is no date of the calendar in a documented format, such as YYYY-MM-DD or MM/DD/YYYY.",
    "email_malformed": "The value is no e-mail address that can receive mail.",
    "json_malformed": "The value is no JSON object of the documented form.",
    "list_malformed": "The value is no flat list of texts.",
    "number_malformed": "The value is no plain decimal number.",
    "number_not_finite": "The value is infinite or not a number.",
    "number_too_large": "The number has more digits than the API can hold exactly.",
    "option_unknown": "The value is none of the options that the account's field offers.",
    "phone_impossible": "The value can't be a telephone number of its country.",
    "phone_region_unknown": "The number has no country code and nothing tells the country: map it or set phone_region.",
    "status_missing": "The do-not-disturb message or code has no status beside it, and the API takes none without.",
    "status_unknown": "The value is no do-not-disturb status that the API knows, and no yes or no.",
    "text_not_unicode": "The value holds bytes or characters that are not valid Unicode text.",
    "timezone_unknown": "The value is no name of an IANA time zone, such as America/Chicago.",
    "type_unsupported": "The column's SQL type can't be read as this field.",
    "user_unknown": "The value is no id and no e-mail address of a user of the account.",
    "website_malformed": "The value is no web address.",
}
"""Why one value of a row can't be sent."""

ROW_CODES: Final[Mapping[str, str]] = {
    "identity_shared": "Another row of this sync has the same value, and it can belong to one contact only.",
    "no_identity": "The row has no usable value in any field that the account can match a contact by.",
}
"""Why a row as a whole can't be a contact."""

BLANK_CODES: Final[Mapping[str, str]] = {
    "blank_not_clearable": "The value is blank, but the API doesn't let this field be cleared: it was left as it is.",
}
"""What `blanks="clear"` could not do. No fault of the row: strict rules let it pass."""

ECHO_CODES: Final[Mapping[str, str]] = {
    "changed": "The CRM's answer shows another value than was sent.",
    "dropped": "The CRM's answer doesn't show the value that was sent.",
    "email_owned_by_other": "The CRM matched the contact by phone and kept its e-mail: the sent one is another's.",
    "gender_ignored": "The CRM sets the gender only of a new contact; this one existed.",
    "not_cleared": "The CRM's answer still shows a value in the field that was to be cleared.",
    "phone_owned_by_other": "The CRM matched the contact by e-mail and kept its phone: the sent one is another's.",
}
"""How the CRM's answer can differ from what was sent."""

CODES: Final[Mapping[str, str]] = {**VALUE_CODES, **ROW_CODES, **BLANK_CODES, **ECHO_CODES}
"""All codes of this room with their meaning."""


class UnfitError(Exception):
    """A value that its field can't take.

    Attributes:
        code: one of `CODES`.
        detail: a further sentence from the account's configuration, never from the value.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def reason(field: str, code: str, detail: str = "") -> Reason:
    """The reason with that code for that field, worded from `CODES`."""
    message = CODES[code]
    return Reason(field, code, f"{message} {detail}" if detail else message)
