"""An Airflow in a process of its own, which runs DAGs on request and reports the results.

It reads the id of a DAG from a line of standard input, runs it, and writes one line of JSON. Airflow's own output goes
to standard error. It is a process because OpenLineage reads its configuration only once.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Run DAGs until standard input ends."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    from airflow.models.asset import AssetDagRunQueue, AssetEvent, AssetModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    from tests.airflow_version import load_dags

    initdb()
    dags = load_dags(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    lines.write(json.dumps(sorted(dags)) + "\n")
    for line in sys.stdin:
        with create_session() as session:
            session.execute(delete(AssetEvent))
            session.execute(delete(AssetDagRunQueue))
        run = dags[line.strip()].test()
        with create_session() as session:
            events = session.execute(
                select(AssetModel.uri, AssetEvent.extra).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            )
            answer = {
                "state": str(run.state),
                "assets": {uri: extra for uri, extra in events},  # noqa: C416 - dict() does not take rows
                "follows": list(session.scalars(select(AssetDagRunQueue.target_dag_id))),
            }
        lines.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
