"""The check with OpenLineage's published schemas finds events that do not fit."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from tests.lineage.published import validate


@pytest.mark.parametrize(
    "broken",
    [
        {"eventTime": "yesterday at noon"},
        {"run": {"runId": "1"}},
        {"outputs": [{"namespace": "n"}]},
        {"job": {"namespace": "n", "name": "j", "facets": {"sql": {"_producer": "p", "_schemaURL": "x/SQLJobFacet"}}}},
    ],
)
def test_an_event_that_does_not_fit_is_found(broken: dict[str, Any]) -> None:
    """A time, an id, a dataset and a facet are each looked at."""
    event = {
        "eventType": "START",
        "eventTime": "2026-11-22T01:00:00Z",
        "producer": "https://example.com",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0190d1a5-7a42-7c4c-8a5e-000000000001"},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [],
        "outputs": [],
    }
    validate(event)
    with pytest.raises(jsonschema.ValidationError):
        validate(event | broken)
