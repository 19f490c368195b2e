"""The operator that lists an agency's accounts, so that a task can be mapped over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.operators.failure import FramesHidden
from leadway_provider.words import counted

if TYPE_CHECKING:
    from airflow.sdk import Context


class LeadwayListLocationsOperator(BaseOperator):
    """List the accounts of an agency in which its app is installed, for tasks that are mapped over them.

        locations = LeadwayListLocationsOperator(task_id="locations", leadway_conn_id="leadway_agency")
        LeadwayUpsertContactsOperator.partial(
            task_id="sync", map_index_template="{{ task.location_id }}", …
        ).expand(location_id=locations.output)

    Returns the location ids, sorted, so that the same accounts are the same list.

    Args:
        leadway_conn_id: a connection of type `leadway` whose extra `auth` is `agency`; its app needs the scope
            `oauth.readonly`.

    Raises:
        AirflowFailException: the connection is not an agency's, or a person must correct something else.
        TransientError: the API can't be reached.
    """

    template_fields: Sequence[str] = ("leadway_conn_id",)
    ui_color = "#d9efe5"

    def __init__(self, *, leadway_conn_id: str = "leadway_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.leadway_conn_id = leadway_conn_id

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002 - Airflow's interface
        """List them; see the class."""
        with FramesHidden():
            try:
                with LeadwayHook(self.leadway_conn_id) as hook:
                    found = hook.installed_locations()
            except ConfigurationError as error:
                raise AirflowFailException(str(error)) from None
        self.log.info("The app is installed in %s", counted(len(found), "account"))
        return sorted(each.id for each in found)
