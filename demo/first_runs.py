"""The first runs of an example, asked for over Airflow's REST API, so that the page has something to show."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

_PATIENCE = 120.0
"""Seconds in which Airflow must have read the DAG's file."""


def begin_runs(url: str, dag_id: str) -> bool:
    """Switch a DAG on, which begins its first run, ask for a second one, and return True if Airflow did both."""
    token = _call("GET", f"{url}/auth/token")["access_token"]
    give_up_at = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up_at:
        try:
            _call("PATCH", f"{url}/api/v2/dags/{dag_id}", token, {"is_paused": False})
            _call("POST", f"{url}/api/v2/dags/{dag_id}/dagRuns", token, {"logical_date": None})
        except urllib.error.HTTPError:
            time.sleep(1)  # the file was not read yet
        else:
            return True
    return False


def _call(method: str, url: str, token: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
        found: dict[str, Any] = json.load(answer)
        return found
