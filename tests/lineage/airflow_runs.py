"""An Airflow of its own, in a process of its own: runs DAGs on request and tells what came of them.

One line of JSON is read for each run and one is written; what Airflow says goes to standard error. It is a process
because OpenLineage reads its configuration once.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Serve runs until standard input ends."""
    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    from airflow.models.asset import AssetDagRunQueue, AssetEvent, AssetModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    from tests.airflow_version import load_dags

    initdb()
    dags = load_dags(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    told.write(json.dumps(sorted(dags)) + "\n")
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
                "assets": {uri: extra for uri, extra in events},  # noqa: C416 - rows are no pairs to dict()
                "follows": list(session.scalars(select(AssetDagRunQueue.target_dag_id))),
            }
        told.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
