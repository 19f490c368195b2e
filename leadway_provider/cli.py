"""The `leadway` command, assembled from its sub-commands."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final, TextIO

import typer
from typer.core import TyperGroup

from leadway_provider import __version__
from leadway_provider.commands.airflow import only_warnings
from leadway_provider.commands.check import check
from leadway_provider.commands.error import ArgumentsError, CommandError
from leadway_provider.commands.export import export
from leadway_provider.commands.fields import fields
from leadway_provider.commands.forget import forget
from leadway_provider.commands.forget_sync import forget_sync
from leadway_provider.commands.forgotten import forgotten
from leadway_provider.commands.init import init
from leadway_provider.commands.interrupt import INTERRUPTED
from leadway_provider.commands.locations import locations
from leadway_provider.commands.plan import plan
from leadway_provider.commands.preview import preview
from leadway_provider.commands.rejected import rejected
from leadway_provider.commands.remember import remember
from leadway_provider.commands.reset import reset
from leadway_provider.commands.revert import revert
from leadway_provider.commands.runs import runs
from leadway_provider.commands.sandbox import sandbox
from leadway_provider.commands.screen import Screen, screen_of
from leadway_provider.commands.syncs import syncs
from leadway_provider.commands.trace import trace
from leadway_provider.commands.upgrade import upgrade
from leadway_provider.commands.verified import verify
from leadway_provider.commands.verify import verify_mapping
from leadway_provider.commands.waiting import waiting
from leadway_provider.exceptions import LeadwayError
from leadway_provider.printable import printable

_PIPE_CLOSED: Final = 1
"""The exit status where nobody reads the rest of the output."""
_UNUSABLE: Final = 2
"""The exit status where a connection, the state or the account can't be used."""

_MISTAKE: Final[type[Any]] = typer.BadParameter.__mro__[1]
"""What is raised for arguments that a command does not take. It is click's, and some versions of typer hide click."""

_TRY: Final = "Try it out"
_SET_UP: Final = "Set up a sync"
_BEFORE: Final = "Before a run"
_LOOK: Final = "See what became of rows"
_UNDO: Final = "Undo a run"
_PERSON: Final = "Forget a person"
_STATE: Final = "Keep the state store"


class CommandGroup(TyperGroup):
    """The commands; each of them ends with one line after Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises CommandError after Ctrl-C, where typer would end it without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise CommandError(f"interrupted: {ctx.obj.interrupts.left}.", INTERRUPTED) from None


app = typer.Typer(
    name="leadway",
    cls=CommandGroup,
    help="Tools of the Leadway provider for Apache Airflow.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
state = typer.Typer(
    help="Upgrade, export, or change what the state store has.", no_args_is_help=True, rich_markup_mode="markdown"
)

app.command(rich_help_panel=_TRY)(sandbox)
app.command(rich_help_panel=_SET_UP)(init)
app.command(rich_help_panel=_SET_UP)(check)
app.command(rich_help_panel=_SET_UP)(fields)
app.command(rich_help_panel=_SET_UP)(locations)
app.command(rich_help_panel=_BEFORE)(preview)
app.command(rich_help_panel=_BEFORE)(plan)
app.command("verify-mapping", rich_help_panel=_BEFORE)(verify_mapping)
app.command(rich_help_panel=_LOOK)(syncs)
app.command(rich_help_panel=_LOOK)(runs)
app.command(rich_help_panel=_LOOK)(rejected)
app.command(rich_help_panel=_LOOK)(waiting)
app.command(rich_help_panel=_LOOK)(trace)
app.command(rich_help_panel=_LOOK)(verify)
app.command(rich_help_panel=_UNDO)(revert)
app.command(rich_help_panel=_PERSON)(forget)
app.command(rich_help_panel=_PERSON)(forgotten)
app.command(rich_help_panel=_PERSON)(remember)
state.command()(upgrade)
state.command()(reset)
state.command()(export)
state.command("forget-sync")(forget_sync)
app.add_typer(state, name="state", rich_help_panel=_STATE)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer gives an option's value by position
    if wanted:
        typer.echo(f"leadway-provider {__version__}")
        raise typer.Exit


@app.callback()
def _leadway(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    screen_of(context).command = f"leadway {context.invoked_subcommand}"


@state.callback()
def _of_state(context: typer.Context) -> None:
    screen_of(context).command += f" {context.invoked_subcommand}"


def main(
    argv: Sequence[str] | None = None, *, stdin: TextIO | None = None, pause: Callable[[float], None] = time.sleep
) -> int:
    """Run a sub-command, and return the process's exit status.

    Args:
        argv: the arguments without the program's name; None takes those of the process.
        stdin: where a command reads the answer to a question; None takes the process's standard input.
        pause: waits that many seconds, while a command watches a lease.
    """
    screen = Screen(stdin=stdin or sys.stdin, pause=pause)
    try:
        status = _status_of(screen, list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return _PIPE_CLOSED
    except OSError as error:  # such as a full disk behind a redirection
        _drop_output()
        return _failed(screen, CommandError(f"the output can't be written: {error.strerror}."), _UNUSABLE)
    return status


def _status_of(screen: Screen, argv: list[str]) -> int:
    try:
        with only_warnings(), screen.interrupts.watched(screen.say_at_once):
            return _exit_status(app(args=argv, prog_name="leadway", obj=screen, standalone_mode=False))
    except SystemExit as end:  # a shell's completion ends in this way
        return _exit_status(end.code)
    except (_MISTAKE, ArgumentsError) as mistake:
        return _failed_arguments(screen, mistake)
    except CommandError as error:
        return _failed(screen, error, error.status)
    except LeadwayError as error:
        return _failed(screen, error, _UNUSABLE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _failed_arguments(screen: Screen, mistake: Any) -> int:
    """Say in one line what is wrong, and where the help is; without arguments typer has shown the help instead."""
    message = str(mistake) if isinstance(mistake, ArgumentsError) else " ".join(mistake.format_message().split())
    if not message:
        return _UNUSABLE
    said = f"{message[0].lower()}{message[1:]}{'' if message[-1] in '.?' else '.'}"
    return _failed(screen, CommandError(f"{said} See `{screen.command} --help`."), _UNUSABLE)


def _failed(screen: Screen, error: Exception, status: int) -> int:
    sys.stderr.write(f"{screen.command}: {printable(str(error))}\n")
    return status


def _exit_status(code: Any) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def _drop_output() -> None:
    """Let Python's own flush at the end of the process find an open file."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
