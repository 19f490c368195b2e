"""What a source's SQL says before any database reads it: one statement, and the parameters that it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.exceptions import SourceError

_VERBS: Final = re.compile(
    r"(?i:ALTER|ANALYZE|ATTACH|BEGIN|CALL|COMMIT|CREATE|DECLARE|DELETE|DO|DROP|EXEC|EXECUTE|EXPLAIN|GRANT|INSERT|"
    r"INSTALL|LOAD|LOCK|MERGE|PRAGMA|REFRESH|REPLACE|RESET|ROLLBACK|SELECT|SET|SHOW|START|TABLE|TRUNCATE|UPDATE|USE|"
    r"VACUUM|VALUES|WITH)\b"
)
"""How a statement begins. What begins otherwise is a part of one: a text or a comment that only its database reads."""

_IN: Final = re.compile(r"\bIN\s*\(([^()]*)\)", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s'\"`(),;:=<>]+")


def one_statement(sql: str, name: str) -> str:
    """Return the SQL without the semicolons at its end, which some databases refuse.

    A semicolon in a text, a quoted name or a comment ends no statement.

    Args:
        sql: the source's SQL.
        name: how the error calls the source.

    Raises:
        SourceError: the SQL is empty, or has more than one statement; some drivers would run them all.
    """
    alone = sql.rstrip("; \t\r\n")
    if not alone.lstrip("; \t\r\n"):
        raise SourceError(f"The SQL for source {name!r} is empty; it must be one SELECT.")
    if ";" not in alone:
        return alone
    import sqlparse  # noqa: PLC0415 - few queries have a semicolon

    statements: Any = sqlparse.parse(sql)
    words = [str(word) for each in statements if (word := each.token_first(skip_cm=True)) and str(word) != ";"]
    if len(words) > 1 and all(_VERBS.match(word) for word in words):
        listed = ", ".join(word.split()[0].upper() for word in words)
        raise SourceError(
            f"The SQL for source {name!r} has {len(words)} statements ({listed}); it must be one SELECT. "
            "What a session needs, such as a SET, belongs into the connection or into hook_params."
        )
    return alone


def named(sql: str) -> Collection[str]:
    """Return the names of the parameters in the SQL."""
    names: Mapping[str, object] = sa.text(_with_casts_apart(sql)).compile().params
    return names.keys()


def bound(sql: str, parameters: Mapping[str, object], name: str) -> tuple[sa.TextClause, dict[str, Any]]:
    """Return the statement with its parameters, and their values.

    Where a parameter follows `IN`, its list becomes a list of parameters. Elsewhere a list is for the driver, which may
    know arrays.

    Args:
        sql: the source's SQL.
        parameters: a value for each `:name` in it.
        name: how errors call the source.

    Raises:
        SourceError: a parameter is missing, is not used, is a dict or an empty list, or is a list beside other values
            of an IN.
    """
    names = named(sql)
    if missing := sorted(names - parameters.keys()):
        raise SourceError(
            f"The SQL for source {name!r} names {_listed(missing)}, which is missing in parameters; a colon that does "
            "not start a parameter is written \\:."
        )
    if unused := sorted(parameters.keys() - names):
        raise SourceError(
            f"The SQL for source {name!r} does not use {_listed(unused)}, which is given in parameters: name it in the "
            "SQL, or leave it out."
        )
    if objects := sorted(each for each, value in parameters.items() if isinstance(value, Mapping)):
        raise SourceError(f"The SQL for source {name!r} can't take {_listed(objects)}, a dict: give its JSON text.")
    sql, lists = _with_lists(_with_casts_apart(sql), parameters, name)
    query = sa.text(sql).bindparams(*(sa.bindparam(each, expanding=True) for each in lists))
    return query, {**parameters, **lists}


def _with_lists(sql: str, parameters: Mapping[str, object], name: str) -> tuple[str, dict[str, list[Any]]]:
    """Return the SQL with each list after IN written as SQLAlchemy expands it, and those lists."""
    lists: dict[str, list[Any]] = {}
    for each, value in parameters.items():
        if isinstance(value, list | tuple | set | frozenset):
            written = rf"\b(IN)\s*(?:\(\s*:{each}\s*\)|:{each}\b)"
            sql, found = re.subn(written, rf"\1 :{each}", sql, flags=re.IGNORECASE)
            if found and not value:
                raise SourceError(f"The list :{each} for source {name!r} is empty; IN needs at least one value.")
            if f":{each}" in _in_lists_of_values(sql):
                raise SourceError(
                    f"The SQL for source {name!r} has the list :{each} beside other values of an IN: write IN :{each}, "
                    "and put the other values into the list."
                )
            if found:
                lists[each] = list(value)
    return sql, lists


def _in_lists_of_values(sql: str) -> Collection[str]:
    """Return the words of what stands in the brackets of an IN, without those of a query there."""
    inside = [each.split() for each in _IN.findall(sql.replace(",", " "))]
    return {word for words in inside if words and words[0].upper() not in ("SELECT", "WITH") for word in words}


def without_values(message: str, sql: str) -> str:
    """Return a database's message with nothing but the words that the SQL has: others may come from parameters."""
    known = {*re.findall(_WORD, sql), *("near", "at", "line")}
    shown, at_line, number = message.rpartition(" at line ")
    hidden = re.sub(_WORD, lambda word: word[0] if word[0] in known else "…", shown or number)
    return hidden + at_line + number if shown else hidden


def _with_casts_apart(sql: str) -> str:
    """Return the SQL with a blank between a parameter and PostgreSQL's cast, since `:a::int` would not be one."""
    return re.sub(r"(?<![:\w\\]):(\w+)(?=::)", r":\1 ", sql)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f":{each}" for each in names)
