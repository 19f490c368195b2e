"""Where a contact's field comes from, as the runs' OpenLineage events report it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.table import Table

_EFFECTS = {
    ("DIRECT", "IDENTITY"): "is the value",
    ("DIRECT", "TRANSFORMATION"): "goes into the value through an expression",
    ("DIRECT", "AGGREGATION"): "goes into the value through an aggregate",
    ("INDIRECT", "CONDITIONAL"): "decides which value is taken",
    ("INDIRECT", "WINDOW"): "sorts or groups",
}


def lineage_table(events: Path, field: str) -> Table:
    """Return a table of the source columns that a field is made from, and the effect of each.

    Args:
        events: the file of events, one in each line.
        field: a field of the contact, as the query names it.
    """
    lineage = _contacts(events)["facets"]["columnLineage"]["fields"][field]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for source in lineage["inputFields"]:
        effects = [_EFFECTS[each["type"], each["subtype"]] for each in source["transformations"]]
        table.add_row(f"  {field} ← {source['name']}.{source['field']}", " and ".join(effects))
    return table


def _contacts(events: Path) -> dict[str, Any]:
    """Return the dataset that the last sync wrote to."""
    for line in reversed(events.read_text(encoding="utf-8").splitlines()):
        event = json.loads(line)
        if event["eventType"] == "COMPLETE" and "leadwaySync" in event["run"]["facets"]:
            dataset: dict[str, Any] = event["outputs"][0]
            return dataset
    raise LookupError(f"{events} has no completed run of a sync.")
