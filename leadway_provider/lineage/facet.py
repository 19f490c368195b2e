"""The provider's own run facet. docs/lineage.md has its schema.

It is imported only where OpenLineage is installed.
"""

from __future__ import annotations

from typing import Final

import attrs
from airflow.providers.common.compat.openlineage.facet import RunFacet

from leadway_provider import __version__

PRODUCER: Final = f"https://github.com/leadway-crm/leadway-provider/tree/{__version__}"
"""What makes the facets, as OpenLineage wants it to be named: the address of the code, with its version."""


@attrs.define
class ColumnUse:
    """A column of the query's result and its use.

    Attributes:
        name: the column.
        feeds: the contact field that it feeds, or None where it is not sent, such as a key that is not a field.
        origin: `columns`, `constant`, `computed` or `unresolved`.
        problem: why its source can't be determined.
    """

    name: str
    feeds: str | None
    origin: str
    problem: str | None = None


@attrs.define
class LeadwaySyncRunFacet(RunFacet):
    """What a sync did. It holds counts of rows and never a contact's data. The schema explains each attribute."""

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
