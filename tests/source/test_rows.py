"""Rows of a Python function as a source: what is read is what was returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from leadway_provider.exceptions import SourceError
from leadway_provider.source.query import read_source
from leadway_provider.source.rows import ROWS_SQL, rows_source


def read(rows: Any, key: tuple[str, ...] = ("id",)) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """The columns and rows that a plan reads."""
    with (
        rows_source(rows, key) as engine,
        read_source(engine, ROWS_SQL, None, batch_size=2, name="rows") as source,
    ):
        return source.columns, [tuple(row) for batch in source.batches() for row in batch]


def test_rows_are_read_in_their_order_with_the_columns_of_all() -> None:
    """A row may lack a column that another one has; it is null there. A generator is read once, in parts."""

    def rows() -> Iterator[Mapping[str, object]]:
        yield {"id": 1, "email": "ann@example.com"}
        for number in range(2, 2002):
            yield {"id": number, 'a "b"': "x"}

    columns, found = read(rows())
    assert columns == ("id", "email", 'a "b"')
    assert len(found) == 2001
    assert found[0] == (1, "ann@example.com", None)
    assert found[-1] == (2001, None, "x")


class Level(StrEnum):
    """A value of a shop."""

    GOLD = "gold"


class Scalar:
    """A number as NumPy has it."""

    def item(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, None),
        (True, "true"),
        (2**70, str(2**70)),
        (1.5, 1.5),
        (float("nan"), None),
        (Decimal("1.10"), "1.10"),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), "2026-11-22T12:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Level.GOLD, "gold"),
        (Scalar(), 7),
        (["a", Level.GOLD], '["a", "gold"]'),
        ({"b": [date(2026, 1, 1)]}, '{"b": ["2026-01-01"]}'),
    ],
)
def test_a_value_is_kept(value: object, cell: object) -> None:
    """Whatever Python functions usually return is read as text, number or null of the same meaning."""
    assert read([{"id": value}])[1] == [(cell,)]


def test_text_that_is_not_unicode_stops_no_other_row() -> None:
    """It becomes bytes, which are withheld as they are where a database returns them."""
    [(bad,), (good,)] = read([{"id": "\ud800"}, {"id": "good"}])[1]
    assert (isinstance(bad, str), good) == (False, "good")


def test_no_rows_are_a_result_without_rows() -> None:
    """The result has the columns that every mapping needs."""
    assert read([], ("shop", "id")) == (("shop", "id", "email"), [])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"id": 1}, ("id", 2)], "Row 2 of the function's result is not a mapping"),
        ([{1: "id"}], "Row 1 of the function's result is not a mapping"),
        ([{"id": object()}], "Row 1 of the function's result has a value of type object in column 'id'"),
        ([{"id": [object()]}], "type object in column 'id'"),
        ([{"id": 1, "ID": 2}], "The column 'ID' of the function's result can't be used"),
    ],
)
def test_what_is_not_a_row_is_an_error(rows: Any, says: str) -> None:
    """The error names row and column, and no value."""
    with pytest.raises(SourceError, match=says):
        read(rows)


def test_nothing_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file with the rows is deleted at the end, also after an error."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read([{"id": 1}])
    with pytest.raises(SourceError):
        read([1])
    assert list(tmp_path.iterdir()) == []
