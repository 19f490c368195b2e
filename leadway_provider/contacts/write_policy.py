"""Write policies: fields that are not written whenever a row is sent.

They are written only where a contact is made, only where the CRM holds nothing in them, or unless somebody has edited
them in the CRM.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mistakes import Mistakes
from leadway_provider.contacts.nearest import nearest
from leadway_provider.contacts.targets import CUSTOM_PREFIX, Kind, Target, find_target
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules, WriteWhen

_WITHOUT: Final[Mapping[str, str]] = {
    "email": "contacts are matched by it",
    "phone": "contacts are matched by it",
    "contactId": "it says which contact is written",
    "tags": "tags_mode says what becomes of tags",
    "createNewIfDuplicateAllowed": "it is not a field of the contact",
    **dict.fromkeys(("dnd", "dndSettings", "inboundDndSettings"), "the CRM always holds do-not-disturb settings"),
}
"""Why targets have no policy, by the first part of their API paths."""
_NOT_SHOWN: Final = frozenset({"gender"})
"""Fields that no answer shows (documented), so that nobody can say whether they were edited."""
_VALUES: Final = ("value", "field_value", "fieldValue")
"""What the value of a custom field may be called in an answer."""


def check_write(rules: ContactRules, mistakes: Mistakes) -> None:
    """Note what is wrong with `ContactRules.write` and needs no account to be known."""
    for written, policy in rules.write_policies.items():
        with mistakes.noted():
            _target(written, policy)


def compile_write(
    rules: ContactRules,
    targets: Mapping[str, str],
    find: Callable[[str, str], CustomField],
    mistakes: Mistakes,
) -> dict[WriteWhen, frozenset[str]]:
    """Return the API paths of the fields that have a policy other than `always`, by policy.

    Args:
        rules: has the policies by target.
        targets: the fields that columns and constants fill, as the user writes them, by API path.
        find: returns the custom field of a target, by the target and the field's name.
        mistakes: takes targets that are unknown, that can't have a policy, or that nothing fills.
    """
    found: dict[str, WriteWhen] = {}
    for written, policy in rules.write_policies.items():
        with mistakes.noted():
            target = _target(written, policy)
            api_path = target.api_path
            if target.kind is Kind.CUSTOM:
                api_path += f".{find(written, target.name.removeprefix(CUSTOM_PREFIX)).id}"
            if api_path in found:
                raise MappingError(f"write names the field {written!r} twice: leave one of them out.")
            if api_path not in targets:
                closest = nearest(written, targets.values())
                raise MappingError(
                    f"write names {written!r}, which no column and no constant fills; the nearest is {closest!r}."
                )
            found[api_path] = policy
    return {
        policy: frozenset(path for path, each in found.items() if each == policy)
        for policy in dict.fromkeys(found.values())
        if policy != "always"
    }


def _target(written: str, policy: WriteWhen) -> Target:
    try:
        target = find_target(written)
    except MappingError as failure:
        raise MappingError(f"write names an unknown target: {failure}") from None
    if why := _WITHOUT.get(target.api_path.partition(".")[0]):
        raise MappingError(f"write can't have {written!r}, because {why}: leave it out.")
    if policy == "if_unedited" and target.api_path in _NOT_SHOWN:
        raise MappingError(f"write can't have {written!r} as 'if_unedited', because no answer shows it: use 'once'.")
    return target


def without_paths(contact: Contact, api_paths: Collection[str]) -> Contact:
    """Return a contact without these fields."""
    if not api_paths:
        return contact
    fields: dict[str, JsonValue] = {}
    for name, value in contact.fields.items():
        if name == "customFields" and isinstance(value, list):
            kept = [each for each in value if isinstance(each, dict) and f"{name}.{each['id']}" not in api_paths]
            if kept:
                fields[name] = list[JsonValue](kept)
        elif name not in api_paths:
            fields[name] = value
    return replace(
        contact,
        fields=fields,
        once=contact.once.difference(api_paths),
        if_empty=contact.if_empty.difference(api_paths),
        if_unedited=contact.if_unedited.difference(api_paths),
    )


def needs_look(contact: Contact) -> bool:
    """Return True if a contact that exists must be looked up before it is written, for what it holds in its fields.

    A comparison with the account shows which fields hold something, or were edited. One that seemed to hold nothing, or
    not to be edited, is looked up again: a search does not return all fields, and somebody may have written it since.
    """
    depending = contact.if_empty | contact.if_unedited
    if contact.differing is None or contact.matches is not None:
        return bool(depending)
    return not depending.isdisjoint(contact.differing)


def has_policies(contact: Contact) -> bool:
    """Return True if a contact has fields that are not written to each contact that exists."""
    return bool(contact.once or contact.if_empty or contact.if_unedited)


def for_existing(
    contact: Contact, held: Mapping[str, JsonValue] | None, edited: Collection[str] = frozenset()
) -> Contact:
    """Return what is written to a contact that exists: without policies, and without what they leave to the CRM.

    Args:
        contact: what a new contact gets.
        held: the fields that the contact has; None where it was not looked up, so that nothing that depends on them is
            written.
        edited: the API paths of those that somebody has edited there, where it was looked up.
    """
    if not has_policies(contact):
        return contact
    if held is None:
        left_to_crm = contact.once | contact.if_empty | contact.if_unedited
    else:
        left_to_crm = contact.once | (contact.if_empty & _filled(held)) | contact.if_unedited.intersection(edited)
    left = without_paths(contact, left_to_crm)
    return replace(left, once=frozenset(), if_empty=frozenset(), if_unedited=frozenset())


def _filled(fields: Mapping[str, JsonValue]) -> set[str]:
    """Return the API paths of the fields in which a contact has something."""
    found = {name for name, value in fields.items() if not _is_blank(value)}
    custom = fields.get("customFields")
    for entry in custom if isinstance(custom, list) else ():
        if isinstance(entry, dict) and not all(map(_is_blank, (entry.get(name) for name in _VALUES))):
            found.add(f"customFields.{entry.get('id')}")
    return found


def _is_blank(value: JsonValue) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
