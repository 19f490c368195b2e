"""`leadway sandbox`: serve a local Leadway on this machine."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.options import AsJson
from leadway_provider.commands.screen import Screen, screen_of

_UNUSABLE: Final = 2
"""The exit status of a command that can't be run with these arguments, or in this installation."""


class Priority(StrEnum):
    """What identifies a contact, in this order: the account's duplicate setting."""

    EMAIL_PHONE = "email,phone"
    PHONE_EMAIL = "phone,email"
    EMAIL = "email"
    PHONE = "phone"


_PRIORITIES: Final[Mapping[Priority, tuple[Literal["email", "phone"], ...]]] = {
    Priority.EMAIL_PHONE: ("email", "phone"),
    Priority.PHONE_EMAIL: ("phone", "email"),
    Priority.EMAIL: ("email",),
    Priority.PHONE: ("phone",),
}


def sandbox(
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but a loopback address admits other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8808,
    token: Annotated[str, typer.Option(help="The private integration token to accept.")] = "sandbox-token",  # noqa: S107 - it opens nothing but this sandbox
    location: Annotated[str, typer.Option(metavar="ID", help="The location's id.")] = "sandbox-location",
    more_locations: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A further location, for the agency's tokens. May be given several times."),
    ] = None,
    quota_requests: Annotated[int, typer.Option(metavar="N", help="Calls granted in --quota-seconds.")] = 100,
    quota_seconds: Annotated[float, typer.Option(metavar="S", help="Length of the quota's window.")] = 10.0,
    daily: Annotated[int, typer.Option(metavar="N", help="Calls granted in a day.")] = 200_000,
    no_quota: Annotated[bool, typer.Option("--no-quota", help="Grant every call.")] = False,
    latency: Annotated[float, typer.Option(metavar="S", help="Seconds that every call takes.")] = 0.0,
    file: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Keep contacts in this file from one start to the next.")
    ] = None,
    priority: Annotated[
        Priority, typer.Option(help="What identifies a contact, in this order.")
    ] = Priority.EMAIL_PHONE,
    allow_duplicates: Annotated[
        bool, typer.Option("--allow-duplicates", help="Let createNewIfDuplicateAllowed create duplicates.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a local Leadway to try things against.

    It runs on this machine, in memory, until it is interrupted. It needs the packages of the extra `sandbox`.
    """
    try:
        from leadway_provider.sandbox.quota import Quota  # noqa: PLC0415 - other commands need no web server
        from leadway_provider.sandbox.server import listen, run  # noqa: PLC0415 - the same
        from leadway_provider.sandbox.service import DAILY, Settings  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise CommandError(
            f"the package {error.name} is not installed; install leadway-provider with its extra 'sandbox'.", _UNUSABLE
        ) from None

    limited = not no_quota
    try:
        settings = Settings(
            token=token,
            location_id=location,
            more_locations=tuple(more_locations or ()),
            burst=Quota(quota_requests, quota_seconds) if limited else None,
            daily=Quota(daily, DAILY.seconds, DAILY.window) if limited else None,
            latency=latency,
            priority=_PRIORITIES[priority],
            allow_duplicates=allow_duplicates,
        )
        listener = listen(host, port)
    except (OSError, ValueError) as error:
        raise CommandError(str(error), _UNUSABLE) from None
    interrupts = screen_of(context).interrupts
    interrupts.leave_to_server()
    interrupts.left = f"the contacts are in {file}" if file else "the contacts are gone"
    with listener:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        _print_address(screen_of(context), url, settings.token, settings.location_id, as_json=as_json)
        try:
            run(settings, listener, file)
        except OSError as error:
            raise CommandError(f"the file {file} can't be used: {error.strerror}.", _UNUSABLE) from None
        except ValueError as error:
            raise CommandError(str(error), _UNUSABLE) from None


def _print_address(screen: Screen, url: str, token: str, location_id: str, *, as_json: bool) -> None:
    """Print where the sandbox is, and the Airflow connection to it, as Airflow reads it from the environment."""
    extra = {"location_id": location_id}
    described = {"conn_type": "leadway", "host": url, "password": token, "extra": extra}
    if as_json:
        screen.write(f"{json.dumps({'url': url, 'token': token, **extra, 'connection': described})}\n")
        return
    connection = json.dumps(described)
    screen.write(
        f"Leadway sandbox at {url} (Ctrl+C ends it; open it in a browser to see the contacts it holds)\n"
        f"  token     {token}\n  location  {location_id}\n\n"
        f"export AIRFLOW_CONN_LEADWAY_DEFAULT={shlex.quote(connection)}\n"
    )
