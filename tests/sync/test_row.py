"""Keys of source rows."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.row import KEY_LENGTH, source_keys


def _view(data: bytes) -> memoryview:
    return memoryview(data)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(st.characters()),
    st.binary(),
    st.binary().map(_view),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.complex_numbers(),
)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (7, "7"),
        (Decimal("7.00"), "7"),
        (7.0, "7"),
        ("7", "7"),
        (Decimal("7.50"), "7.50"),
        (True, "1"),
        (b"\x01\xff", "01ff"),
        (memoryview(b"\x01\xff"), "01ff"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (" a ", " a "),
        ("Ключ 🔑", "Ключ 🔑"),
        ("two\nlines", "two\nlines"),
        ("k" * KEY_LENGTH, "k" * KEY_LENGTH),
        (None, None),
        ("", None),
        ("  ", None),
        ("a\x00b", None),
        ("\ud800", None),
        ("k" * (KEY_LENGTH + 1), None),
    ],
)
def test_key_of_one_column(value: object, key: str | None) -> None:
    """A key is the value's text whatever its type; null, blank, unstorable and overlong values are none."""
    assert source_keys([(value,)], [0]) == [key]


class Speechless:
    """What a driver may make: an object without a text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("value", [10**5000, Speechless()], ids=["digits", "no text"])
def test_a_value_without_a_text_is_no_key(value: object) -> None:
    """Python writes no number of thousands of digits; the other rows of the batch have their keys."""
    assert source_keys([(1,), (value,), (2,)], [0]) == ["1", None, "2"]
    assert source_keys([(1, value), (1, 2)], [0, 1]) == [None, '["1","2"]']
    assert source_keys([(value,)], [0]) == [None]


def test_one_bad_key_leaves_the_others_of_its_batch() -> None:
    """A row without a usable key does not cost its neighbours theirs."""
    assert source_keys([("a",), (None,), ("b\x00",), ("c",)], [0]) == ["a", None, None, "c"]


def test_key_of_several_columns_tells_its_parts_apart() -> None:
    """Parts can't run into each other, and one missing part makes the key missing."""
    rows = [("a", "b,c"), ("a,b", "c"), ("a", None)]
    assert source_keys(rows, [0, 1]) == ['["a","b,c"]', '["a,b","c"]', None]


@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=5))
def test_any_row_has_a_key_or_none(rows: list[tuple[object, object]]) -> None:
    """Whatever types a driver returns, keys are storable text or missing."""
    for positions in ([0], [0, 1]):
        for key in source_keys(rows, positions):
            assert key is None or (0 < len(key) <= KEY_LENGTH and "\x00" not in key and key.encode())
