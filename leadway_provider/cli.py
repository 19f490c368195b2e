"""The `leadway` command, assembled from its sub-commands."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.rejected import add_rejected
from leadway_provider.commands.reset import add_state
from leadway_provider.commands.sandbox import add_sandbox
from leadway_provider.commands.syncs import add_syncs
from leadway_provider.commands.trace import add_trace
from leadway_provider.printable import printable


def main(
    argv: Sequence[str] | None = None, *, stdin: TextIO | None = None, pause: Callable[[float], None] = time.sleep
) -> int:
    """Run a sub-command, and return the process's exit status.

    Args:
        argv: the arguments without the program's name; None takes those of the process.
        stdin: where a command reads the answer to a question; None takes the process's standard input.
        pause: waits that many seconds, while a command watches a lease.
    """
    parser = argparse.ArgumentParser(prog="leadway", description="Tools of the Leadway provider for Apache Airflow.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_sandbox(commands)
    add_syncs(commands)
    add_rejected(commands)
    add_trace(commands)
    add_state(commands, stdin=stdin or sys.stdin, pause=pause)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except CommandError as error:
        print(f"leadway {arguments.name}: {printable(str(error))}", file=sys.stderr)
        return error.status
    return status


if __name__ == "__main__":
    sys.exit(main())
