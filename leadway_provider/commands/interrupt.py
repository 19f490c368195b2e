"""Ctrl-C: a command ends with one line that says what was left, and a second Ctrl-C ends the process at once."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C."""


HALF_DELETED: Final = "what was deleted before is gone, and the same command deletes the rest"
"""What a Ctrl-C leaves of a command that deletes."""


class Interrupts:
    """What a Ctrl-C does to one command.

    Python raises KeyboardInterrupt in the main thread, as soon as this leaves the code of a driver. Where it is raised
    in a callback, such as that of a garbage collection, Python reports it and goes on: then `raise_if_lost` raises it.

    Attributes:
        left: what is as it was, or how far the command is, as the end of a sentence.
    """

    def __init__(self) -> None:
        self.left = "nothing was sent, and nothing was changed"
        self._is_lost = False
        self._is_left_to_server = False
        self._folders: set[Path] = set()

    def raise_if_lost(self) -> None:
        """Raise KeyboardInterrupt after one that was raised where Python can't pass it on."""
        if self._is_lost:
            raise KeyboardInterrupt

    def leave_to_server(self) -> None:
        """Let a server end in good order, which handles the signals itself, and repeats them at its end."""
        self._is_left_to_server = True

    @contextmanager
    def temporary_folder(self, prefix: str) -> Iterator[Path]:
        """Give a folder that is deleted at the end of the block, and by a second Ctrl-C, too."""
        with TemporaryDirectory(prefix=prefix) as name:
            folder = Path(name)
            self._folders.add(folder)
            try:
                yield folder
            finally:
                self._folders.discard(folder)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """In the block, let a Ctrl-C call `stop`, and raise KeyboardInterrupt when the block has ended by itself.

        Args:
            stop: lets the block end early, in good order; it may be called between any two steps of the block.
        """
        if not _is_main_thread():
            yield
            return
        is_stopped = False

        def handle(*_: object) -> None:
            nonlocal is_stopped
            is_stopped = True
            stop()

        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        except Exception:
            if not is_stopped:
                raise
        finally:
            signal.signal(signal.SIGINT, before)
        if is_stopped:
            raise KeyboardInterrupt

    @contextmanager
    def watched(self, say: Callable[[str], None]) -> Iterator[None]:
        """In the block, notice a Ctrl-C that Python can't pass on, and let the second one end the process at once.

        Args:
            say: prints a line; it is called by another thread.
        """
        if not _is_main_thread():
            yield
            return
        reported = sys.unraisablehook

        def report(unraisable: Any) -> None:
            if issubclass(unraisable.exc_type, KeyboardInterrupt):
                self._is_lost = True
            else:
                reported(unraisable)

        # A driver that waits for its database keeps Python from handling a signal, but not from writing it to a pipe.
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        watcher = threading.Thread(target=self._watch, args=(reading, say), name="leadway-interrupts", daemon=True)
        watcher.start()
        sys.unraisablehook = report
        try:
            yield
        finally:
            sys.unraisablehook = reported
            signal.set_wakeup_fd(before)
            os.close(writing)
            watcher.join()
            os.close(reading)

    def _watch(self, reading: int, say: Callable[[str], None]) -> None:
        interrupts = 0
        while signals := os.read(reading, 64):
            interrupts += signals.count(signal.SIGINT)
            if interrupts > 1 and not self._is_left_to_server:
                for folder in list(self._folders):
                    shutil.rmtree(folder, ignore_errors=True)
                say(f"ended at once: {self.left}.")
                os._exit(INTERRUPTED)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
