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
    def announce(triggering_asset_events: Any = None) -> str:
        """Say what changed, in a sentence for a channel; it holds numbers only, as all that a sync reports.

        Hand it on with the notifier of your messenger's provider, as in `on_success_callback=[SlackNotifier(text=…)]`.
        """
        # One event, or several where syncs came faster than this DAG; the extra of each is what its sync returned.
        reports = [event.extra for event in triggering_asset_events[CONTACTS]]

        def total(*outcomes: str) -> int:
            return sum(report[outcome] for report in reports for outcome in outcomes)

        message = f"Leadway contacts: {total('created'):,} new, {total('updated'):,} changed."
        if rejected := total("invalid", "refused"):
            message += f" Rejected rows: {rejected:,}, see run {', '.join(report['run_id'] for report in reports)}."
        if unknown := total("unknown"):
            message += f" Sent, but never answered: {unknown:,}."
        log.info(message)
        return message

    announce()
