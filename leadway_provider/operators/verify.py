"""The operator that checks, after a sync, that everything it planned has reached the account."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from leadway_provider.exceptions import AccountingError, ConfigurationError
from leadway_provider.operators.failure import FramesHidden
from leadway_provider.sync.outcome import RowState
from leadway_provider.words import counted

if TYPE_CHECKING:
    from airflow.sdk import Context


class LeadwayVerifyOperator(BaseOperator):
    """Checks in the state store that a run has ended as it should; it reads no source and calls no API.

    That is so where the run is finished, its outcomes add up to the rows read and carried, and no row waits that was
    planned. Refused rows don't count: `max_rejected` of the sync decides on them. A dry run only has to add up.

    Args:
        run_id: the run, from the sync's report: `"{{ ti.xcom_pull(task_ids='sync')['run_id'] }}"`. Templated.
        state_conn_id: where the state is kept, as for the sync. Templated.

    Raises:
        AirflowFailException: the run has not ended as it should.
        StateUnavailableError: the state store can't be reached.
    """

    template_fields: Sequence[str] = ("run_id", "state_conn_id")
    ui_color = "#d9efe5"

    def __init__(self, *, run_id: str, state_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.state_conn_id = state_conn_id

    def execute(self, context: Context) -> dict[str, int | str]:  # noqa: ARG002 - Airflow's interface
        """Check the run, and return its counts."""
        with FramesHidden():
            try:
                return self._verified()
            except (AccountingError, ConfigurationError) as error:
                raise AirflowFailException(str(error)) from None

    def _verified(self) -> dict[str, int | str]:
        from leadway_provider.hooks.database import open_state_for_reading  # noqa: PLC0415 - heavy
        from leadway_provider.operators.report import in_words  # noqa: PLC0415 - the same
        from leadway_provider.store.tables import RunStatus  # noqa: PLC0415 - the same

        with closing(open_state_for_reading(self.state_conn_id)) as reader:
            run = reader.runs().one(self.run_id)
            waiting = reader.syncs().waiting(run.sync_id) if run else []
        if run is None:
            raise ConfigurationError(
                f"The state store has no run {self.run_id!r}. Let run_id and state_conn_id of task {self.task_id} be "
                "those of the sync."
            )
        run.counts.verify()
        rows = sum(each.rows for each in waiting if each.state is not RowState.REFUSED)
        if run.status is not RunStatus.DRY_RUN and (rows or run.status is not RunStatus.FINISHED):
            raise AirflowFailException(
                f"Run {run.id} is {run.status.replace('_', ' ')}, and the sync has {counted(rows, 'row')} that wait. "
                "Let it run again: it continues with them."
            )
        self.log.info("Run %s has ended as it should: %s", run.id, in_words(run.counts))
        return {**run.counts, "run_id": run.id}
