"""One attempt of the task in a process of its own, which a test can kill or stop: prints READY, then the report."""

from __future__ import annotations

import json
import signal
import sys
from typing import Any, cast

from leadway_provider.policies import ContactRules
from tests.operators.task import TaskInstance, operator

if __name__ == "__main__":
    rules = ContactRules(on_shared_identity="send")
    task = operator(rules=rules, **json.loads(sys.argv[2]))
    signal.signal(signal.SIGTERM, lambda *_: task.on_kill())  # as Airflow's task runner does
    print("READY", flush=True)  # noqa: T201 - the test waits for it
    context = {"ti": TaskInstance(run_id=sys.argv[1])}
    print(json.dumps(task.execute(cast("Any", context))))  # noqa: T201 - the test reads it
