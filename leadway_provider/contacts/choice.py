"""Lists and choices: tags, and custom fields with options."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import lines, text, trimmed

_DELIMITERS: Final = ("\n", "|", ";", ",")
_SHOWN: Final = 12
"""The most options that a message lists."""
_LONGEST_NAME: Final = 1000
"""To compose accents takes a time that grows with the square of how many follow each other."""
_POSTGRES_ARRAY: Final = re.compile(r"\{(?!\s*\"[^\"]*\"\s*:).*\}", re.DOTALL)
_POSTGRES_ITEM: Final = re.compile(r"\s*+(?:\"((?:[^\"\\]|\\.)*+)\"\s*+|((?:[^\"{},\\]|\\.)++))(,|\Z)", re.DOTALL)
_BOUNDS: Final = re.compile(r"(?:\[-?\d+:-?\d+\])+=(?=\{)")
"""What PostgreSQL writes before an array that does not begin with the index 1."""
_UNKNOWN_LIST: Final = re.compile(r"\[[^\[\]|;,]*+[|;,][^\[\]]*+\]|\([^()|;,]*+[|;,][^()]*+\)")
"""A list as another language writes it, such as Python's `['a', 'b']`; `[a]` alone is a text, and `[a], [b]` two."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen in a field of the account. `options_of` makes it.

    Attributes:
        written: the options as the account writes them.
        by_form: the options by the form in which names are compared; options that differ only in case share one.
        are_open: whether any other text passes too.
    """

    written: tuple[str, ...]
    by_form: Mapping[str, tuple[str, ...]]
    are_open: bool


def items(value: object) -> list[str] | None:
    """Return the texts of a SQL array, a JSON list or a delimited text, without blanks; None for a blank.

    An array without a text is an empty list, which is not a blank: the source says that there is nothing.

    A text is split at newlines; if it has none, at `|`, else at `;`, else at `,`. The text form of PostgreSQL's arrays
    (`{a,"b c"}`), which a driver returns for types that it doesn't support, is read too.

    Raises:
        UnfitError: an item is itself a list, or can't be read as text; or the text is a list in another form.
    """
    if isinstance(value, (list, tuple)):
        return _texts(value)
    if isinstance(value, (set, frozenset)):
        return sorted(_texts(value))
    written = lines(value)
    if written is None:
        return None
    listed = _listed(written)
    return _texts(_split(written)) or None if listed is None else _texts(listed)


def tags(value: object) -> list[JsonValue] | None:
    """Return the tags in lower case, as the API keeps them (observed), each once; None for a blank."""
    names = items(value)
    return None if names is None else list(dict.fromkeys(name.lower() for name in names))


def option(value: object, options: Options) -> str | None:
    """Return the option that the value names, as the account writes it; None for a blank.

    Args:
        value: the option's text, in any case.
        options: the account's options.

    Raises:
        UnfitError: the value is not one of the options, or can be two of them.
    """
    written = text(value)
    return None if written is None else _chosen(written, options)


def selection(value: object, options: Options) -> list[JsonValue] | None:
    """Return the options that the value names, each once, as the account writes them; None for a blank.

    Args:
        value: a list, as `items` takes it, or the text of one option.
        options: the account's options.

    Raises:
        UnfitError: one of them is not an option, or can be two. Then none is chosen: half a selection would be wrong.
    """
    if isinstance(value, str) and folded(value) in options.by_form:
        return [_chosen(trimmed(value), options)]
    names = items(value)
    return None if names is None else list(dict.fromkeys(_chosen(name, options) for name in names))


def options_of(written: Iterable[str], *, are_open: bool = False) -> Options:
    """Return the options of a field.

    Args:
        written: the options as the account writes them. Where there are none, any text passes.
        are_open: whether the account lets a contact have a text that is none of them.
    """
    by_form: dict[str, tuple[str, ...]] = {}
    names = tuple(dict.fromkeys(written))
    for name in names:
        by_form[folded(name)] = (*by_form.get(folded(name), ()), name)
    return Options(names, by_form, are_open or not names)


def folded(name: str) -> str:
    """Return the form in which names are compared.

    Case, the kind of whitespace, invisible characters at the ends and, in names of a usual length, how accents are
    composed make no difference.
    """
    if not name.isascii():
        name = trimmed(name)
        if len(name) <= _LONGEST_NAME:
            name = unicodedata.normalize("NFC", name)
    return " ".join(name.split()).casefold()


def _chosen(name: str, options: Options) -> str:
    found = options.by_form.get(folded(name), ())
    if len(found) == 1 or name in found:
        return name if name in found else found[0]
    if found:
        raise UnfitError("ambiguous", "It can be one option or another that differs from it only in case.")
    if options.are_open:
        return name
    offered = ", ".join(map(repr, options.written[:_SHOWN]))
    more = ", …" if len(options.written) > _SHOWN else ""
    raise UnfitError("option_unknown", f"It offers {offered}{more}.")


def _texts(values: Iterable[object]) -> list[str]:
    try:
        return [written for item in values if (written := text(item))]
    except UnfitError as unfit:
        raise UnfitError("list_malformed" if unfit.code == "type_unsupported" else unfit.code) from None


def _split(written: str) -> Sequence[str]:
    """Return the items of a delimited text.

    Raises:
        UnfitError: it has brackets around it, or an item in quotation marks with a delimiter in it.
    """
    if _UNKNOWN_LIST.fullmatch(written):
        raise UnfitError("list_malformed")
    for delimiter in _DELIMITERS:
        if delimiter in written:
            found = written.split(delimiter)
            if any(item.count('"') == 1 and item.lstrip().startswith('"') for item in found):
                raise UnfitError("list_malformed")
            return found
    return [written]


def _listed(written: str) -> Sequence[object] | None:
    """Return the items of a text that is a list of JSON or an array of PostgreSQL; None for any other text."""
    if not written.startswith(("[", "{")):
        return None
    if bounds := _BOUNDS.match(written):
        written = written[bounds.end() :]
    try:
        document = json.loads(written)
    except (ValueError, RecursionError):
        return _array(written) if _POSTGRES_ARRAY.fullmatch(written) else None
    if document and isinstance(document, dict):
        raise UnfitError("list_malformed")
    return document if isinstance(document, list) else []


def _array(written: str) -> Sequence[str]:
    """Return the items of an array as PostgreSQL writes it; an unquoted NULL is left out."""
    found: list[str] = []
    position, end = 1, len(written) - 1
    inner = written[:end]
    while position < end:
        item = _POSTGRES_ITEM.match(inner, position)
        if not item or (item[3] and item.end() == end):
            raise UnfitError("list_malformed")
        quoted, plain = item[1], item[2]
        if quoted is not None or plain.strip() != "NULL":
            found.append(_ESCAPED.sub(r"\1", plain.strip() if quoted is None else quoted))
        position = item.end()
    return found
