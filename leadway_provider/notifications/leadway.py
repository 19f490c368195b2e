"""The notifier: tells people of a sync when a condition is first met, and when it recovers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from airflow.providers.common.compat.sdk import BaseNotifier
from asgiref.sync import sync_to_async

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import ConfigurationError, LeadwayError
from leadway_provider.notifications.conditions import COMPARED_RUNS, Condition, Facts, Finding
from leadway_provider.notifications.occasion import Occasion
from leadway_provider.notifications.summary import Summary

if TYPE_CHECKING:
    from airflow.sdk import Context

    from leadway_provider.store.reading.runs import RunSummary
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.store.state import StateStore

Through: TypeAlias = "BaseNotifier | Callable[[Summary], object]"
"""What a message is sent through."""

_FAILED: Final = "failed"
"""The condition that every notifier has: the task or the DAG run has failed."""
_LONGEST_NAME: Final = 64


class LeadwayNotifier(BaseNotifier):
    """Tells people of a sync when a condition is first met, and once more when it recovers; not in every run.

    It is for the `on_failure_callback` and `on_success_callback` of a task or of a DAG (give it to both, so that it can
    tell of a recovery), and for the callback of a deadline. The state store keeps what it has told. That the task has
    failed is always a condition; `conditions` adds others.

        alert = LeadwayNotifier(
            through=SlackNotifier(text="{{ leadway.text }}"), conditions=[RejectedShare(0.05), QuotaLeft(0.1)]
        )
        LeadwayUpsertContactsOperator(..., on_failure_callback=alert, on_success_callback=alert)

    A message is stored as told after it was sent, so one that could not be sent is sent again with the next run.

    Args:
        through: another notifier, whose template fields may use `leadway`, a `Summary`; or a function that takes one.
        conditions: when people are told; see `leadway_provider.notifications.conditions`.
        sync_name: the sync; unless given, those that the task, or the DAG run, has written to. Templated.
        state_conn_id: where the state is kept; unless given, that of the task, or the configured one. Templated.
        name: distinguishes notifiers of one sync, since each tells for itself; unless given, what `through` is called.
        context: Airflow's context, where Airflow awaits the notifier.
        clock: the present.

    Raises:
        ConfigurationError: `through`, `conditions` or `name` can't be used; the message names the argument.
    """

    template_fields: Sequence[str] = ("sync_name", "state_conn_id")

    def __init__(
        self,
        through: Through,
        *,
        conditions: Sequence[Condition] = (),
        sync_name: str | None = None,
        state_conn_id: str | None = None,
        name: str | None = None,
        context: Context | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(**({} if context is None else {"context": context}))
        if not callable(through):
            raise ConfigurationError(
                f"through of LeadwayNotifier is {through!r}; give a notifier or a function that takes a Summary."
            )
        if wrong := [each for each in conditions if not callable(getattr(each, "found", None))]:
            raise ConfigurationError(
                f"conditions of LeadwayNotifier has {wrong[0]!r}; give values of "
                "leadway_provider.notifications.conditions, such as RejectedShare(0.05)."
            )
        self.through = through
        self.conditions = tuple(conditions)
        self.sync_name = sync_name
        self.state_conn_id = state_conn_id
        self.name: str = name or str(getattr(through, "__name__", type(through).__name__))
        if len(self.name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"name of LeadwayNotifier is {self.name!r}; give at most {_LONGEST_NAME} characters."
            )
        self._clock = clock

    def notify(self, context: Mapping[str, Any]) -> None:
        """Send what is new, a message for each sync.

        Raises:
            LeadwayError: the state store can't be read, and nothing has failed. If something has, a message says both.
        """
        from leadway_provider.hooks.database import open_state  # noqa: PLC0415 - a DAG file needs no SQLAlchemy

        occasion = Occasion.of(context)
        task = context.get("task")
        try:
            with closing(open_state(self.state_conn_id or getattr(task, "state_conn_id", None))) as state:
                found = False
                for sync in self._syncs(state, occasion):
                    found = True
                    self._tell_of(sync, state, occasion, context)
        except LeadwayError as error:
            if occasion.failure is None:
                raise
            unread = f"no other condition was checked, because the state store can't be used: {error}"
            self._send(self._of_unknown(occasion, unread), context)
            return
        if not found and occasion.failure:
            self._send(self._of_unknown(occasion), context)

    async def async_notify(self, context: Mapping[str, Any]) -> None:
        """Do the same where Airflow awaits it, as for a deadline in the triggerer."""
        await sync_to_async(self.notify, thread_sensitive=False)(context)

    def _syncs(self, state: StateStore, occasion: Occasion) -> list[SyncRecord]:
        reader = state.reader()
        return reader.syncs().known(self.sync_name) if self.sync_name else occasion.syncs(reader)

    def _tell_of(self, sync: SyncRecord, state: StateStore, occasion: Occasion, context: Mapping[str, Any]) -> None:
        facts = self._facts(sync, state)
        findings = dict(self._findings(facts, occasion))
        before = state.alerts().met(sync.id, self.name)
        met = {name: found.says for name, found in findings.items() if found.met and name not in before}
        recovered = {name: found.says for name, found in findings.items() if not found.met and name in before}
        if not met and not recovered:
            return
        run = facts.run
        summary = Summary(
            sync=sync.name,
            location_id=sync.location_id,
            met=tuple(met.values()),
            recovered=tuple(recovered.values()),
            run_id=run.id if run else None,
            counts=run.counts if run else MappingProxyType({}),
            links=_links(occasion),
        )
        self._send(summary, context)
        state.alerts().keep(sync.id, self.name, met=met.keys(), recovered=recovered.keys())

    def _findings(self, facts: Facts, occasion: Occasion) -> Iterator[tuple[str, Finding]]:
        if occasion.failure:
            yield _FAILED, Finding(met=True, says=occasion.failure)
        elif occasion.succeeded:
            yield _FAILED, Finding(met=False, says="the task or the DAG run has succeeded again")
        for condition in self.conditions:
            if found := condition.found(facts):
                yield repr(condition), found

    def _facts(self, sync: SyncRecord, state: StateStore) -> Facts:
        reader, alerts = state.reader(), state.alerts()
        run = _last_run(reader.runs().of_sync(sync.id, limit=COMPARED_RUNS).records)
        quotas = (
            each for each in reader.quotas().all() if (each.host, each.location_id) == (sync.host, sync.location_id)
        )
        return Facts(
            run=run,
            rows_read=alerts.rows_read(sync.id, run.started_at, COMPARED_RUNS) if run else (),
            waiting=reader.syncs().waiting(sync.id),
            quota=next(quotas, None),
            last_finished_at=alerts.last_finished_at(sync.id),
            now=self._clock.now(),
        )

    def _of_unknown(self, occasion: Occasion, *more: str) -> Summary:
        """Return what is said of a failure where it is not known which syncs it is about."""
        name = self.sync_name or occasion.name
        return Summary(name, None, (occasion.failure or "", *more), (), links=_links(occasion))

    def _send(self, summary: Summary, context: Mapping[str, Any]) -> None:
        if isinstance(self.through, BaseNotifier):
            # A notifier renders its templates in place, which is possible once only.
            copy.copy(self.through)({**context, "leadway": summary})
        else:
            self.through(summary)


def _last_run(newest_first: Sequence[RunSummary]) -> RunSummary | None:
    from leadway_provider.store.tables import RunStatus  # noqa: PLC0415 - a DAG file needs no SQLAlchemy

    return next((run for run in newest_first if run.status is not RunStatus.DRY_RUN), None)


def _links(occasion: Occasion) -> dict[str, str]:
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - only a message needs it

    links = {"Log": occasion.log_url} if occasion.log_url else {}
    base = conf.get("api", "base_url", fallback="")
    if base and occasion.dag_id and occasion.run_id:
        links["Runs"] = f"{base.rstrip('/')}/dags/{occasion.dag_id}/runs/{occasion.run_id}/plugin/leadway_dag_run"
    return links
