"""From a query's columns to the mapping of its rows. Mistakes in them are found here, before any row is read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.converter import Converter, converter, custom_converter
from leadway_provider.contacts.custom_field import CustomField, custom_field_finder
from leadway_provider.contacts.mistakes import Mistakes
from leadway_provider.contacts.nearest import nearest
from leadway_provider.contacts.phone import phone
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.row import ContactMapping, MappedColumn, OnBlank, Step
from leadway_provider.contacts.targets import CUSTOM_PREFIX, Kind, Target, find_target
from leadway_provider.contacts.write_policy import check_write, compile_write
from leadway_provider.exceptions import MappingError, SourceError
from leadway_provider.policies import ContactRules, WriteWhen

__all__ = ["VERSION", "ContactMapping", "MappedColumn", "check_targets", "compile_mapping", "needs_users"]

VERSION: Final = 2
"""Raised by one whenever this package would send another contact for the same row: every row is then sent once more."""

_NOT_STORED: Final = frozenset({"contact_id", "create_new_if_duplicate_allowed"})
"""Targets that are not a field of the contact in the CRM, so that a blank can't clear one."""
_DEFAULT_RULES: Final = ContactRules()


@dataclass(frozen=True, slots=True)
class _Assignment:
    """A target with the column or the constant that fills it.

    Attributes:
        target: the target.
        written: the target as the user writes it.
        column: the result's column, or None for a constant.
        position: the column's position in a row.
        value: the constant's value.
        field: the account's custom field, once it is found.
    """

    target: Target
    written: str
    column: str | None = None
    position: int = -1
    value: object = dataclasses.field(default=None, repr=False)
    field: CustomField | None = None

    @property
    def source(self) -> str:
        return f"constant {self.written!r}" if self.column is None else f"column {self.column!r}"

    @property
    def api_path(self) -> str:
        return f"{self.target.api_path}.{self.field.id}" if self.field else self.target.api_path


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
    """Find the target of every column, and return the mapping of the rows.

    A column feeds the target that `mapping` gives it, else the target of its own name. A column of the key need not
    name a target; if it does, it is sent as well.

    Args:
        columns: the names of the result's columns, in order.
        key: the columns that identify a source row.
        mapping: target by column, for columns whose name is not their target.
        constants: value by target, for fields that are the same on every contact.
        custom_fields: the account's custom fields for contacts.
        users: user id by e-mail address, for `assigned_to`.
        rules: how values are read, and what happens to wrong ones.

    Raises:
        SourceError: two columns have the same name, or the result has no columns.
        MappingError: columns, targets, constants or custom fields are wrong. The message names all of them, each with
            the most similar name.
    """
    _require_distinct(columns)
    mistakes = Mistakes()
    key_positions = _key_positions(columns, key, mistakes)
    named = [*_of_columns(columns, key_positions, mapping or {}, mistakes), *_of_constants(constants or {}, mistakes)]
    find = custom_field_finder(custom_fields)
    assigned: list[_Assignment] = []
    for each in named:
        with mistakes.noted():
            assigned.append(_resolved(each, find))
    _require_one_source_each(assigned, mistakes)
    _require_identity(named, rules, mistakes)
    write = compile_write(rules, {each.api_path: each.written for each in assigned}, find, mistakes)
    compiled = _compiled(assigned, key_positions, rules, users or {}, mistakes)
    mistakes.raise_if_any()
    return _with_policies(compiled, write) if write else compiled


def find_key(columns: Sequence[str], key: Sequence[str]) -> tuple[int, ...]:
    """Return where the key's columns are in a row.

    Raises:
        SourceError: two columns have the same name, or the result has no columns.
        MappingError: columns of the key are not in the result, or the key is empty.
    """
    _require_distinct(columns)
    mistakes = Mistakes()
    positions = _key_positions(columns, key, mistakes)
    mistakes.raise_if_any()
    return positions


def check_targets(
    mapping: Mapping[str, str] | None, constants: Mapping[str, object] | None, rules: ContactRules = _DEFAULT_RULES
) -> None:
    """Check what needs neither the query's result nor the account. The operator calls it while a DAG is parsed.

    Raises:
        MappingError: targets are unknown or are filled twice, or their fields can't take a constant.
    """
    mistakes = Mistakes()
    renamed: list[_Assignment] = []
    for column, written in (mapping or {}).items():
        try:
            renamed.append(_Assignment(find_target(written), written, column))
        except MappingError as failure:
            mistakes.add(_unknown_target(column, failure))
    fixed = _of_constants(constants or {}, mistakes)
    _require_one_source_each([*renamed, *fixed], mistakes)
    for each in fixed:
        if each.target.kind not in (Kind.CUSTOM, Kind.USER):
            with mistakes.noted():
                _constant(each, converter(each.target.kind, rules, {})[0], rules)
    check_write(rules, mistakes)
    mistakes.raise_if_any()


def needs_users(
    columns: Sequence[str], mapping: Mapping[str, str] | None, constants: Mapping[str, object] | None
) -> bool:
    """Return True if a column or a constant names a user, so that the account's users must be read."""
    renamed = {column.casefold(): written for column, written in (mapping or {}).items()}
    for written in (*(renamed.get(column.casefold(), column) for column in columns), *(constants or {})):
        with suppress(MappingError):
            if find_target(written).kind is Kind.USER:
                return True
    return False


def _require_distinct(columns: Sequence[str]) -> None:
    if not columns:
        raise SourceError("The query's result has no columns: it must be a statement that returns rows.")
    if twice := [name for position, name in enumerate(columns) if name in columns[:position]]:
        names = ", ".join(map(repr, dict.fromkeys(twice)))
        raise SourceError(f"The query's result has two columns named {names}: give one of them another alias.")


def _key_positions(columns: Sequence[str], key: Sequence[str], mistakes: Mistakes) -> tuple[int, ...]:
    if not key:
        mistakes.add("The key is empty: name the columns that identify a source row.")
    positions: list[int] = []
    for name in key:
        with mistakes.noted():
            positions.append(columns.index(_column(name, columns, "The key's column")))
    return tuple(positions)


def _column(name: str, columns: Sequence[str], role: str) -> str:
    """Return the result's column of that name, or the one whose name differs only in case."""
    if name in columns:
        return name
    by_case = {column.casefold(): column for column in columns}
    if len(by_case) == len(columns) and (found := by_case.get(name.casefold())):
        return found
    closest = by_case[nearest(name.casefold(), by_case) or columns[0].casefold()]
    raise MappingError(f"{role} {name!r} is not in the query's result; the nearest column is {closest!r}.")


def _of_columns(
    columns: Sequence[str], key_positions: tuple[int, ...], mapping: Mapping[str, str], mistakes: Mistakes
) -> list[_Assignment]:
    renamed: dict[str, str] = {}
    for name, written in mapping.items():
        with mistakes.noted():
            column = _column(name, columns, "mapping's column")
            if column in renamed:
                raise MappingError(f"mapping names the column {column!r} twice: a column feeds one target.")
            renamed[column] = written
    assigned, unknown = [], []
    for position, column in enumerate(columns):
        written = renamed.get(column, column)
        try:
            target = find_target(written)
            if target.kind is Kind.CONTACT_ID and position in key_positions and column not in renamed:
                continue  # a warehouse's own key may have that name, and hold no ids of the CRM
            assigned.append(_Assignment(target, written, column, position))
        except MappingError as failure:
            if column in renamed:
                unknown.append(_unknown_target(column, failure))
            elif position not in key_positions:
                unknown.append(f"Column {failure}")
    if unknown:
        unknown[-1] += (
            " Alias the column in the SELECT, name its target in mapping, or leave it out; a custom field's target is "
            f"{CUSTOM_PREFIX}<name>."
        )
        mistakes.add(*unknown)
    return assigned


def _unknown_target(column: str, failure: MappingError) -> str:
    return f"Column {column!r} is mapped to an unknown target: {failure}"


def _of_constants(constants: Mapping[str, object], mistakes: Mistakes) -> list[_Assignment]:
    assigned: list[_Assignment] = []
    for written, value in constants.items():
        with mistakes.noted():
            each = _Assignment(find_target(written), written, value=value)
            if each.target.kind in (Kind.EMAIL, Kind.PHONE, Kind.CONTACT_ID):
                raise MappingError(
                    f"The {each.source} would make every row the same contact: map a column to it instead."
                )
            assigned.append(each)
    return assigned


def _resolved(each: _Assignment, find: Callable[[str, str], CustomField]) -> _Assignment:
    if each.target.kind is not Kind.CUSTOM:
        return each
    wanted = each.target.name.removeprefix(CUSTOM_PREFIX)
    return replace(each, field=find(each.written, wanted))


def _require_one_source_each(assigned: Iterable[_Assignment], mistakes: Mistakes) -> None:
    filled: dict[str, _Assignment] = {}
    for each in sorted(assigned, key=lambda each: each.api_path.count(".")):
        unresolved = each.target.kind is Kind.CUSTOM and each.field is None
        api_path = each.target.name.casefold() if unresolved else each.api_path
        whole = api_path.partition(".")[0]
        if other := filled.get(api_path) or filled.get(whole):
            mistakes.add(f"The {other.source} and the {each.source} fill the same field: leave one of them out.")
        filled[api_path] = each


def _require_identity(assigned: Iterable[_Assignment], rules: ContactRules, mistakes: Mistakes) -> None:
    if not {each.target.name for each in assigned}.intersection({*rules.identity, "contact_id"}):
        mistakes.add(
            f"No column is mapped to {', '.join(rules.identity)} or contact_id: without one, no row can become a "
            "contact. Alias a column in the SELECT, or name its target in mapping."
        )


def _compiled(
    assigned: Sequence[_Assignment],
    key_positions: tuple[int, ...],
    rules: ContactRules,
    users: Mapping[str, str],
    mistakes: Mistakes,
) -> ContactMapping:
    steps: list[Step] = []
    phone_steps: list[Step] = []
    constants: dict[str, JsonValue] = {}
    meaning: list[JsonValue] = []
    for each in sorted(assigned, key=lambda each: (each.position, each.api_path)):
        with mistakes.noted():
            if each.field:
                convert, settings = custom_converter(each.written, each.field, rules)
            else:
                convert, settings = converter(each.target.kind, rules, users)
        meaning.append([each.position, each.api_path, each.target.kind, *settings])
        if each.column is None:
            with mistakes.noted():
                constants[each.api_path] = _constant(each, convert, rules)
        else:
            step = Step(each.position, each.written, each.api_path, _on_blank(each.target, rules), convert)
            (phone_steps if convert is phone else steps).append(step)
    how: list[JsonValue] = [rules.strict, rules.blanks, [*rules.identity], rules.on_shared_identity]
    whole: list[JsonValue] = [VERSION, how, meaning, constants]
    return ContactMapping(
        key_positions=key_positions,
        digest=blake2b(json.dumps(whole, sort_keys=True).encode(), digest_size=16).digest(),
        columns=tuple(
            MappedColumn(each.column, each.written, each.api_path)
            for each in sorted(assigned, key=lambda each: (each.column is None, each.position, each.api_path))
        ),
        rules=rules,
        steps=tuple(steps),
        phone_steps=tuple(phone_steps),
        constants=constants,
        targets={each.api_path: each.written for each in assigned},
        users_digest=_users_digest(users) if any(each.target.kind is Kind.USER for each in assigned) else b"",
    )


def _with_policies(compiled: ContactMapping, write: Mapping[WriteWhen, frozenset[str]]) -> ContactMapping:
    policies = json.dumps({policy: sorted(paths) for policy, paths in write.items()}, sort_keys=True)
    return replace(
        compiled,
        digest=blake2b(compiled.digest + policies.encode(), digest_size=16).digest(),
        once=write.get("once", frozenset()),
        if_empty=write.get("if_empty", frozenset()),
        if_unedited=write.get("if_unedited", frozenset()),
    )


def _users_digest(users: Mapping[str, str]) -> bytes:
    return blake2b(json.dumps(sorted(users.items())).encode(), digest_size=8).digest()


def _constant(each: _Assignment, convert: Converter, rules: ContactRules) -> JsonValue:
    if convert is phone:
        convert = partial(convert, region=rules.phone_region)
    try:
        found = convert(each.value)
    except UnfitError as unfit:
        why = reason(each.written, unfit.code, unfit.detail)
        raise MappingError(f"The {each.source} can't be sent. {why.message}") from None
    if found is None or (found == [] and _is_merged(each.target, rules)):
        raise MappingError(f"The {each.source} is blank: leave it out.")
    return found


def _on_blank(target: Target, rules: ContactRules) -> OnBlank:
    if rules.blanks == "omit" or _is_merged(target, rules) or target.name in _NOT_STORED:
        return "skip"
    return "null" if target.nullable else "note"


def _is_merged(target: Target, rules: ContactRules) -> bool:
    """Return True for tags that are added or removed, so that no tags change nothing."""
    return target.kind is Kind.TAGS and rules.tags_mode != "replace"
