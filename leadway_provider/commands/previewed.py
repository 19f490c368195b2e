"""A preview: the first contacts of a query as they would be sent, and what is wrong with all of its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from leadway_provider.commands.layout import fact_lines, reason_words
from leadway_provider.commands.reading import OpenSync
from leadway_provider.commands.values import contact_values, masked
from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.sync.findings import Problem
from leadway_provider.sync.problems import Problems
from leadway_provider.sync.row import source_keys
from leadway_provider.words import counted


@dataclass(frozen=True)
class Preview:
    """What was found.

    Attributes:
        mapping: how the rows become contacts.
        first: the first rows with a key, each with its contact or its rejection.
        read: how many rows were read.
        invalid: how many of them can't become a contact.
        unkeyed: how many of these have no key.
        problems: what is wrong with rows, the most frequent first.
    """

    mapping: ContactMapping = field(repr=False)
    first: Sequence[tuple[str, Contact | Rejection]] = field(repr=False)
    read: int
    invalid: int
    unkeyed: int
    problems: Sequence[Problem]


def previewed(sync: OpenSync, *, shown: int, most: int | None, on_batch: Callable[[int], None]) -> Preview:
    """Read the query, and return what its rows would become; nothing is compared with earlier runs.

    Args:
        sync: the sync.
        shown: how many of the first rows are kept.
        most: how many rows are read at most; None for all.
        on_batch: is called with the number of rows read after each batch.

    Raises:
        LeadwayError: as the account and the source raise; or the query did not return a key of `only_keys`.
    """
    problems = Problems(sync.request.key_columns)
    first: list[tuple[str, Contact | Rejection]] = []
    read = invalid = unkeyed = 0
    with sync.reader(sync.interval(None))() as source:
        mapping = sync.mapping(source)
        for batch in sync.batches(source, mapping):
            rows = list(batch if most is None else islice(batch, most - read))
            for key, row in zip(source_keys(rows, mapping.key_positions), rows, strict=True):
                found = mapping.contact(row)
                invalid += key is None or isinstance(found, Rejection)
                if key is None:
                    unkeyed += 1
                    continue
                problems.add(key, found.reasons if isinstance(found, Rejection) else (*found.withheld, *found.notes))
                if len(first) < shown:
                    first.append((key, found))
            read += len(rows)
            on_batch(read)
            if most is not None and read >= most:
                break
    return Preview(mapping, first, read, invalid, unkeyed, problems.by_frequency())


def preview_lines(found: Preview, *, show_values: bool) -> Iterator[str]:
    """Return the lines for a person."""
    for key, contact in found.first:
        yield from _row_lines(key, contact, found.mapping, show_values=show_values)
        yield ""
    valid = found.read - found.invalid
    yield f"{counted(found.read, 'row')} read: {valid:,} would be contacts, {found.invalid:,} invalid"
    if found.unkeyed:
        yield from fact_lines("invalid", [f"{counted(found.unkeyed, 'row')} without a key"])
    for problem in found.problems:
        yield from problem_lines(problem)


def preview_json(found: Preview, *, show_values: bool) -> dict[str, Any]:
    """Return the same as plain facts."""
    return {
        "read": found.read,
        "invalid": found.invalid,
        "without_key": found.unkeyed,
        "problems": [problem_json(each) for each in found.problems],
        "first": [_row_json(key, contact, found.mapping, show_values=show_values) for key, contact in found.first],
    }


def problem_lines(problem: Problem) -> Iterator[str]:
    """Return the lines for something that is wrong with rows in the same way."""
    words = [f"{counted(problem.rows, 'row')}:", *reason_words(problem.reason)]
    yield from fact_lines("problem", [*words, f"first key {problem.first_key}"])


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return the same as plain facts."""
    reason = problem.reason
    return {
        "rows": problem.rows,
        "field": reason.field,
        "code": reason.code,
        "message": reason.message,
        "first_key": problem.first_key,
    }


def _row_lines(key: str, found: Contact | Rejection, mapping: ContactMapping, *, show_values: bool) -> Iterator[str]:
    if isinstance(found, Rejection):
        yield f"Key {key} is invalid, and would not be sent"
        for reason in found.reasons:
            yield from fact_lines("because", reason_words(reason))
        return
    yield f"Key {key}"
    values = list(contact_values(found, mapping))
    width = max((len(target) for target, _, _ in values), default=0)
    for target, column, value in values:
        shown = json.dumps(value, ensure_ascii=False) if show_values else masked(value)
        yield f"  {target:<{width}}  {shown}  ← {column or 'a constant'}"
    for reason in found.withheld:
        yield from fact_lines("withheld", reason_words(reason))


def _row_json(key: str, found: Contact | Rejection, mapping: ContactMapping, *, show_values: bool) -> dict[str, Any]:
    if isinstance(found, Rejection):
        return {"source_key": key, "invalid": [reason.code for reason in found.reasons]}
    return {
        "source_key": key,
        "fields": {
            target: value if show_values else masked(value) for target, _, value in contact_values(found, mapping)
        },
        "withheld": [{"field": reason.field, "code": reason.code} for reason in found.withheld],
    }
