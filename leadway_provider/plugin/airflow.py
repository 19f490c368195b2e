"""The Airflow plugin: it mounts the page in the API server, and names the places in the UI that show it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from airflow.plugins_manager import AirflowPlugin

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
"""An ASGI application, and what it is called with."""

PREFIX: Final = "/leadway"
"""Where the page is mounted in the API server."""


class _Page:
    """The page as an ASGI application that is made at its first request, in a thread so that others are answered.

    Airflow loads plugins in every process, schedulers and workers included, which never show a page.
    """

    _app: Application | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = await asyncio.to_thread(_make)
        await self._app(scope, receive, send)


def _make() -> Application:
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - see `_Page`

    from leadway_provider.hooks.configuration import configured_app_url  # noqa: PLC0415 - the same
    from leadway_provider.plugin.access import airflow_visitor  # noqa: PLC0415 - the same
    from leadway_provider.plugin.app import create_app  # noqa: PLC0415 - the same
    from leadway_provider.plugin.state import configured_state, configured_syncs  # noqa: PLC0415 - the same

    return create_app(
        configured_state,
        configured_syncs,
        airflow_visitor,
        secret=conf.get_mandatory_value("api", "secret_key"),
        app_url=configured_app_url(),
    )


class LeadwayPlugin(AirflowPlugin):
    """The page: in the navigation, and beside each DAG run and task instance."""

    name = "leadway"
    fastapi_apps = [  # noqa: RUF012 - as Airflow's class has it
        {"app": _Page(), "url_prefix": PREFIX, "name": "Leadway"},
    ]
    external_views = [  # noqa: RUF012 - the same
        {"name": "Leadway", "href": f"{PREFIX}/", "destination": "nav", "category": "browse", "url_route": "leadway"},
        {
            "name": "Leadway",
            "href": f"{PREFIX}/dag-runs/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "leadway_dag_run",
        },
        {
            "name": "Leadway",
            "href": f"{PREFIX}/task-runs/{{DAG_ID}}/{{RUN_ID}}/{{TASK_ID}}/{{MAP_INDEX}}",
            "destination": "task_instance",
            "url_route": "leadway_task_instance",
        },
    ]
