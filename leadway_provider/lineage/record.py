"""The record of one task run: it grows with the run, and tells each step to the task log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from leadway_provider.lineage.fields import ContactField, contact_fields
from leadway_provider.lineage.run import RunLineage

if TYPE_CHECKING:
    from leadway_provider.contacts.custom_field import CustomField
    from leadway_provider.contacts.row import ContactMapping
    from leadway_provider.sync.outcome import Counts

_log: Final = structlog.get_logger(__name__)


class RunRecord:
    """Holds what is known of a run; kept by the task, so that it is there whichever way the run ends.

    Every step is one structured event of Airflow's task log. Events name the sync, the run, the location and the
    query's fingerprint, and carry counts; never a contact's data.
    """

    def __init__(self, lineage: RunLineage) -> None:
        self.lineage = lineage
        self._batches = 0

    def began(self, run_id: str) -> None:
        """The state store has given the run its id."""
        self.lineage = replace(self.lineage, run_id=run_id)

    def mapped(
        self, columns: Sequence[str], mapping: ContactMapping, custom_fields: Sequence[CustomField], schema: str | None
    ) -> None:
        """The query has answered, and what its columns feed is known; `schema` is the connection's default."""
        self.lineage = replace(
            self.lineage,
            columns=tuple(columns),
            fields=contact_fields(mapping, custom_fields),
            source=replace(self.lineage.source, schema=schema),
        )

    def source(self) -> dict[str, object]:
        """What `mapped` has learned, as plain facts for the state store."""
        known = self.lineage
        return {
            "columns": known.columns,
            "schema": known.source.schema,
            "fields": [[each.name, each.type, each.column] for each in known.fields or ()],
        }

    def resumed(self, source: Mapping[str, Any]) -> None:
        """An attempt before this one has learned `source`; a run of an older version has kept nothing."""
        if source:
            self.lineage = replace(
                self.lineage,
                columns=tuple(source["columns"]),
                fields=tuple(ContactField(*each) for each in source["fields"]),
                source=replace(self.lineage.source, schema=source["schema"]),
            )

    def batch(self, counts: Counts) -> None:
        """A batch of the source was compared; `counts` are those of all batches so far."""
        self._batches += 1
        self.lineage = replace(self.lineage, counts=counts.as_dict())
        self._tell("leadway.batch", batch=self._batches)

    def planned(self, counts: Counts) -> None:
        """The plan is complete."""
        self.lineage = replace(self.lineage, counts=counts.as_dict())
        columns = {each.column: each.name for each in self.lineage.fields or () if each.column}
        self._tell("leadway.plan", batches=self._batches, columns=columns)

    def ended(
        self,
        counts: Counts,
        *,
        calls: int,
        seconds: float,
        quota_limit: int | None,
        quota_remaining: int | None,
    ) -> None:
        """The attempt has sent all that it could; the numbers are those of all attempts."""
        self.lineage = replace(
            self.lineage,
            counts=counts.as_dict(),
            calls=calls,
            seconds=round(seconds, 3),
            quota_limit=quota_limit,
            quota_remaining=quota_remaining,
        )

    def close(self) -> None:
        """Tell of the run, however it ended."""
        known = self.lineage
        self._tell("leadway.run", calls=known.calls, seconds=known.seconds, quota_remaining=known.quota_remaining)

    def _tell(self, event: str, **facts: object) -> None:
        known = self.lineage
        _log.info(
            event,
            sync=known.sync,
            run=known.run_id,
            location=known.location_id,
            query=known.fingerprint,
            **known.counts,
            **facts,
        )
