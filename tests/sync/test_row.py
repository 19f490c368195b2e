"""Keys and fingerprints of source rows."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.row import KEY_LENGTH, fingerprinter, source_keys


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


def test_one_bad_key_leaves_the_others_of_its_batch() -> None:
    """A row without a usable key does not cost its neighbours theirs."""
    assert source_keys([("a",), (None,), ("b\x00",), ("c",)], [0]) == ["a", None, None, "c"]


def test_key_of_several_columns_tells_its_parts_apart() -> None:
    """Parts can't run into each other, and one missing part makes the key missing."""
    rows = [("a", "b,c"), ("a,b", "c"), ("a", None)]
    assert source_keys(rows, [0, 1]) == ['["a","b,c"]', '["a,b","c"]', None]


@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=5))
def test_any_row_has_a_key_or_none_and_a_fingerprint(rows: list[tuple[object, object]]) -> None:
    """Whatever types a driver returns, keys are storable text or missing, and fingerprints are 16 stable bytes."""
    fingerprint = fingerprinter(b"digest")
    for positions in ([0], [0, 1]):
        for key in source_keys(rows, positions):
            assert key is None or (0 < len(key) <= KEY_LENGTH and "\x00" not in key and key.encode())
    for row in rows:
        assert len(fingerprint(row)) == 16
        assert fingerprint(row) == fingerprint(list(row))


def test_fingerprint_changes_with_any_value_and_with_the_mapping() -> None:
    """Each value, its place, null against blank, and the mapping's digest all count."""
    rows = [
        ("a", None),
        ("a", ""),
        (None, "a"),
        ("a", 1),
        ("a", 2**70),
        ("a", 2**70 + 1),
        ("a", "\ud800"),
        ("a", "\ud801"),
    ]
    digests = (b"one mapping", b"another mapping")
    found = {fingerprinter(digest)(row) for digest in digests for row in rows}
    assert len(found) == len(rows) * len(digests)


def test_fingerprint_outlives_the_process() -> None:
    """The fingerprint of a row is the same in every process and release, else all contacts would be sent again."""
    row = (1, "ann@example.com", None, Decimal("1.50"), dt.date(2026, 1, 31), {"b": 1, "a": 2})
    assert fingerprinter(b"digest")(row).hex() == "d9f726fce48522665269aafc9a0e075f"
