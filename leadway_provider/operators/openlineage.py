"""What Airflow's OpenLineage provider calls on the operator, whose modules parsing a DAG must not load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadway_provider.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from leadway_provider.lineage.record import RunRecord
    from leadway_provider.sync.request import SyncRequest


class OpenLineageMethods:
    """Tells OpenLineage what a task has read and written, as far as it is known."""

    record: RunRecord | None
    """What is known of the task's run; None before it has begun."""

    @property
    def request(self) -> SyncRequest:
        """What the task asks for; see the operator."""
        raise NotImplementedError

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Return what OpenLineage is told before the task runs: what its query and connections say."""
        from leadway_provider.operators.lineage import openlineage_facets  # noqa: PLC0415 - heavy

        return openlineage_facets(self._valid_request(), self.record)

    def get_openlineage_facets_on_complete(self, ti: object) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - Airflow's interface
        """Return the same with the live result's columns and the run's counts."""
        from leadway_provider.operators.lineage import openlineage_facets  # noqa: PLC0415 - heavy

        return openlineage_facets(self._valid_request(), self.record)

    def get_openlineage_facets_on_failure(self, ti: object) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - Airflow's interface
        """Return the same, as far as the run got."""
        from leadway_provider.operators.lineage import openlineage_facets_of_failure  # noqa: PLC0415 - heavy

        return openlineage_facets_of_failure(self._valid_request(), self.record)

    def _valid_request(self) -> SyncRequest | None:
        """Return the request, or None where the task fails because of it."""
        try:
            return self.request
        except ConfigurationError:
            return None
