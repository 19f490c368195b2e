"""How a task fails where a person must correct something: by one error, which says all that there is to say."""

from __future__ import annotations

from types import TracebackType
from typing import Final

from airflow.providers.common.compat.sdk import AirflowFailException

_OURS: Final = f"{__name__.partition('.')[0]}."


class FramesHidden:
    """A `with` block whose AirflowFailException leaves it without the frames of this package.

    Airflow logs the frames of every error that a task raises. They help with a mistake of this software, and those of a
    user's function help with a mistake of that function: both stay. Of a wrong mapping or a wrong connection, the
    error's sentence says everything, and our frames would hide it.

    A `with` statement raises the error again as the block's end leaves it, and adds no frame of its own.
    """

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take our frames out of the error."""
        if isinstance(error, AirflowFailException):
            error.__traceback__ = _of_others(error.__traceback__)


def _of_others(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of this package."""
    if trace is None:
        return None
    rest = _of_others(trace.tb_next)
    if trace.tb_frame.f_globals.get("__name__", "").startswith(_OURS):
        return rest
    trace.tb_next = rest
    return trace
