"""Validates OpenLineage events with the JSON schemas that OpenLineage publishes, and with this provider's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
from referencing import Registry, Resource

from leadway_provider.lineage.facet import PRODUCER

FOLDER: Final = Path(__file__).parent / "openlineage"
PAGE: Final = Path(__file__).parents[2] / "docs" / "lineage.md"
PUBLISHED: Final[Mapping[str, dict[str, Any]]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")
}
OWN: Final[dict[str, Any]] = json.loads(
    re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
)
REGISTRY: Final[Any] = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in (*PUBLISHED.values(), OWN)]
)
FORMATS: Final = jsonschema.FormatChecker()
FORMATS.checks("date-time", raises=ValueError)(datetime.fromisoformat)
FORMATS.checks("uri")(lambda text: bool(urlsplit(text).scheme))


def validate(event: Mapping[str, Any]) -> None:
    """Raise an error unless an event and each of its facets fit their published schemas."""
    _validate(event, f"{PUBLISHED['OpenLineage']['$id']}#/$defs/RunEvent")
    for facet in facets(event):
        name = re.split(r"[/:]", facet["_schemaURL"])[-1]
        if name == OWN["title"]:
            _validate(facet, OWN["$id"])
        elif name in PUBLISHED:
            _validate(facet, f"{PUBLISHED[name]['$id']}#/$defs/{name}")
        else:  # a facet of Airflow's own, whose schema OpenLineage does not publish
            assert facet["_producer"] != PRODUCER, facet["_schemaURL"]


def facets(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every facet of an event."""
    for part in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from (part.get(kind) or {}).values()


def _validate(value: Any, reference: str) -> None:
    jsonschema.Draft202012Validator({"$ref": reference}, registry=REGISTRY, format_checker=FORMATS).validate(value)
