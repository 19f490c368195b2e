"""Attempts of the task in processes that begin at once: each is a fork of this one, which has everything loaded.

Or of a command, where `command` is among the arguments.

Reads a line of JSON for each attempt, [run id, arguments, environment]; prints its process id, and when it ended how: a
report, the moment until which it defers, an error, or nothing where it was killed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, cast

from airflow.providers.common.compat.sdk import TaskDeferred

import leadway_provider.lineage.openlineage
import leadway_provider.operators.execution
from leadway_provider.api import oauth, slots
from leadway_provider.cli import main as main_of_commands
from leadway_provider.policies import ContactRules
from tests.operators.task import TaskInstance, operator


def attempt(run_id: str, arguments: dict[str, Any], out: int) -> None:
    """Run the task, and write how it ended."""
    rules = ContactRules(**arguments.pop("rules", {}))
    try:
        if "command" in arguments:
            os.write(out, json.dumps({"exit": main_of_commands(arguments["command"])}).encode())
            return
        ended = operator(rules=rules, **arguments).execute(cast("Any", {"ti": TaskInstance(run_id=run_id)}))
    except TaskDeferred as deferral:
        ended = {"deferred": deferral.trigger.until}
    except Exception as error:  # noqa: BLE001 - the test looks at it
        ended = {"error": f"{type(error).__name__}: {error}"}
    os.write(out, json.dumps(ended).encode())


def main() -> None:
    """Serve until the input ends.

    A renewal of tokens that was cut off is repeated after 0.5 s, and not 15 s; a dead process's part of the quota is
    free 0.1 s after its calls are forgotten, and not 2 s.
    """
    oauth.LEASE = 0.5  # type: ignore[misc]  # a constant, shorter for the tests
    slots._ARRIVAL = 0.1  # type: ignore[misc]  # the same
    log = os.open(os.devnull, os.O_WRONLY)
    for line in sys.stdin:
        run_id, arguments, environment = json.loads(line)
        out, into = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(log, 1)
            os.environ |= environment
            attempt(run_id, arguments, into)
            os._exit(0)
        os.close(into)
        print(child, flush=True)  # noqa: T201 - the test reads it
        os.waitpid(child, 0)
        with os.fdopen(out) as said:
            print(said.read(), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    assert leadway_provider.operators.execution
    assert leadway_provider.lineage.openlineage
    main()
