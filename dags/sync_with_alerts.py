"""Every day: sync, verify that everything has arrived, and tell somebody when something is first wrong or right again.

Needs two connections, `warehouse` and `leadway_default`. To send the messages, put a notifier in place of `tell`, such
as `SlackNotifier(slack_conn_id="slack", text="{{ leadway.text }}")`.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from leadway_provider.notifications.conditions import QuotaLeft, RejectedShare, RowsReadDeviate, RowsWait
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.notifications.summary import Summary
from leadway_provider.policies import GuardPolicy
from leadway_provider.task_groups import leadway_sync

log = logging.getLogger(__name__)


def tell(summary: Summary) -> None:
    """Write the message into the task's log. It has counts and no contact's value."""
    log.warning(summary.text)


with DAG(
    dag_id="sync_with_alerts",
    description="Sync, verify, and tell people of what is new",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    leadway_sync(
        "customers",
        sql_conn_id="warehouse",
        sql="""
            SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
            FROM customers
            ORDER BY updated_at
        """,
        key="customer_id",
        leadway_conn_id="leadway_default",
        max_rejected=0.05,
        guards=GuardPolicy(max_repeated=0.05),  # this warehouse has some customers more than once
        # Told once when it is first so, and once when it is over. That a task has failed is always told.
        alert=LeadwayNotifier(
            tell,
            conditions=[
                RejectedShare(0.02),  # earlier than max_rejected, which fails the task
                RowsWait(timedelta(hours=12)),
                RowsReadDeviate(0.3),
                QuotaLeft(0.1),
            ],
        ),
    )
