"""Every week, tag the best customers in Leadway: plain `@task` functions that talk to the CRM through `LeadwayHook`.

Needs two connections: `warehouse` and `leadway_default`. It is the way for what is no sync: look a contact up, tag it.
Rows that become contacts are the operator's business, which compares, resumes and accounts for every one.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, BaseHook, task

from leadway_provider.hooks.leadway import LeadwayHook

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
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):

    @task
    def find() -> list[str]:
        """The ids of those best customers whom the account has; it doesn't make new ones."""
        emails = [email for (email,) in BaseHook.get_hook("warehouse").get_records(BEST)]
        # One hook for all: its calls share a connection and keep to the account's quota together.
        with LeadwayHook("leadway_default") as hook:
            found = [hook.find_duplicate(email=email) for email in emails]
        # Ids go to the next task, and no e-mail address: XCom is kept, and many may read it.
        ids = [contact.id for contact in found if contact and TAG not in contact.tags]
        log.info("Of %d customers %d are in the account and have yet to be tagged", len(emails), len(ids))
        return ids

    @task
    def tag(contact_ids: list[str]) -> int:
        """Tag them; doing it again changes nothing, so a retry needs no care.

        The hook tells Airflow what it wrote to: OpenLineage shows the account's contacts as this task's output.
        """
        with LeadwayHook("leadway_default") as hook:
            for contact_id in contact_ids:
                hook.add_tags(contact_id, [TAG])
        return len(contact_ids)

    tag(find())  # type: ignore[arg-type]  # Airflow hands the list over, once there is one
