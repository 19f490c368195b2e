"""`leadway sandbox`: serve a local Leadway on this machine."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Final

from leadway_provider.commands.error import CommandError

_UNUSABLE: Final = 2
"""The exit status of a command that can't be run with these arguments, or in this installation."""

_PRIORITIES: Final = ("email,phone", "phone,email", "email", "phone")


def add_sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "sandbox",
        help="serve a local Leadway to try things against",
        description="Serve a local Leadway on this machine, in memory, until it is interrupted. "
        "It needs the packages of the extra [sandbox].",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; any but a loopback address admits other machines")
    add("--port", type=int, default=8808, help="port to listen on; 0 takes a free one")
    add("--token", default="sandbox-token", help="the private integration token to accept")
    add("--location", default="sandbox-location", help="the location's id")
    add("--more-locations", nargs="+", default=[], metavar="ID", help="further locations, for the agency's tokens")
    add("--quota-requests", type=int, default=100, metavar="N", help="calls granted in --quota-seconds")
    add("--quota-seconds", type=float, default=10.0, metavar="S", help="length of the quota's window")
    add("--daily", type=int, default=200_000, metavar="N", help="calls granted in a day")
    add("--no-quota", action="store_true", help="grant every call")
    add("--latency", type=float, default=0.0, metavar="S", help="seconds that every call takes")
    add("--file", type=Path, metavar="PATH", help="keep contacts in this file from one start to the next")
    add("--priority", default="email,phone", choices=_PRIORITIES, help="what identifies a contact, in this order")
    add("--allow-duplicates", action="store_true", help="let createNewIfDuplicateAllowed create duplicates")
    command.set_defaults(run=_serve, name="sandbox")


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from leadway_provider.sandbox.quota import Quota  # noqa: PLC0415 - other commands need no web server
        from leadway_provider.sandbox.server import listen, run  # noqa: PLC0415 - the same
        from leadway_provider.sandbox.service import DAILY, Settings  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise CommandError(
            f"the package {error.name} is not installed; run: pip install 'leadway-provider[sandbox]'", _UNUSABLE
        ) from None

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
        listener = listen(arguments.host, arguments.port)
    except (OSError, ValueError) as error:
        raise CommandError(str(error), _UNUSABLE) from None
    with listener:
        host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        _print_address(f"http://{host}:{listener.getsockname()[1]}", settings.token, settings.location_id)
        try:
            run(settings, listener, arguments.file)
        except KeyboardInterrupt:
            pass  # the documented way to end it
        except ValueError as error:
            raise CommandError(str(error), _UNUSABLE) from None
    return 0


def _print_address(url: str, token: str, location_id: str) -> None:
    """Print where the sandbox is, and the Airflow connection to it, as Airflow reads it from the environment."""
    extra = {"location_id": location_id}
    connection = json.dumps({"conn_type": "leadway", "host": url, "password": token, "extra": extra})
    print(f"Leadway sandbox at {url} (Ctrl+C ends it; open it in a browser to see the contacts it holds)")
    print(f"  token     {token}\n  location  {location_id}\n")
    print(f"export AIRFLOW_CONN_LEADWAY_DEFAULT={shlex.quote(connection)}", flush=True)
