"""Every code that a reason about a contact can have, and its meaning.

A code is stable: people filter and count by it. Its sentence never holds a contact's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leadway_provider.contacts.contact import JsonValue, Reason

VALUE_CODES: Final[Mapping[str, str]] = {
    "ambiguous": "The value can be read in two ways, and nothing shows which of them is meant.",
    "boolean_malformed": "The value is not a boolean (true/false, t/f, yes/no, y/n, on/off, 1/0).",
    "contact_id_malformed": "The value is not the id of a contact: 1 to 64 letters, digits, - and _.",
    "control_character": "The value holds a control character, which no text field takes.",
    "country_unknown": "The value is not a code or name of a country that the API has a two-letter code for.",
    "date_malformed": "The value is not a date in a documented format, such as YYYY-MM-DD or MM/DD/YYYY.",
    "date_out_of_range": "The date is infinite, zero, or not in the years 1 to 9999.",
    "email_malformed": "The value is not an e-mail address that can receive mail.",
    "json_malformed": "The value is not a JSON object of the documented form.",
    "list_malformed": "The value is not a flat list of texts.",
    "number_malformed": "The value is not a plain decimal number.",
    "number_not_finite": "The value is infinite or not a number.",
    "number_too_large": "The number has more digits than the API can hold exactly.",
    "option_unknown": "The value is not one of the options of the account's field.",
    "phone_impossible": "The value is not a possible phone number of its country.",
    "phone_region_unknown": "The number has no country code: map country, or set phone_region.",
    "status_missing": "The do-not-disturb message or code has no status beside it, and the API needs one.",
    "status_unknown": "The value is not a do-not-disturb status of the API and not a boolean.",
    "text_not_unicode": "The value holds bytes or characters that are not valid Unicode text.",
    "timezone_unknown": "The value is not the name of an IANA time zone, such as America/Chicago.",
    "type_unsupported": "The column's SQL type can't be read as this field.",
    "user_unknown": "The value is not the id or the e-mail address of a user of the account.",
    "website_malformed": "The value is not a web address.",
}
"""Why one value of a row can't be sent."""

ROW_CODES: Final[Mapping[str, str]] = {
    "account_missing": "The row names no account: its location_id is blank or not the id of a location.",
    "account_out_of_reach": "The connection's token has no access to the account that the row names.",
    "identity_shared": "Another row of this sync has the same value, and only one contact can have it.",
    "no_identity": "The row has no usable value in any field that identifies its contact.",
}
"""Why a row as a whole can't become a contact."""

BLANK_CODES: Final[Mapping[str, str]] = {
    "blank_not_clearable": "The value is blank, but the API can't clear this field: it was left as it is.",
}
"""What `blanks="clear"` could not do. The row itself is right, so `strict=True` does not reject it."""

ECHO_CODES: Final[Mapping[str, str]] = {
    "changed": "The CRM's answer shows another value than the one that was sent.",
    "dropped": "The CRM's answer does not show the value that was sent.",
    "email_owned_by_other": "The CRM matched the contact by phone and left out the e-mail: another contact has it.",
    "gender_ignored": "The CRM sets the gender only when it creates a contact, and this one existed.",
    "not_cleared": "The CRM's answer still shows a value in the field that should be cleared.",
    "phone_owned_by_other": "The CRM matched the contact by e-mail and left out the phone: another contact has it.",
}
"""How the CRM's answer can differ from what was sent."""

KNOWN_CONTACT_CODES: Final[Mapping[str, str]] = {
    "company_name_not_updated": "The company name was left out: the upsert that takes it might reach another contact.",
    "contact_moved": "The contact that this row was written to is gone; the CRM matched another one.",
    "contact_recreated": "The contact that this row was written to is gone; the CRM created a new one.",
    "edited_in_crm": "The CRM has another value than this sync has written, so the field was left as it is there.",
    "identity_ring": "Rows pass e-mails or phones on to each other in a ring, and the CRM does not clear any of them.",
    "identity_taken": "Another contact of the account has this e-mail or phone; it was left out.",
}
"""What can happen to a row that is written to a known contact by its id."""

MATCH_CODES: Final[Mapping[str, str]] = {
    "contact_exists": "The row has a contact already, and on_match is create_only: the contact was left as it is.",
    "contact_not_found": "The account has no contact for the row, and none is created with update_only or by a revert.",
    "forgotten": "The row's key was forgotten with `leadway forget`, so its rows are left alone.",
}
"""Why a row is skipped."""

CODES: Final[Mapping[str, str]] = {
    **VALUE_CODES,
    **ROW_CODES,
    **BLANK_CODES,
    **ECHO_CODES,
    **KNOWN_CONTACT_CODES,
    **MATCH_CODES,
}
"""All codes of this package with their meaning."""


class UnfitError(Exception):
    """A value that its field can't take, or can take only in part.

    Attributes:
        code: one of `CODES`.
        detail: one more sentence, made from the account's configuration and never from the value.
        rest: what can be sent of the value without the part that the field can't take; None if it is nothing.
    """

    def __init__(self, code: str, detail: str = "", rest: JsonValue = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.rest = rest


def reason(field: str, code: str, detail: str = "") -> Reason:
    """Return a reason with the sentence of its code.

    Args:
        field: the target as the user writes it, or the field's API path.
        code: one of `CODES`.
        detail: one more sentence.
    """
    message = CODES[code]
    return Reason(field, code, f"{message} {detail}" if detail else message)
