"""Which target each column of a table probably is for: a proposal that a person looks at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from leadway_provider.contacts.custom_field import FILE_TYPES, CustomField
from leadway_provider.contacts.targets import CUSTOM_PREFIX, find_target
from leadway_provider.exceptions import MappingError

_OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("emailaddress", "mail", "mailaddress"),
    "phone": ("mobile", "mobilephone", "phonenumber", "mobilenumber", "cell", "cellphone", "telephone", "tel"),
    "first_name": ("givenname", "forename", "fname"),
    "last_name": ("surname", "familyname", "lname"),
    "name": ("fullname", "contactname", "customername"),
    "company_name": ("company", "organisation", "organization", "employer"),
    "address1": ("street", "streetaddress", "address", "addressline1"),
    "city": ("town",),
    "state": ("region", "province"),
    "postal_code": ("zip", "zipcode", "postcode", "plz"),
    "country": ("countrycode", "countryname"),
    "date_of_birth": ("birthdate", "birthday", "dob"),
    "website": ("url", "homepage", "web"),
    "timezone": ("tz",),
    "gender": ("sex",),
    "tags": ("labels", "segments"),
}
"""Names that warehouses have for the contact's fields, without case, blanks and signs."""
_BY_NAME: Final = {
    other: target for target, others in _OTHER_NAMES.items() for other in (target.replace("_", ""), *others)
}
_NEVER: Final = frozenset({"contact_id", "create_new_if_duplicate_allowed"})
"""Targets that only a person can mean."""


def propose_targets(
    columns: Sequence[str], *, key: Collection[str], custom_fields: Iterable[CustomField] = ()
) -> dict[str, str]:
    """Return the target of each column that has a likely one; a target is proposed once, for the most exact name.

    Args:
        columns: the table's columns.
        key: the columns of the key, which need no target; one that has the name of a field is sent as well.
        custom_fields: the account's custom fields.
    """
    usable = [each for each in custom_fields if not each.unusable and each.data_type not in FILE_TYPES]
    custom = {_bare(name): each for each in usable for name in (each.short_key, each.name)}
    found: dict[str, str] = {}
    for propose in (_exact, lambda column: _BY_NAME.get(_bare(column)), lambda column: _custom(column, custom)):
        for column in columns:
            if column in found or (column in key and propose is not _exact):
                continue
            target = propose(column)
            if target and target not in found.values() and target not in _NEVER:
                found[column] = target
    return {column: found[column] for column in columns if column in found}


def likely_key(columns: Sequence[str], table: str) -> str | None:
    """Return the column that is probably the key: `id`, `<table>_id`, or the first one that ends so; or None."""
    name = _bare(table.rpartition(".")[2])
    singular = name.removesuffix("s")
    bare = {_bare(column): column for column in reversed(columns)}
    for wanted in ("id", f"{singular}id", f"{name}id", f"{singular}key"):
        if wanted in bare:
            return bare[wanted]
    return next((column for column in columns if _bare(column).endswith("id")), None)


def _exact(column: str) -> str | None:
    with suppress(MappingError):
        return find_target(column).name
    return None


def _custom(column: str, custom: Mapping[str, CustomField]) -> str | None:
    field = custom.get(_bare(column))
    return f"{CUSTOM_PREFIX}{field.name}" if field else None


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
