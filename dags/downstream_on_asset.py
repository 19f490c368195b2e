"""Announce every sync that has changed contacts: a DAG that starts when another DAG updates an Asset.

Needs no connection. It is scheduled on the Asset that is an outlet of `warehouse_to_leadway`. A sync that changed
nothing, or rejected too many rows, makes no event of the Asset, so this DAG does not run.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, Asset, task

# The Asset has the location id of the account, as in the DAG that updates it. This one is that of `leadway sandbox`.
CONTACTS = Asset("leadway://sandbox-location/contacts")

log = logging.getLogger(__name__)

with DAG(
    dag_id="downstream_on_asset",
    description="Announce every sync that has changed contacts",
    doc_md=__doc__,
    schedule=[CONTACTS],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["leadway"],
):

    @task
    def announce(triggering_asset_events: Any = None) -> str:
        """Write a sentence about the changes. It has numbers only, because a sync reports nothing else.

        Send it with the notifier of your messenger's provider, as in `on_success_callback=[SlackNotifier(text=…)]`.
        """
        # The extra of an event is what its sync returned. If several syncs have ended since, the last one counts: each
        # reads the same rows, so a sum would count a rejected row once for each sync.
        events = sorted(triggering_asset_events[CONTACTS], key=lambda event: event.timestamp)
        report = events[-1].extra
        message = f"Leadway contacts: {report['created']:,} new, {report['updated']:,} changed."
        if rejected := report["invalid"] + report["refused"]:
            message += f" Rejected rows: {rejected:,}; see leadway rejected --run {report['run_id']}."
        if report["unknown"]:
            message += f" Sent without an answer: {report['unknown']:,}."
        if len(events) > 1:
            message += f" This is the last of {len(events)} syncs."
        log.info(message)
        return message

    announce()
