"""The demo's Airflow: a process that runs the example DAG twice, as `airflow dags test` does.

Airflow's output goes to standard error. Standard output has one line of JSON when Airflow is ready, and one at the end
of each run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

DAG_FILE = Path(__file__).resolve().parent.parent / "dags" / "warehouse_to_leadway.py"
TASK_ID = "sync_customers"
RUNS = 2


def main() -> None:
    """Run the DAG, and write a line after each run."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    # These imports come here because their output must not get among the lines of JSON.
    from airflow import __version__
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetEvent
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    initdb()
    [dag] = DagBag(DAG_FILE).dags.values()
    for task in dag.tasks:
        task.retries = 0  # a failure should be seen at once, without waiting for the retry
    lines.write(json.dumps({"airflow": __version__}) + "\n")
    for _ in range(RUNS):
        run = dag.test()
        report = run.get_task_instance(TASK_ID).xcom_pull(task_ids=TASK_ID)
        with create_session() as session:
            events = session.scalar(select(func.count()).select_from(AssetEvent))
        lines.write(json.dumps({"state": run.state, "report": report, "asset_events": events}) + "\n")


if __name__ == "__main__":
    main()
