"""Order per contact: calls that may touch one contact leave one after the other, in source order."""

from __future__ import annotations

from collections import deque

from leadway_provider.sync.ports import OutboxRow


class Lanes:
    """Rows that share an identity (key, e-mail, phone) queue up in one lane; a row goes when it heads all of its lanes.

    A row that never leaves holds back everything behind it, and nothing else.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, deque[OutboxRow]] = {}
        self._behind: dict[int, int] = {}

    def __len__(self) -> int:
        """Rows that entered and have not left."""
        return len(self._behind)

    def enter(self, row: OutboxRow) -> bool:
        """Queue a row, after every row that entered before; tells whether it may go at once."""
        behind = 0
        for name in _lanes(row):
            lane = self._lanes.setdefault(name, deque())
            behind += bool(lane)
            lane.append(row)
        self._behind[row.position] = behind
        return not behind

    def leave(self, row: OutboxRow) -> list[OutboxRow]:
        """Let a row that heads its lanes go; tells the rows that may go now."""
        del self._behind[row.position]
        freed = []
        for name in _lanes(row):
            lane = self._lanes[name]
            lane.popleft()
            if not lane:
                del self._lanes[name]
                continue
            self._behind[lane[0].position] -= 1
            if not self._behind[lane[0].position]:
                freed.append(lane[0])
        return freed


def _lanes(row: OutboxRow) -> tuple[str, ...]:
    return (f"row {row.row_id}", *row.lanes)
