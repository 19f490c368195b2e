"""Lists and choices: tags, and custom fields with options."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_DELIMITERS: Final = ("\n", "|", ";", ",")
_SHOWN: Final = 12
_ARRAY: Final = re.compile(r"\{(?!\s*\"[^\"]*\"\s*:).*\}", re.DOTALL)


def items(value: object) -> list[str] | None:
    """The texts of a SQL array, a JSON list or a delimited text, blanks left out; None where none is left.

    A text is split at the first of newline, `|`, `;` and `,` that it holds. PostgreSQL's written arrays (`{a,"b c"}`),
    as they come for types that a driver doesn't know, are read too.

    Raises:
        UnfitError: an item is itself a list or can't be read as text.
    """
    if isinstance(value, (list, tuple)):
        return _texts(value)
    if isinstance(value, (set, frozenset)):
        return sorted(_texts(value) or ()) or None
    written = text(value)
    return None if written is None else _texts(_split(written))


def tags(value: object) -> list[JsonValue] | None:
    """Tags in small letters, as the API keeps them, each once; None where there is none."""
    found = items(value)
    return None if found is None else list(dict.fromkeys(tag.lower() for tag in found))


def option(value: object, options: Mapping[str, str]) -> str | None:
    """The option that the value names, as the account writes it.

    Args:
        value: the option's text, in any case.
        options: what `by_name` made of the account's options; where it is empty any text passes.

    Raises:
        UnfitError: there is no such option.
    """
    written = text(value)
    return None if written is None else _chosen(written, options)


def selection(value: object, options: Mapping[str, str]) -> list[JsonValue] | None:
    """The options that the value names, each once, as the account writes them. Takes what `items` and `option` take.

    Raises:
        UnfitError: one of them is no option: then none is chosen, for half a selection would be a wrong one.
    """
    if isinstance(value, str) and (whole := options.get(folded(value))):
        return [whole]
    found = items(value)
    return None if found is None else list(dict.fromkeys(_chosen(name, options) for name in found))


def by_name(options: Iterable[str]) -> dict[str, str]:
    """The account's options by the form that they are compared in."""
    return {folded(option): option for option in options}


def folded(name: str) -> str:
    """The form in which names are compared: without case and without regard to the kind of whitespace."""
    return " ".join(name.split()).casefold()


def _chosen(name: str, options: Mapping[str, str]) -> str:
    if not options:
        return name
    try:
        return options[folded(name)]
    except KeyError:
        offered = ", ".join(map(repr, list(options.values())[:_SHOWN]))
        more = ", …" if len(options) > _SHOWN else ""
        raise UnfitError("option_unknown", f"It offers {offered}{more}.") from None


def _texts(values: Iterable[object]) -> list[str] | None:
    try:
        return [found for item in values if (found := text(item))] or None
    except UnfitError as unfit:
        raise UnfitError("list_malformed" if unfit.code == "type_unsupported" else unfit.code) from None


def _split(written: str) -> Sequence[object]:
    if written.startswith(("[", "{")):
        if (listed := _json_list(written)) is not None:
            return listed
        if _ARRAY.fullmatch(written):
            return _array(written)
    for delimiter in _DELIMITERS:
        if delimiter in written:
            return written.split(delimiter)
    return [written]


def _json_list(written: str) -> list[JsonValue] | None:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        raise UnfitError("list_malformed")
    return found if isinstance(found, list) else None


def _array(written: str) -> list[str]:
    try:
        rows = list(csv.reader([written[1:-1]], doublequote=False, escapechar="\\", strict=True))
    except csv.Error:
        raise UnfitError("list_malformed") from None
    return [item for row in rows for item in row if item != "NULL"]
