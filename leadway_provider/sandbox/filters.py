"""The filters of a search: which contacts it finds.

Documented: the operators, that a list of filters means AND, and groups. Guesses of this sandbox: upper and lower case
are the same, `contains` finds a part of a text, and of several values (tags, choices) one has to pass.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from leadway_provider.sandbox.contact import SandboxContact
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.request import unprocessable
from leadway_provider.sandbox.search_fields import SearchField, search_field

Predicate = Callable[[SandboxContact], bool]
_Test = Callable[[Any], bool]

_GROUPS: Mapping[str, Callable[..., bool]] = {"AND": all, "OR": any}
_OPERATORS = ("eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range")
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "lte": operator.le,
    "gt": operator.gt,
    "lt": operator.lt,
}


def read_filters(filters: object, custom_fields: Mapping[str, SandboxCustomField], path: str = "filters") -> Predicate:
    """Return the function that returns True for a contact that passes every filter of a list.

    Args:
        filters: the value of `filters` in a request.
        custom_fields: the account's custom fields by id.
        path: the place of the filters in the request, for messages.

    Raises:
        RefusalError: the filters are not as documented.
    """
    return _all_or_any("AND", filters, custom_fields, path)


def _all_or_any(group: str, filters: object, custom_fields: Mapping[str, SandboxCustomField], path: str) -> Predicate:
    if not isinstance(filters, list):
        raise unprocessable(f"{path} must be an array")
    tests = [_read(entry, custom_fields, f"{path}.{position}") for position, entry in enumerate(filters)]
    decide = _GROUPS[group]
    return lambda contact: decide(test(contact) for test in tests)


def _read(entry: object, custom_fields: Mapping[str, SandboxCustomField], path: str) -> Predicate:
    if not isinstance(entry, dict):
        raise unprocessable(f"{path} must be an object")
    names = ("group", "filters") if "group" in entry else ("field", "operator", "value")
    if unknown := [name for name in entry if name not in names]:
        raise unprocessable(*(f"{path}.property {name} should not exist" for name in unknown))
    if "group" not in entry:
        return _read_one(entry, custom_fields, path)
    if entry["group"] not in ("AND", "OR"):
        raise unprocessable(f"{path}.group must be one of the following values: AND, OR")
    if not entry.get("filters"):
        raise unprocessable(f"{path}.filters should not be empty")
    return _all_or_any(entry["group"], entry["filters"], custom_fields, f"{path}.filters")


def _read_one(entry: Mapping[str, Any], custom_fields: Mapping[str, SandboxCustomField], path: str) -> Predicate:
    name, kind = entry.get("field"), entry.get("operator")
    field = search_field(name, custom_fields) if isinstance(name, str) else None
    if field is None:
        raise unprocessable(f"{path}.field must be a field of contacts")
    if kind not in _OPERATORS:
        raise unprocessable(f"{path}.operator must be one of the following values: {', '.join(_OPERATORS)}")
    test = _test(field, kind.removeprefix("not_"), entry, path)
    wanted = not kind.startswith("not_")
    return lambda contact: any(map(test, field.values(contact))) is wanted


def _test(field: SearchField, kind: str, entry: Mapping[str, Any], path: str) -> _Test:
    """Return the test of one value of a field. `kind` is the operator without `not_`."""
    if kind == "exists":
        if "value" in entry:
            raise unprocessable(f"{path}.value should not exist for the operator {entry['operator']}")
        return lambda _: True
    if kind == "range":
        return _range_test(field, entry.get("value"), path)
    if kind == "contains" and field.type != "text":
        raise unprocessable(f"{path}.operator {entry['operator']} is for text")
    sought: Any = field.comparable(entry.get("value"))
    if sought is None:
        raise unprocessable(f"{path}.value does not fit the field {field.name}")
    return (lambda value: sought in value) if kind == "contains" else (lambda value: bool(value == sought))


def _range_test(field: SearchField, value: object, path: str) -> _Test:
    if field.type not in ("number", "time"):
        raise unprocessable(f"{path}.operator range is for numbers and times")
    if not isinstance(value, dict) or not value or not value.keys() <= _BOUNDS.keys():
        raise unprocessable(f"{path}.value must be an object with gte, lte, gt or lt")
    bounds = [(_BOUNDS[name], field.comparable(bound)) for name, bound in value.items()]
    if any(bound is None for _, bound in bounds):
        raise unprocessable(f"{path}.value does not fit the field {field.name}")
    return lambda value: all(compare(value, bound) for compare, bound in bounds)
