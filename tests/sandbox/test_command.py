"""`leadway sandbox` as a process."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from leadway_provider.cli import main


def test_the_command_prints_a_connection_and_ends_on_interrupt() -> None:
    """The command prints an Airflow connection that its API accepts, and Ctrl+C ends it without a traceback."""
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
        _, errors = process.communicate(timeout=30)
    assert (name, connection["conn_type"]) == ("AIRFLOW_CONN_LEADWAY_DEFAULT", "leadway")
    assert (answer.status_code, answer.headers["X-RateLimit-Max"]) == (200, "7")
    assert set(accounts) == {"here", "there"}
    assert re.search(r"http://127\.0\.0\.1:\d+", printed[0])
    assert (process.returncode, errors) == (130, "leadway sandbox: interrupted: the contacts are gone.\n")


def test_impossible_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An address of another machine and a quota that grants nothing end with status 2 and a message."""
    assert main(["sandbox", "--host", "192.0.2.1"]) == 2
    assert main(["sandbox", "--quota-requests", "0"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("leadway sandbox: ")
    assert "at least one request" in second


def test_a_folder_in_place_of_its_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and the message names it."""
    assert main(["sandbox", "--port", "0", "--file", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"leadway sandbox: the file {tmp_path} can't be used: Is a directory."


@pytest.mark.parametrize("package", ["fastapi", "starlette", "uvicorn", "httptools"])
def test_a_missing_package_is_named_with_what_installs_it(package: str) -> None:
    """Without the extra [sandbox], the command prints one line that says how to install it, and ends with status 2."""
    program = (
        f"import sys; sys.modules[{package!r}] = None; from leadway_provider.cli import main; "
        "sys.exit(main(['sandbox', '--port', '0']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert package in line
    assert "install leadway-provider with its extra 'sandbox'" in line
