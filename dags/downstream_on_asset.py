"""Whenever a sync has changed contacts, tell it: a DAG that another one's result starts, without knowing that DAG.

Needs no connection. It follows the Asset that `warehouse_to_leadway` names as its outlet; a sync that changed nothing,
or rejected too many rows, makes no event of it, and so no run here.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, Asset, task

# The same name and URI as in the DAG that writes it: an Asset is known by both.
CONTACTS = Asset(name="leadway_contacts", uri="leadway://leadway_default/contacts")

log = logging.getLogger(__name__)

with DAG(
    dag_id="downstream_on_asset",
    schedule=[CONTACTS],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["leadway"],
):

    @task
    def announce(triggering_asset_events: Any) -> str:
        """Say what changed, in a sentence for a channel; it holds numbers only, as all that a sync reports.

        Hand it on with the notifier of your messenger's provider, as in `on_success_callback=[SlackNotifier(text=…)]`.
        """
        # As many as there were since this DAG ran last. Each event's extra is what the sync returned.
        reports = [event.extra for event in triggering_asset_events[CONTACTS]]

        def total(*names: str) -> int:
            return sum(report[name] for report in reports for name in names)

        message = f"Leadway: {total('created'):,} new contacts, {total('updated'):,} changed."
        if left_out := total("invalid", "refused"):
            message += f" {left_out:,} rows need a look: {', '.join(report['run_id'] for report in reports)}."
        if unsure := total("unknown"):
            message += f" {unsure:,} may or may not have arrived."
        log.info(message)
        return message

    announce()
