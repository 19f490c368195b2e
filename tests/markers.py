"""Instances of all classes of the package, with a marker in every field that can hold text."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from sqlalchemy.types import TypeEngine
from typer.core import TyperGroup

import leadway_provider
from tests.airflow_version import VERSION

_PACKAGE: Final = "leadway_provider"
_UNLOADED: Final = (
    "leadway_provider.store.migrations.env",
    *(["leadway_provider.retry"] if VERSION < (3, 3) else []),
)
"""Modules that only Alembic can load, and that hold no class, and those that need a newer Airflow."""


def marker(name: str) -> str:
    """Return the text that stands in a field."""
    return f"<{name}-73f1c2>"


def classes() -> list[type]:
    """Return all classes of the package whose text is not only the name of their type."""
    found = {}
    for module in pkgutil.walk_packages(leadway_provider.__path__, "leadway_provider."):
        if module.name not in _UNLOADED:
            for each in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(each) and each.__module__ == module.name and _has_text(each):
                    found[f"{each.__module__}.{each.__qualname__}"] = each
    return [each for _, each in sorted(found.items())]


def _has_text(kind: type) -> bool:
    """Return False for a class whose text is its name, and for those whose objects are part of the program."""
    if {"__repr__", "__str__"}.isdisjoint(name for each in kind.__mro__[:-1] for name in vars(each)):
        return False
    return not issubclass(kind, enum.Enum | TypeEngine | TyperGroup) and not typing.is_typeddict(kind)


def fields(kind: type) -> dict[str, Any]:
    """Return the types of the fields of a class by name; of an error, those of its arguments.

    Raises:
        TypeError: the class is of none of the forms that this module knows.
    """
    names: Iterable[str]
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
    elif issubclass(kind, BaseModel):
        names = kind.model_fields
    elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
        names = kind._fields
    elif hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
    elif issubclass(kind, BaseException):
        return _hints(kind.__init__) if inspect.isfunction(kind.__init__) else {}
    else:
        raise TypeError(f"{kind.__qualname__} needs a builder of its own")
    hints = {name: hint for each in reversed(kind.__mro__) for name, hint in _hints(each).items()}
    return {name: hints.get(name, object) for name in names}


def marked(kind: type) -> object:
    """Return an instance of a class, with the marker of its name in every field; no check of its own is run."""
    values = {name: _value(hint, marker(name)) for name, hint in fields(kind).items()}
    if issubclass(kind, BaseModel):
        return kind.model_construct(**values)
    if issubclass(kind, tuple):
        return kind(*values.values())
    if issubclass(kind, BaseException):
        return kind(**values)
    made = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _hints(owner: Any) -> dict[str, Any]:
    """Return the annotations of a class or function; one that is for checkers only counts as any object."""
    module = vars(sys.modules[owner.__module__])
    found = {}
    for name, hint in getattr(owner, "__annotations__", {}).items():
        written = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
        try:
            found[name] = eval(written, module) if isinstance(written, str) else hint  # noqa: S307 - our own annotations
        except (NameError, TypeError):
            found[name] = object
    return {name: hint for name, hint in found.items() if name != "return"}


class _Other:
    """Stands for an object whose class is looked at by itself, or is not of this package."""


_PLAIN: Final[Mapping[type, Callable[[str], Any]]] = {
    object: lambda text: text,
    str: lambda text: text,
    bytes: lambda text: text.encode(),
    bool: lambda _: True,
    int: lambda _: 1,
    float: lambda _: 1.5,
    datetime: lambda _: datetime(2026, 11, 26, tzinfo=UTC),
    date: lambda _: date(2026, 11, 26),
    timedelta: lambda _: timedelta(1),
    Path: Path,
    SecretStr: SecretStr,
    re.Pattern: re.compile,
}


_CONTAINERS: Final[Mapping[type, Callable[[Iterable[Any]], Any]]] = {
    tuple: tuple,
    collections.abc.Set: set,
    collections.abc.Iterable: list,
}


def _value(hint: Any, text: str) -> Any:
    """Return a value of a type, with the text in it wherever the type allows it."""
    origin, given = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, typing.TypeVar):
        return text
    if origin is typing.Annotated or origin in (typing.Final, typing.ClassVar):
        return _value(given[0], text)
    if origin is typing.Literal:
        return given[0]
    if origin in (typing.Union, types.UnionType):
        values = [_value(each, text) for each in given if each is not type(None)]
        return next((each for each in values if text in str(each)), values[0])
    return _of_class(origin or hint, given or (object, object), text)


def _of_class(kind: Any, given: tuple[Any, ...], text: str) -> Any:
    if kind in _PLAIN:
        return _PLAIN[kind](text)
    if not inspect.isclass(kind) or kind in (type, collections.abc.Callable) or kind.__module__.startswith(_PACKAGE):
        return next(iter(kind)) if isinstance(kind, enum.EnumMeta) else _Other()
    if issubclass(kind, collections.abc.Mapping):
        return {_value(given[0], text): _value(given[-1], text)}
    for container, made in _CONTAINERS.items():
        if issubclass(kind, container):
            return made(_value(each, text) for each in given if each is not Ellipsis)
    return _Other()
