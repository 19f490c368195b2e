"""From a query's columns to the mapping of its rows: what is wrong with them is found here, before any row is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from hashlib import blake2b
from typing import Final

from leadway_provider.contacts import identity
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.converter import Converter, converter, custom_converter
from leadway_provider.contacts.custom_field import CustomField, custom_field_finder
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.row import ContactMapping, MappedColumn, OnBlank, Step
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.contacts.targets import CUSTOM_PREFIX, Kind, Target, find_target
from leadway_provider.exceptions import MappingError, SourceError

__all__ = ["VERSION", "ContactMapping", "MappedColumn", "check_targets", "compile_mapping", "needs_users"]

VERSION: Final = 1
"""Counts up whenever this room would send something else for the same row: every row is then sent once more."""

_DEFAULT_RULES: Final = ContactRules()


@dataclass(frozen=True, slots=True)
class _Assignment:
    """A target with the column, or the constant value, that fills it."""

    target: Target
    label: str
    column: str | None = None
    position: int = -1
    value: object = None
    field: CustomField | None = None

    @property
    def source(self) -> str:
        return f"constant {self.label!r}" if self.column is None else f"column {self.column!r}"

    @property
    def wire(self) -> str:
        return f"{self.target.wire}.{self.field.id}" if self.field else self.target.wire


def compile_mapping(
    columns: Sequence[str],
    *,
    key: Sequence[str],
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
    custom_fields: Sequence[CustomField] = (),
    users: Mapping[str, str] | None = None,
    rules: ContactRules = _DEFAULT_RULES,
) -> ContactMapping:
    """Find the target of every column, or say what is wrong with them.

    A column feeds the target that `mapping` gives it, else the one of its own name. The key's columns need not name
    a target; one that does is sent as well.

    Args:
        columns: the names of the result's columns, in order.
        key: the columns that tell one source row from another.
        mapping: target by column, for columns whose name is not their target.
        constants: value by target, for what is the same on every contact.
        custom_fields: the account's custom fields for contacts.
        users: user id by e-mail address, for `assigned_to`.
        rules: how forgiving the mapping is.

    Raises:
        SourceError: two columns have one name, or there is none.
        MappingError: a column, a target, a constant or a custom field doesn't fit; the message names the nearest.
    """
    _require_distinct(columns)
    key_positions = tuple(columns.index(_column(name, columns, "The key's column")) for name in key)
    if not key_positions:
        raise MappingError("The key is empty: name the columns that tell one source row from another.")
    found = [*_of_columns(columns, key_positions, mapping or {}), *_of_constants(constants or {})]
    find = custom_field_finder(custom_fields)
    assigned = [_resolved(each, find) for each in found]
    _require_one_source_each(assigned)
    _require_identity(assigned, rules)
    return _compiled(assigned, key_positions, rules, users or {})


def check_targets(
    mapping: Mapping[str, str] | None, constants: Mapping[str, object] | None, rules: ContactRules = _DEFAULT_RULES
) -> None:
    """Check what needs neither the query's result nor the account: for the moment when a DAG is parsed.

    Raises:
        MappingError: an unknown target, two sources for one, or a constant that its field can't take.
    """
    renamed = [_Assignment(find_target(label), label, column) for column, label in (mapping or {}).items()]
    fixed = _of_constants(constants or {})
    _require_one_source_each([*renamed, *fixed])
    for each in fixed:
        if each.target.kind not in (Kind.CUSTOM, Kind.USER):
            _constant(each, converter(each.target.kind, rules, {})[0], rules)


def needs_users(
    columns: Sequence[str], mapping: Mapping[str, str] | None, constants: Mapping[str, object] | None
) -> bool:
    """Whether a column or a constant names a user, so that the account's users are worth a call."""
    renamed = {column.casefold(): label for column, label in (mapping or {}).items()}
    for label in (*(renamed.get(column.casefold(), column) for column in columns), *(constants or {})):
        with suppress(MappingError):
            if find_target(label).kind is Kind.USER:
                return True
    return False


def _require_distinct(columns: Sequence[str]) -> None:
    if not columns:
        raise SourceError("The query's result has no columns: it must be a statement that returns rows.")
    if twice := [name for position, name in enumerate(columns) if name in columns[:position]]:
        raise SourceError(f"The query's result has two columns named {twice[0]!r}: give one of them another alias.")


def _column(name: str, columns: Sequence[str], role: str) -> str:
    """The result's column of that name; where only the case differs, as databases fold it, that one."""
    if name in columns:
        return name
    by_case = {column.casefold(): column for column in columns}
    if len(by_case) == len(columns) and (found := by_case.get(name.casefold())):
        return found
    nearest = by_case[get_close_matches(name.casefold(), by_case, n=1, cutoff=0.0)[0]]
    raise MappingError(f"{role} {name!r} is not in the query's result; the nearest column is {nearest!r}.")


def _of_columns(
    columns: Sequence[str], key_positions: tuple[int, ...], mapping: Mapping[str, str]
) -> list[_Assignment]:
    renamed: dict[str, str] = {}
    for name, label in mapping.items():
        column = _column(name, columns, "mapping's column")
        if column in renamed:
            raise MappingError(f"mapping names the column {column!r} twice: one column feeds one target.")
        renamed[column] = label
    found, unknown = [], []
    for position, column in enumerate(columns):
        label = renamed.get(column, column)
        try:
            found.append(_Assignment(find_target(label), label, column, position))
        except MappingError as failure:
            if column in renamed:
                unknown.append(f"Column {column!r} is mapped to what doesn't exist: {failure}")
            elif position not in key_positions:
                unknown.append(f"Column {failure}")
    if unknown:
        raise MappingError(
            f"{' '.join(unknown)} Alias the column in the SELECT, name its target in mapping, or leave it out; "
            f"a custom field's target is {CUSTOM_PREFIX}<name>."
        )
    return found


def _of_constants(constants: Mapping[str, object]) -> list[_Assignment]:
    found = [_Assignment(find_target(label), label, value=value) for label, value in constants.items()]
    for each in found:
        if each.target.kind in (Kind.EMAIL, Kind.PHONE):
            raise MappingError(f"The {each.source} would make every row the same contact; map a column to it.")
    return found


def _resolved(each: _Assignment, find: Callable[[str, str], CustomField]) -> _Assignment:
    if each.target.kind is not Kind.CUSTOM:
        return each
    wanted = each.target.name.removeprefix(CUSTOM_PREFIX)
    return replace(each, field=find(each.label, wanted))


def _require_one_source_each(assigned: Iterable[_Assignment]) -> None:
    filled: dict[str, _Assignment] = {}
    for each in sorted(assigned, key=lambda each: each.wire.count(".")):
        unresolved = each.target.kind is Kind.CUSTOM and each.field is None
        wire = each.target.name.casefold() if unresolved else each.wire
        whole = wire.partition(".")[0]
        if other := filled.get(wire) or filled.get(whole):
            raise MappingError(f"The {other.source} and the {each.source} fill the same field: leave one of them out.")
        filled[wire] = each


def _require_identity(assigned: Iterable[_Assignment], rules: ContactRules) -> None:
    if not {each.target.name for each in assigned}.intersection(rules.identity):
        raise MappingError(
            f"No column is mapped to {' or '.join(rules.identity)}: without one no row can be a contact. "
            "Alias a column in the SELECT or name its target in mapping."
        )


def _compiled(
    assigned: Sequence[_Assignment], key_positions: tuple[int, ...], rules: ContactRules, users: Mapping[str, str]
) -> ContactMapping:
    steps: list[Step] = []
    phone_steps: list[Step] = []
    constants: dict[str, JsonValue] = {}
    meaning: list[JsonValue] = []
    for each in sorted(assigned, key=lambda each: (each.position, each.wire)):
        if each.field:
            convert, settings = custom_converter(each.label, each.field, rules)
        else:
            convert, settings = converter(each.target.kind, rules, users)
        meaning.append([each.position, each.wire, each.target.kind, *settings])
        if each.column is None:
            constants[each.wire] = _constant(each, convert, rules)
        else:
            step = Step(each.position, each.label, each.wire, _on_blank(each.target, rules), convert)
            (phone_steps if convert is identity.phone else steps).append(step)
    how: list[JsonValue] = [rules.strict, rules.blanks, [*rules.identity], rules.on_shared_identity]
    whole: list[JsonValue] = [VERSION, how, meaning, constants]
    return ContactMapping(
        key_positions=key_positions,
        digest=blake2b(json.dumps(whole, sort_keys=True).encode(), digest_size=16).digest(),
        columns=tuple(MappedColumn(each.column, each.label, each.wire) for each in assigned if each.column is not None),
        rules=rules,
        steps=tuple(steps),
        phone_steps=tuple(phone_steps),
        constants=constants,
        labels={each.wire: each.label for each in assigned},
    )


def _constant(each: _Assignment, convert: Converter, rules: ContactRules) -> JsonValue:
    if convert is identity.phone:
        convert = partial(convert, region=rules.phone_region)
    try:
        found = convert(each.value)
    except UnfitError as unfit:
        why = reason(each.label, unfit.code, unfit.detail)
        raise MappingError(f"The {each.source} can't be sent. {why.message}") from None
    if found is None:
        raise MappingError(f"The {each.source} is blank: leave it out.")
    return found


def _on_blank(target: Target, rules: ContactRules) -> OnBlank:
    merged = target.kind is Kind.TAGS and rules.tags_mode != "replace"
    if rules.blanks == "omit" or merged or target.name == "create_new_if_duplicate_allowed":
        return "skip"
    return "null" if target.nullable else "note"
