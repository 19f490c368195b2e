"""Which tests have to run on one worker of pytest-xdist."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

from tests.order import TOGETHER


class SharedServers(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """The tests of a file run on one worker, and so do those of all files that share an Airflow."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return TOGETHER if file.startswith(f"{TOGETHER}/") else file
