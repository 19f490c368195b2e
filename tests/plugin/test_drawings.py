"""The outlines of plots and drawings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.plugin.lineage import draw_lineage
from leadway_provider.plugin.plot import HEIGHT, WIDTH, draw_usage
from leadway_provider.store.reading.usage import UsageSample

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def points(path: str) -> list[tuple[float, float]]:
    """The points of an SVG path."""
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def sample(second: int, seconds: float, calls: int, left: int | None) -> UsageSample:
    """A sample that ends at that second."""
    return UsageSample(BEGAN + timedelta(seconds=second), seconds, calls, calls, left)


def test_a_plot_has_a_step_for_each_sample_and_nothing_between_attempts() -> None:
    """Ten seconds at 1 and at 2 calls a second, a pause of 60 s, and 20 s at 1."""
    found = draw_usage([sample(10, 10, 10, 100), sample(20, 10, 20, 80), sample(100, 20, 20, 60)])
    assert found is not None
    assert (found.began_at, found.calls, found.most_calls) == (BEGAN, 50, 2.0)
    high, half, low = 0.0, HEIGHT / 2, float(HEIGHT)
    assert points(found.calls_path) == [
        *((0, low), (0, half), (100, half), (100, high), (200, high)),
        *((200, low), (800, low), (800, half), (1000, half), (1000, low)),
    ]
    assert points(found.quota_path) == [(100, 0), (200, HEIGHT * 0.2), (WIDTH, HEIGHT * 0.4)]
    assert (found.most_left, found.least_left) == (100, 60)


def test_without_time_there_is_no_plot() -> None:
    """Nor a line of a quota that no answer named."""
    assert draw_usage([]) is None
    assert draw_usage([sample(0, 0, 5, 1)]) is None
    found = draw_usage([sample(10, 10, 0, None)])
    assert found is not None
    assert (found.quota_path, found.most_left) == ("", None)


def test_a_line_joins_each_column_with_its_fields() -> None:
    """Two columns, one of which feeds two fields, and a constant."""
    pairs = [
        MappedColumn("mail", "email", "email"),
        MappedColumn("name", "first_name", "firstName"),
        MappedColumn("name", "custom.Nick", "customFields.x"),
        MappedColumn(None, "source", "source"),
    ]
    found = draw_lineage(pairs)
    assert found is not None
    assert [(each.text, each.is_constant) for each in found.columns] == [
        ("mail", False),
        ("name", False),
        ("a constant", True),
    ]
    places = {each.y: each.text for each in found.columns}, {each.y: each.text for each in found.fields}
    joined = [(places[0][left], places[1][right]) for left, right in found.lines]
    assert joined == [("mail", "email"), ("name", "first_name"), ("name", "custom.Nick"), ("a constant", "source")]
    assert draw_lineage([]) is None
