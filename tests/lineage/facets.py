"""Checks that the OpenLineage client's own classes take the facets of an event."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from airflow.providers.common.compat.openlineage import facet as standard
from openlineage.client import facet_v2
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

CLASSES: Mapping[str, type] = {
    "columnLineage": standard.ColumnLineageDatasetFacet,
    "dataQualityAssertions": facet_v2.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
    "schema": standard.SchemaDatasetFacet,
    "outputStatistics": standard.OutputStatisticsOutputDatasetFacet,
    "sql": standard.SQLJobFacet,
    "errorMessage": standard.ErrorMessageRunFacet,
}


def rebuild(event: Mapping[str, Any]) -> RunEvent:
    """Return the event made of the client's classes, which refuse unknown attributes."""
    run, job = event["run"], event["job"]
    return RunEvent(
        eventType=RunState[event["eventType"]],
        eventTime=event["eventTime"],
        run=Run(runId=run["runId"], facets=dict(_facets(run["facets"]))),
        job=Job(namespace=job["namespace"], name=job["name"], facets=dict(_facets(job["facets"]))),
        inputs=[
            InputDataset(
                each["namespace"],
                each["name"],
                facets=dict(_facets(each["facets"])),
                inputFacets=dict(_facets(each.get("inputFacets", {}))),
            )
            for each in event["inputs"]
        ],
        outputs=[
            OutputDataset(
                each["namespace"],
                each["name"],
                facets=dict(_facets(each["facets"])),
                outputFacets=dict(_facets(each["outputFacets"])),
            )
            for each in event["outputs"]
        ],
        producer=event["producer"],
    )


def _facets(facets: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in facets.items():
        if name in CLASSES:
            facet = _instance(CLASSES[name], {key: inner for key, inner in value.items() if not key.startswith("_")})
            assert facet._schemaURL == value["_schemaURL"]
            yield name, facet


def _instance(kind: Any, value: Any) -> Any:
    """Return a value of that type: an attrs class, or a list, dict or optional of them."""
    if attrs.has(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _instance(hints[name], inner) for name, inner in value.items()})
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType) and value is not None:
        return _instance(arguments[0], value)
    if origin is list:
        return [_instance(arguments[0], each) for each in value]
    if origin is dict:
        return {name: _instance(arguments[1], each) for name, each in value.items()}
    return value
