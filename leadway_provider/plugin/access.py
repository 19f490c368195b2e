"""Who may look at the page and act on it: Airflow authenticates a visitor, and its permissions on DAGs decide."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.dag import DagModel
from airflow.models.log import Log
from airflow.providers.common.compat.sdk import conf
from airflow.utils.session import create_session
from fastapi import Depends

from leadway_provider.plugin.visit import NextRun, Visitor


class AirflowVisitor:
    """A user of Airflow."""

    def __init__(self, user: BaseUser) -> None:
        self._user = user

    @property
    def id(self) -> str:
        """See `Visitor.id`."""
        return str(self._user.get_id())

    def readable(self, dag_ids: Collection[str]) -> set[str]:
        """See `Visitor.readable`."""
        return self._allowed("GET", dag_ids)

    def editable(self, dag_ids: Collection[str]) -> set[str]:
        """See `Visitor.editable`."""
        return self._allowed("PUT", dag_ids)

    def _allowed(self, method: Literal["GET", "PUT"], dag_ids: Collection[str]) -> set[str]:
        """Ask for each DAG as Airflow's own API does."""
        manager = get_auth_manager()
        # Without teams, Airflow's API names none; asking for the team of each DAG would be a query each.
        has_teams = conf.getboolean("core", "multi_team", fallback=False)
        return {
            dag_id
            for dag_id in set(dag_ids)
            if manager.is_authorized_dag(
                method=method,
                details=DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id) if has_teams else None),
                user=self._user,
            )
        }

    def next_runs(self, dag_ids: Collection[str]) -> dict[str, NextRun]:
        """See `Visitor.next_runs`."""
        with create_session() as session:
            found = session.query(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
            return {
                dag_id: NextRun(at=None if is_paused else at, is_paused=is_paused)
                for dag_id, is_paused, at in found.filter(DagModel.dag_id.in_(set(dag_ids)))
            }

    def record(self, dag_id: str, event: str) -> None:
        """See `Visitor.record`."""
        with create_session() as session:
            session.add(Log(event=event, dag_id=dag_id, owner=self._user.get_name()))


def airflow_visitor(user: Annotated[BaseUser, Depends(get_user)]) -> Visitor:
    """Return the visitor of a request; Airflow answers 401 where nobody is logged in."""
    return AirflowVisitor(user)
