"""Why a command ends without having done what its arguments say."""

from __future__ import annotations


class CommandError(Exception):
    """A command can't do what its arguments say; the message says why, and what to do.

    Attributes:
        status: the process's exit status.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class ArgumentsError(CommandError):
    """The arguments are wrong, whatever the data and the account are; the command's help says which ones it takes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 2)
