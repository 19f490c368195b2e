"""Classes and functions of the package as Markdown, from their signatures and docstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sphinx.errors import ExtensionError

from docs.extension.docstring import Docstring, docstring_of

_OF_AIRFLOW: Final = ("context", "kwargs", "op_args", "op_kwargs", "python_callable")
"""Arguments that Airflow or its `BaseOperator` explains."""
_STARS: Final[Mapping[Any, str]] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def described(path: str) -> str:
    """Return the entry of a class or function, by its dotted path.

    Raises:
        ExtensionError: it does not exist, or a docstring does not fit the signature.
    """
    module, _, name = path.rpartition(".")
    thing = getattr(importlib.import_module(module), name, None)
    if thing is None:
        raise ExtensionError(f"The reference lists {path}, which does not exist.")
    if inspect.isclass(thing):
        return "\n".join(_class_lines(path, thing))
    return "\n".join(_function_lines(path, thing, ":::"))


def _class_lines(path: str, thing: type[Any]) -> Iterator[str]:
    doc = docstring_of(thing, path)
    is_made = not issubclass(thing, BaseException) and not getattr(thing, "_is_protocol", False)
    parameters = _parameters(thing) if is_made else {}
    yield f"::::{{py:class}} {path}({_called(parameters)})"
    yield ""
    yield doc.text
    yield ""
    arguments = _documented(path, parameters, doc, templated=getattr(thing, "template_fields", ()))
    yield from _list_lines("Arguments", arguments)
    others = {f"`{name}`": text for name, text in doc.attributes.items() if name not in parameters}
    yield from _list_lines("Attributes", others)
    yield from _list_lines("Raises", {f"`{name}`": text for name, text in doc.raises.items()})
    for name, method in _own_methods(thing):
        yield from _function_lines(f"{path}.{name}", method, ":::", kind=_kind(thing, name))
    yield "::::"
    yield ""


def _function_lines(path: str, thing: Any, fence: str, kind: str = "function") -> Iterator[str]:
    doc = docstring_of(thing, path)
    parameters = {} if kind == "property" else _parameters(thing)
    shown = path.rpartition(".")[2] if kind != "function" else path
    yield f"{fence}{{py:{kind}}} {shown}{'' if kind == 'property' else f'({_called(parameters)})'}"
    yield ""
    yield doc.text
    yield ""
    if doc.arguments or kind == "function":
        yield from _list_lines("Arguments", _documented(path, parameters, doc))
    yield from _list_lines("Raises", {f"`{name}`": text for name, text in doc.raises.items()})
    yield fence
    yield ""


def _own_methods(thing: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class of this package defines and whose caller is a user."""
    if "execute" in vars(thing) or issubclass(thing, BaseException):
        return  # Airflow calls an operator, and an error has attributes only
    for name, raw in vars(thing).items():
        found = raw.fget if isinstance(raw, property) else getattr(raw, "func", None) or getattr(thing, name)
        if name.startswith("_") or not inspect.isroutine(found):
            continue
        yield name, found


def _kind(thing: type[Any], name: str) -> str:
    raw = vars(thing)[name]
    if isinstance(raw, property) or hasattr(raw, "func"):
        return "property"
    return {classmethod: "classmethod", staticmethod: "staticmethod"}.get(type(raw), "method")


def _parameters(thing: Any) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(thing).parameters
    return {name: each for name, each in parameters.items() if name not in ("self", "hook")}


def _called(parameters: Mapping[str, inspect.Parameter]) -> str:
    """Return the arguments as they stand in a call, without types; those that have a default show none."""
    shown: list[str] = []
    for name, each in parameters.items():
        if name.startswith("_"):
            continue
        if each.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in shown and not _variadic(shown):
            shown.append("*")
        stars = _STARS.get(each.kind, "")
        shown.append(f"{stars}{name}{'' if stars or each.default is inspect.Parameter.empty else '=…'}")
    return ", ".join(shown)


def _variadic(shown: Sequence[str]) -> bool:
    return any(each.startswith("*") and each != "*" for each in shown)


def _documented(
    path: str, parameters: Mapping[str, inspect.Parameter], doc: Docstring, templated: Sequence[str] = ()
) -> dict[str, str]:
    """Return what is said of each argument, after its type and its default.

    Raises:
        ExtensionError: an argument is not explained, or one is explained that does not exist.
    """
    said = {**doc.attributes, **doc.arguments}
    public = {
        name: each
        for name, each in parameters.items()
        if not name.startswith("_") and (name in said or name not in _OF_AIRFLOW)
    }
    if missing := public.keys() - said.keys():
        raise ExtensionError(f"{path}: the docstring says nothing of {', '.join(sorted(missing))}.")
    if unknown := doc.arguments.keys() - public.keys():
        raise ExtensionError(f"{path}: the docstring explains {', '.join(sorted(unknown))}, which it does not take.")
    entries = {}
    for name, each in public.items():
        facts = [] if each.annotation is inspect.Parameter.empty else [f"`{each.annotation}`"]
        if each.default is inspect.Parameter.empty:
            facts += [] if _variadic([str(each)]) else ["required"]
        elif "factory" not in repr(each.default) and " at 0x" not in repr(each.default):
            facts.append(f"default `{each.default!r}`")
        if name in templated:
            facts.append("template")
        entries[f"`{name}` ({', '.join(facts)})"] = said[name]
    return entries


def _list_lines(title: str, entries: Mapping[str, str]) -> Iterator[str]:
    if entries:
        yield f"**{title}**"
        yield ""
        for name, text in entries.items():
            yield f"- {name}: {text}"
        yield ""
