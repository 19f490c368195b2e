"""The record of one task run: what is known so far, written to the task log step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from leadway_provider.lineage.fields import ContactField, contact_fields
from leadway_provider.lineage.run import RunLineage
from leadway_provider.printable import printable
from leadway_provider.source.schemas import Schemas

if TYPE_CHECKING:
    from leadway_provider.contacts.custom_field import CustomField
    from leadway_provider.contacts.row import ContactMapping
    from leadway_provider.sync.outcome import Counts

_log: Final = structlog.get_logger(__name__)


class RunRecord:
    """Holds what is known of a run. The task keeps it, so that it is there however the run ends.

    Every step is one structured event of Airflow's task log, at level DEBUG, since other lines say the same to people.
    Events carry the sync, the run, the location, the query's fingerprint and counts, as far as they are known, and
    never a contact's data.

    Attributes:
        lineage: what is known of the run so far.
    """

    def __init__(self, lineage: RunLineage) -> None:
        self.lineage = lineage
        self._batches = 0

    def began(self, run_id: str) -> None:
        """Record the id that the state store gave the run."""
        self.lineage = replace(self.lineage, run_id=run_id)

    def mapped(
        self, columns: Sequence[str], mapping: ContactMapping, custom_fields: Sequence[CustomField], schemas: Schemas
    ) -> None:
        """Record the result's columns and what they feed.

        Args:
            columns: the names of the result's columns.
            mapping: the compiled mapping of these columns.
            custom_fields: the account's custom fields.
            schemas: where the source finds tables that the query names without a schema.
        """
        self.lineage = replace(
            self.lineage,
            columns=tuple(columns),
            fields=contact_fields(mapping, custom_fields),
            source=self.lineage.source.where(schemas),
        )

    def source(self) -> dict[str, object]:
        """Return what `mapped` recorded, as plain values that the state store can keep as JSON."""
        known = self.lineage
        return {
            "columns": known.columns,
            "schema": known.source.schemas.default,
            "found": dict(known.source.schemas.found),
            "fields": [[each.name, each.type, each.column] for each in known.fields or ()],
        }

    def resumed(self, source: Mapping[str, Any]) -> None:
        """Record what an earlier attempt recorded with `mapped`.

        Args:
            source: what `source` returned in that attempt. It is empty for a run of an older version.
        """
        if source:
            self.lineage = replace(
                self.lineage,
                columns=tuple(source["columns"]),
                fields=tuple(ContactField(*each) for each in source["fields"]),
                source=self.lineage.source.where(Schemas(source["schema"], source.get("found", {}))),
            )

    def batch(self, counts: Counts) -> None:
        """Record that a batch of source rows was compared; `counts` are those of all batches so far."""
        self._batches += 1
        self.lineage = replace(self.lineage, counts=dict(counts))
        self._log_event("leadway.batch", batch=self._batches)

    def planned(self, counts: Counts) -> None:
        """Record that the plan is complete."""
        self.lineage = replace(self.lineage, counts=dict(counts))
        columns = {printable(each.column): printable(each.name) for each in self.lineage.fields or () if each.column}
        self._log_event("leadway.plan", batches=self._batches, columns=columns)

    def ended(
        self,
        counts: Counts,
        *,
        calls: int,
        seconds: float,
        quota_limit: int | None,
        quota_remaining: int | None,
        comparison: Mapping[str, Any],
    ) -> None:
        """Record that the attempt has sent all that it could. The numbers are those of all attempts.

        Args:
            counts: rows by outcome and remark.
            calls: calls to the API.
            seconds: how long the attempts took.
            quota_limit: the account's calls a day, or None where no answer has named them.
            quota_remaining: the calls that are left of them today.
            comparison: what a comparison with the account found beside the counts.
        """
        self.lineage = replace(
            self.lineage,
            counts=dict(counts),
            calls=calls,
            seconds=round(seconds, 3),
            quota_limit=quota_limit,
            quota_remaining=quota_remaining,
            comparison=comparison,
        )

    def close(self) -> None:
        """Log the end of the attempt, however it ended."""
        known = self.lineage
        self._log_event("leadway.run", calls=known.calls, seconds=known.seconds, quota_remaining=known.quota_remaining)

    def _log_event(self, event: str, **facts: object) -> None:
        known = self.lineage
        of_run = {
            "sync": printable(known.sync),
            "run": known.run_id,
            "location": printable(known.location_id),
            "query": known.fingerprint,
        }
        _log.debug(
            event, **{name: fact for name, fact in {**of_run, **known.counts, **facts}.items() if fact is not None}
        )
