"""Writes the examples' connections into the database of an Airflow, where its form and its test reach them."""

from __future__ import annotations

import json
import sys
from typing import TextIO


def main(connections: TextIO) -> None:
    """Make these connections, which are JSON by id; one that is there already keeps all but host and port."""
    from airflow.models.connection import Connection
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session
    from sqlalchemy import select

    initdb()
    with create_session() as session:
        for conn_id, parts in json.load(connections).items():
            known = session.scalar(select(Connection).where(Connection.conn_id == conn_id))
            if known is None:
                extra = json.dumps(parts.pop("extra", {}))
                session.add(Connection(conn_id=conn_id, extra=extra, **parts))
            else:
                known.host, known.port = parts["host"], parts["port"]


if __name__ == "__main__":
    main(sys.stdin)
