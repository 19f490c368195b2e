"""Every hour, send the customers that changed since the last run to Leadway.

This is for a table that is too large to read whole. Needs two connections, `warehouse` and `leadway_default`, and an
indexed column with the time of a row's last change.

No gap is left, because each run reads on where the last one ended: `:since` is the `:until` of the sync's last run that
had read its part of the table and stored what it plans to send. If an hour fails before that, is skipped, or is missed
while the DAG is paused, the next run reads it too. What was planned and could not be delivered is delivered by the next
run. The first run reads the whole table. `leadway state reset` lets the next run do so again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import GuardPolicy

# :since and :until are bound as text in UTC, such as 2026-11-02 06:00:00+00:00. The first run's :since is
# 1970-01-01 00:00:00+00:00. Each database has its own way to read this as a time, in any time zone of the session:
#   SQLite            datetime(:since)                      text like 2026-11-02 06:00:00, in UTC
#   PostgreSQL        CAST(:since AS timestamptz)           a column with time zone
#   PostgreSQL        CAST(:since AS timestamp)             one without, in UTC
#   MariaDB, MySQL    CAST(LEFT(:since, 19) AS datetime)    a DATETIME in UTC
# Without that, the text is compared as text, and SQLite would put a row of exactly six o'clock into the hour before.
CHANGED = """
    SELECT
        customer_id,
        email,
        first_name,
        last_name,
        mobile         AS phone,
        country,
        lifetime_value AS "custom.Lifetime Value"
    FROM customers
    WHERE updated_at >= datetime(:since) AND updated_at < datetime(:until)
    ORDER BY updated_at
"""

with DAG(
    dag_id="incremental_by_updated_at",
    description="Send the customers that changed in the last hour to Leadway",
    doc_md=__doc__,
    # With "@hourly", Airflow 3 gives a run no data interval by default. This timetable gives each run an hour of its
    # own, so that a backfill of an older day reads the hours of that day again, and nothing else.
    schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),
    catchup=False,  # one run reads all missed hours
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_changed_customers",
        sql_conn_id="warehouse",
        sql=CHANGED,
        key="customer_id",
        incremental=True,  # an absent row has not changed: it has not departed
        # A row may be committed or loaded after the run that read the hour of its timestamp. So each run reads six
        # hours more. That costs no calls, because unchanged rows are not sent.
        overlap=timedelta(hours=6),
        leadway_conn_id="leadway_default",
        # An invalid row is read again when it is corrected, because that changes updated_at. A row that the API refused
        # is tried again by the next five runs, although they don't read it.
        max_rejected=0.05,
        guards=GuardPolicy(max_repeated=100),  # an hour may have so few rows that a share of them says little
    )
