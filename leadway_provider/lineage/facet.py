"""The run facet of the project's own; docs/lineage.md has its schema. Imported only beside OpenLineage."""

from __future__ import annotations

import attrs
from airflow.providers.common.compat.openlineage.facet import RunFacet


@attrs.define
class ColumnUse:
    """A column of the query's result, and what becomes of it.

    Attributes:
        name: the column.
        feeds: the contact field that it feeds, or None where it is not sent, as a key that is no field.
        origin: `columns`, `constant`, `computed` or `unresolved`.
        problem: why its source can't be told.
    """

    name: str
    feeds: str | None
    origin: str
    problem: str | None = None


@attrs.define
class LeadwaySyncRunFacet(RunFacet):
    """What a sync did: counts of rows, never a contact's data."""

    sync: str
    locationId: str  # noqa: N815 - facets are written in camelCase
    source: str
    queryFingerprint: str  # noqa: N815 - the same
    key: list[str]
    runId: str | None = None  # noqa: N815 - the same
    counts: dict[str, int] = attrs.field(factory=dict)
    calls: int | None = None
    seconds: float | None = None
    dailyQuota: int | None = None  # noqa: N815 - the same
    dailyQuotaRemaining: int | None = None  # noqa: N815 - the same
    columns: list[ColumnUse] = attrs.field(factory=list)
    constants: list[str] = attrs.field(factory=list)
    problem: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return "urn:leadway-provider:facets:1-0-0:LeadwaySyncRunFacet"
