"""The `leadway` command."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from collections.abc import Sequence

from leadway_provider.commands.reset import add_state
from leadway_provider.commands.state import CommandError
from leadway_provider.commands.trace import add_trace


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command.

    Args:
        argv: the arguments without the program's name; None takes those of the process.

    Returns:
        The process's exit status.
    """
    parser = argparse.ArgumentParser(prog="leadway", description="Tools of the Leadway provider for Apache Airflow.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_sandbox(commands)
    add_trace(commands)
    add_state(commands)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except CommandError as error:
        print(f"leadway {arguments.name}: {error}", file=sys.stderr)
        return error.status
    return status


def _add_sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "sandbox",
        help="serve a local Leadway to try things against",
        description="Serve a local Leadway on this machine, in memory, until it is interrupted.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; another than a loopback one lets others in")
    add("--port", type=int, default=8808, help="port to listen on; 0 takes a free one")
    add("--token", default="sandbox-token", help="the private integration token to accept")
    add("--location", default="sandbox-location", help="the location's id")
    add("--more-locations", nargs="+", default=[], metavar="ID", help="further ones, reached with the agency's tokens")
    add("--quota-requests", type=int, default=100, metavar="N", help="calls granted in --quota-seconds")
    add("--quota-seconds", type=float, default=10.0, metavar="S", help="length of the quota's window")
    add("--daily", type=int, default=200_000, metavar="N", help="calls granted in a day")
    add("--no-quota", action="store_true", help="grant every call")
    add("--latency", type=float, default=0.0, metavar="S", help="seconds that every call takes")
    priorities = ("email,phone", "phone,email", "email", "phone")
    add("--priority", default="email,phone", choices=priorities, help="what identifies a contact, in this order")
    add("--allow-duplicates", action="store_true", help="let createNewIfDuplicateAllowed make duplicates")
    command.set_defaults(run=_sandbox)


def _sandbox(arguments: argparse.Namespace) -> int:
    from leadway_provider.sandbox.quota import Quota  # noqa: PLC0415  # other commands need no web server
    from leadway_provider.sandbox.server import listen, run  # noqa: PLC0415
    from leadway_provider.sandbox.service import DAILY, Settings  # noqa: PLC0415

    limited = not arguments.no_quota
    try:
        settings = Settings(
            token=arguments.token,
            location_id=arguments.location,
            more_locations=tuple(arguments.more_locations),
            burst=Quota(arguments.quota_requests, arguments.quota_seconds) if limited else None,
            daily=Quota(arguments.daily, DAILY.seconds, DAILY.window) if limited else None,
            latency=arguments.latency,
            priority=tuple(arguments.priority.split(",")),
            allow_duplicates=arguments.allow_duplicates,
        )
        door = listen(arguments.host, arguments.port)
    except (OSError, ValueError) as error:
        print(f"leadway sandbox: {error}", file=sys.stderr)
        return 2
    with door:
        name = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        url = f"http://{name}:{door.getsockname()[1]}"
        connection = _connection(url, settings.token, settings.location_id)
        print(f"Leadway sandbox at {url} (Ctrl+C ends it; open it in a browser to see the contacts it holds)")
        print(f"  token     {settings.token}\n  location  {settings.location_id}\n")
        print(f"export AIRFLOW_CONN_LEADWAY_DEFAULT={shlex.quote(connection)}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):  # the way it is meant to be ended
            run(settings, door)
    return 0


def _connection(url: str, token: str, location_id: str) -> str:
    """The Airflow connection to the sandbox, as Airflow reads it from the environment."""
    extra = {"location_id": location_id}
    return json.dumps({"conn_type": "leadway", "host": url, "password": token, "extra": extra})


if __name__ == "__main__":
    sys.exit(main())
