"""Where the page shows a run, and the extra links of a task instance; the worker makes them when an attempt ends."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from leadway_provider.hooks.configuration import configured_app_url
from leadway_provider.links.addresses import contacts_url

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def run_url(run_id: str) -> str:
    """Return the address of a run's page in this Airflow."""
    return _page("runs", run_id)


class RunLink(BaseOperatorLink):
    """To the run's page."""

    name = "Leadway run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's interface
        """Return the address in this Airflow that leads to the run of a task instance."""
        map_index = -1 if ti_key.map_index is None else ti_key.map_index
        return _page("task-runs", ti_key.dag_id, ti_key.run_id, ti_key.task_id, str(map_index))


class ContactsLink(BaseOperatorLink):
    """To the contacts of the task's account in the CRM's app."""

    name = "Leadway contacts"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's interface
        """Return the address; empty, so that Airflow shows no link, where the app or the account is not known."""
        app_url, location_id = configured_app_url(), getattr(operator, "written_location_id", None)
        return contacts_url(app_url, location_id) if app_url and location_id else ""


def _page(*parts: str) -> str:
    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return "/".join([f"{base}/leadway", *(quote(each, safe="") for each in parts)])
