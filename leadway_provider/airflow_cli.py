"""`airflow leadway …`: the sub-commands of `leadway` in Airflow's own command.

Airflow 3.2 and later find this function by the entry `cli` of the provider info. Airflow 3.1 has commands of executors
and auth managers only, so there the command is `leadway`.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import typer
from airflow.cli import cli_config
from airflow.cli.cli_config import ActionCommand, CLICommand, GroupCommand

from leadway_provider.cli import app, main

_Arg: Final[Any] = cli_config.Arg
"""Airflow gives it no types."""
_DEST: Final = "leadway_{}"
"""Where argparse stores a value: Airflow's own parser uses names such as `subcommand`."""


def airflow_commands() -> list[CLICommand]:
    """Return the command group `leadway` of Airflow, with every sub-command and its options."""
    group: Any = typer.main.get_command(app)
    return [GroupCommand(name="leadway", help=group.help, subcommands=list(_subcommands(group, ())))]


def _subcommands(group: Any, path: tuple[str, ...]) -> Iterator[ActionCommand | GroupCommand]:
    for name, command in group.commands.items():
        here = (*path, name)
        short = command.get_short_help_str(limit=100)
        if hasattr(command, "commands"):
            yield GroupCommand(name=name, help=short, subcommands=list(_subcommands(command, here)))
            continue
        options = [each for each in command.params if each.name != "help"]
        yield ActionCommand(
            name=name,
            help=short,
            description=command.help,
            func=partial(_run, here, options),
            args=[_argument(each) for each in options],
        )


def _argument(option: Any) -> Any:
    """Return an option or argument of typer as one of argparse; `main` checks its value afterwards."""
    destination = _DEST.format(option.name)
    described = (option.help or "").replace("%", "%%")
    if option.param_type_name == "argument":
        nargs = ("+" if option.nargs == -1 else None) if option.required else "?"
        return _Arg((destination,), help=described, nargs=nargs, metavar=option.name.upper())
    if option.is_flag:
        return _Arg(tuple(option.opts), help=described, action="store_true", dest=destination)
    action = "append" if option.multiple else "store"
    return _Arg(tuple(option.opts), help=described, action=action, dest=destination, metavar=option.metavar or "VALUE")


def _run(path: tuple[str, ...], options: list[Any], arguments: Namespace) -> None:
    """Run the sub-command with what Airflow's parser has read, and end the process with its status."""
    argv = [*path]
    for option in options:
        value = getattr(arguments, _DEST.format(option.name), None)
        if value is None or value is False:
            continue
        if option.param_type_name == "argument":
            argv += value if isinstance(value, list) else [value]
        elif value is True:
            argv.append(option.opts[0])
        else:
            argv += [f"{option.opts[0]}={each}" for each in (value if isinstance(value, list) else [value])]
    if status := main(argv):
        sys.exit(status)
