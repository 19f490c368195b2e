"""Every hour, bring the customers that changed in that hour into Leadway: for a table too large to read whole.

Needs two connections, `warehouse` and `leadway_default`, and a column that moves whenever a row changes, with an index.

The first load: trigger the DAG by hand with `{"since": "2019-01-01"}`. So is any stretch of time read once more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

# The bounds are bound, not formatted in. A template makes text of them, such as 2026-11-02 06:00:00+00:00, and each
# database has its own way to take that for a moment, whatever the time zone of the session:
#   SQLite            datetime(:since)                      text like 2026-11-02 06:00:00, in UTC
#   PostgreSQL        CAST(:since AS timestamptz)           a column with time zone
#   PostgreSQL        CAST(:since AS timestamp)             one without, in UTC
#   MariaDB, MySQL    CAST(LEFT(:since, 19) AS datetime)    a DATETIME in UTC
# Compared as it is, the text does by luck: SQLite would count a row of six o'clock sharp to the hour before.
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
    # Not just "@hourly": whether that has data intervals is for `[scheduler] create_cron_data_intervals` to say, and as
    # Airflow 3 comes it has not: both bounds would be one moment. This timetable has them in every installation.
    schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),  # every hour from here on has its run: write the day you begin
    catchup=True,  # no later run looks at an hour that was missed; rows are read as they are now, so none goes back
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={"since": Param(None, type=["null", "string"], format="date", description="Read from this day on (UTC).")},
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_changed_customers",
        sql_conn_id="warehouse",
        sql=CHANGED,
        parameters={
            # A row is late when its transaction, or its load, ends after the hour that it is stamped with was read. So
            # each run looks back six hours more. That costs a query and no call: what is unchanged is not sent.
            "since": "{{ params.since or data_interval_start - macros.timedelta(hours=6) }}",
            "until": "{{ data_interval_end }}",
        },
        key="customer_id",
        leadway_conn_id="leadway_default",
        max_rejected=0.05,  # a rejected row is read again when somebody has put it right, since that moves updated_at
    )
