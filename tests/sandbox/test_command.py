"""`leadway sandbox` as a process, which is how people meet it."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys

import httpx
import pytest

from leadway_provider.cli import main


def test_the_command_says_how_to_connect_and_ends_on_interrupt() -> None:
    """The line it prints is an Airflow connection that its API accepts; Ctrl+C ends it without a traceback."""
    command = [sys.executable, "-m", "leadway_provider.cli"]
    options = ["--port", "0", "--token", "it's mine", "--location", "here", "--quota-requests", "7"]
    options += ["--more-locations", "there"]
    with subprocess.Popen(
        [*command, "sandbox", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("export "):
                break
        (assignment,) = shlex.split(printed[-1].removeprefix("export "))
        name, _, value = assignment.partition("=")
        connection = json.loads(value)
        headers = {"Authorization": f"Bearer {connection['password']}", "Version": "2021-07-28"}
        answer = httpx.get(f"{connection['host']}/locations/{connection['extra']['location_id']}", headers=headers)
        accounts = httpx.get(f"{connection['host']}/_sandbox/statistics").json()["contacts"]
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert (name, connection["conn_type"]) == ("AIRFLOW_CONN_LEADWAY_DEFAULT", "leadway")
    assert (answer.status_code, answer.headers["X-RateLimit-Max"]) == (200, "7")
    assert set(accounts) == {"here", "there"}
    assert re.search(r"http://127\.0\.0\.1:\d+", printed[0])
    assert (process.returncode, complaints) == (0, "")


def test_it_refuses_what_it_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that isn't ours and a quota that grants nothing end with status 2 and a sentence."""
    assert main(["sandbox", "--host", "192.0.2.1"]) == 2
    assert main(["sandbox", "--quota-requests", "0"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("leadway sandbox: ")
    assert "at least one request" in second
