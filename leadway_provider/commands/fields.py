"""`leadway fields`: print the account's custom fields, and what a column is called to fill each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from leadway_provider.commands.account import open_account
from leadway_provider.commands.layout import columns, printed
from leadway_provider.commands.options import AsJson, LeadwayConnId, LocationId
from leadway_provider.commands.screen import screen_of
from leadway_provider.contacts.custom_field import FILE_TYPES

if TYPE_CHECKING:
    from leadway_provider.contacts.custom_field import CustomField

_OPTIONS_SHOWN: Final = 5


def fields(
    context: typer.Context,
    *,
    leadway_conn_id: LeadwayConnId = "leadway_default",
    location: LocationId = None,
    as_json: AsJson = False,
) -> None:
    """Show the account's custom fields, and the target of each.

    The target is what a column of the SELECT is called, or what `mapping` gives it, so that it fills the field.
    """
    screen = screen_of(context)
    with screen.waiting("Asking the account for its custom fields"), open_account(leadway_conn_id, location) as hook:
        found = sorted(hook.get_custom_fields(), key=lambda each: each.name.casefold())
        shared = _shared_names(found)
    if as_json:
        screen.show_json([_json(each, shared) for each in found])
        return
    head = ("target", "type", "merge key", "takes")
    rows = [(_target(each, shared), each.data_type, each.field_key, _takes(each)) for each in found]
    screen.show(printed(columns(head, rows)) if rows else "The account has no custom fields for contacts.")


def _shared_names(found: list[CustomField]) -> set[str]:
    """Return the names that several fields have, without regard to case."""
    names = [each.name.casefold() for each in found]
    return {name for name in names if names.count(name) > 1}


def _target(field: CustomField, shared: set[str]) -> str:
    is_shared = field.name.casefold() in shared
    return f"custom.{(field.short_key or field.id) if is_shared else field.name}"


def _takes(field: CustomField) -> str:
    if field.unusable:
        return f"nothing: {field.unusable}"
    if field.data_type in FILE_TYPES:
        return "nothing: it holds files"
    more = ", …" if len(field.options) > _OPTIONS_SHOWN else ""
    options = ", ".join(field.options[:_OPTIONS_SHOWN]) + more
    return f"{options}, and other values" if options and field.allows_custom_option else options


def _json(field: CustomField, shared: set[str]) -> dict[str, Any]:
    return {
        "target": _target(field, shared),
        "id": field.id,
        "name": field.name,
        "field_key": field.field_key,
        "data_type": field.data_type,
        "options": list(field.options),
        "allows_custom_option": field.allows_custom_option,
        "unusable": field.unusable or None,
    }
