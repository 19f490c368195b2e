"""Every week, tag the best customers in Leadway: plain `@task` functions that call the CRM through `LeadwayHook`.

Needs Airflow 3.3 or later for the retry policy, and two connections: `warehouse` and `leadway_default`. Use the hook
for work that is not a sync, such as finding and tagging contacts. To turn rows into contacts, use the operator: it
compares, resumes and counts every row.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, BaseHook, task

from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.retry import LeadwayRetryPolicy

BEST = """
    SELECT email
    FROM customers
    WHERE email LIKE '%_@_%'
    ORDER BY lifetime_value DESC, customer_id
    LIMIT 20
"""
TAG = "best-customer"  # a campaign of the CRM can start on it

log = logging.getLogger(__name__)

with DAG(
    dag_id="taskflow_hook",
    description="Tag the best customers, with plain tasks and the hook",
    doc_md=__doc__,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Without the policy, Airflow would also try again what can't succeed, such as a call with a token that was revoked.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5), "retry_policy": LeadwayRetryPolicy()},
    tags=["leadway"],
):

    @task
    def find() -> list[str]:
        """Return the contact ids of the best customers that the account has; no contact is created."""
        emails = [email for (email,) in BaseHook.get_hook("warehouse").get_records(BEST)]
        # The calls of one hook share a connection, and keep to the account's quota together.
        with LeadwayHook("leadway_default") as hook:
            found = [hook.find_duplicate(email=email) for email in emails]
        # The next task gets ids and no e-mails, because XCom is stored and many people can read it.
        ids = [contact.id for contact in found if contact and TAG not in contact.tags]
        log.info("%d of %d customers are in the account without the tag", len(ids), len(emails))
        return ids

    @task
    def tag(contact_ids: list[str]) -> int:
        """Tag the contacts, and return their number; a retry does no harm, because tagging twice changes nothing.

        The hook reports the write to Airflow, so OpenLineage shows the account's contacts as this task's output.
        """
        with LeadwayHook("leadway_default") as hook:
            for contact_id in contact_ids:
                hook.add_tags(contact_id, [TAG])
        return len(contact_ids)

    tag(find())  # type: ignore[arg-type]  # Airflow hands the list over, once there is one
