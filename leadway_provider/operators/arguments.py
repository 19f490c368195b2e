"""The template fields of a task: what they may be before Airflow renders them, and what they mean afterwards.

A template renders to text, unless the DAG renders to native objects. So each value may also be given as its text:
`true`, `12`, `0.05`, `null`, or a list or an object in JSON. Text that can't be read as what its argument takes is an
error, never a default.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import GuardPolicy, is_template
from leadway_provider.sync.plan_target import plan_target
from leadway_provider.sync.row import KEY_LENGTH, source_keys


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON: Final = json.JSONDecoder(parse_constant=_no_number)
"""Reads no `NaN` and no `Infinity`, which Python would take for numbers."""

_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)
_OPTIONAL: Final = ("mapping", "constants", "stamps", "only_keys", "plan_to", "sample")


def without_templates(value: Any) -> Any:
    """Return a template field as far as it is known before it is rendered; None where all of it is unknown.

    The entries of an object that are templates, or that Airflow resolves at run time such as an XCom, are left out.
    """
    if isinstance(value, Mapping):
        return {name: each for name, each in value.items() if not _is_unknown(each)}
    return None if _is_unknown(value) else value


def _is_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_is_unknown(each) for each in value.values())
    if isinstance(value, list | tuple | set):
        return any(_is_unknown(each) for each in value)
    return is_template(value) or hasattr(value, "resolve")  # as Airflow's XComArg and literal have it


def parsed(fields: Mapping[str, Any], *, key_columns: Sequence[str], task_id: str) -> dict[str, Any]:
    """Return the arguments that these template fields are; what is not given is left out.

    Raises:
        ConfigurationError: a field is not what its argument takes. The message names task and argument.
    """
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _OPTIONAL and (value is None or value in ("None", "null")):
            continue
        parse = _PARSERS.get(name)
        found[name] = parse(f"{name} of task {task_id}", value) if parse else value
    if "only_keys" in found:
        found["only_keys"] = _source_keys(f"only_keys of task {task_id}", found["only_keys"], key_columns)
    return found


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ConfigurationError(f"{name} is {value!r}; it can be true or false.")


def _targets(name: str, value: object) -> dict[str, str]:
    found = _object(name, value)
    if wrong := [column for column, target in found.items() if not isinstance(target, str)]:
        raise ConfigurationError(f"{name} has no text as the target of {', '.join(map(repr, wrong))}; write a target.")
    return found


def _object(name: str, value: object) -> dict[str, Any]:
    found = _document(value) if isinstance(value, str) else value
    if isinstance(found, Mapping) and all(isinstance(each, str) for each in found):
        return dict(found)
    raise ConfigurationError(f"{name} is not a dict with texts as its keys, or such an object in JSON.")


def _list(name: str, value: object) -> list[Any]:
    found = _document(value) if isinstance(value, str) else value
    if isinstance(found, list | tuple) and found:
        return list(found)
    raise ConfigurationError(f"{name} is {value!r}; give a list of one or more keys, or such a list in JSON.")


def _number_of_contacts(name: str, value: object) -> int:
    found = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) else value
    if type(found) is int and found > 0:
        return found
    raise ConfigurationError(f"{name} is {value!r}; give a whole number of contacts, 1 or more.")


def _guards(name: str, value: object) -> GuardPolicy:
    try:
        policy = GuardPolicy(**_object(name, value))
    except TypeError:
        allowed = ", ".join(GuardPolicy.__dataclass_fields__)
        raise ConfigurationError(f"{name} has an entry that is not a guard; the guards are {allowed}.") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"The {name}: {error}") from None
    return policy


_PARSERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "mapping": _targets,
    "constants": _object,
    "stamps": _object,
    "dry_run": _flag,
    "full_resync": _flag,
    "allow_older": _flag,
    "incremental": _flag,
    "only_keys": _list,
    "guards": _guards,
    "plan_to": plan_target,
    "sample": _number_of_contacts,
}


def _document(text: str) -> object:
    """Return what JSON, or a list or dict as Python prints it, says; None where the text is neither."""
    for read in (_JSON.decode, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _source_keys(name: str, keys: Sequence[Any], columns: Sequence[str]) -> tuple[str, ...]:
    """Return keys as the state store and the log have them: of several columns, a JSON list of their texts."""
    found = [_source_key(key, len(columns)) for key in keys]
    if wrong := [key for key, text in zip(keys, found, strict=True) if text is None]:
        raise ConfigurationError(
            f"{name} has {', '.join(map(repr, wrong))}, which is not a key: the key has the columns "
            f"{', '.join(columns)}, none of them blank, and at most {KEY_LENGTH} characters. Write a key of several "
            "columns as a list of their values."
        )
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _source_key(key: Any, columns: int) -> str | None:
    """Return one key as text; None where it is none of so many columns."""
    if columns == 1:
        values = [key]
    else:
        read = _document(key) if isinstance(key, str) else key
        values = list(read) if isinstance(read, list | tuple) else []
    if len(values) != columns or any(isinstance(each, list | tuple | dict) for each in values):
        return None
    return source_keys([values], range(columns))[0]
