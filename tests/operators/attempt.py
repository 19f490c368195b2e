"""One attempt of the task in a process of its own, which a test can kill: prints READY, then the report."""

from __future__ import annotations

import json
import sys

from leadway_provider.contacts.rules import ContactRules
from tests.operators.task import sync

if __name__ == "__main__":
    print("READY", flush=True)  # noqa: T201 - the test waits for it
    rules = ContactRules(on_shared_identity="send")
    print(json.dumps(sync(sys.argv[1], rules=rules, **json.loads(sys.argv[2]))))  # noqa: T201 - the test reads it
