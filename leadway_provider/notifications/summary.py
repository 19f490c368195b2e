"""What a notifier says of a sync: a title and a text, made of counts and keys of runs, without any contact's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Summary:
    """What a notifier says. Templates have it as `leadway`.

    Attributes:
        sync: the sync's name; that of the task where no run of it has begun.
        location_id: the account; None where no run has begun.
        met: a sentence for each condition that is met now and was not before.
        recovered: a sentence for each condition that was met before and is not any more.
        run_id: the sync's last run, or None.
        counts: how that run's rows ended, the names as in the task's report.
        links: addresses to look at, by what they are.
    """

    sync: str
    location_id: str | None
    met: tuple[str, ...]
    recovered: tuple[str, ...]
    run_id: str | None = None
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def title(self) -> str:
        """The sync, and whether something is wrong or all is right again."""
        says = "needs attention" if self.met else "has recovered"
        return f"Leadway sync {self.sync} {says}"

    @property
    def text(self) -> str:
        """The title and everything else, some lines of plain text."""
        lines = [self.title]
        lines += [f"- {each}" for each in self.met]
        lines += [f"- recovered: {each}" for each in self.recovered]
        if self.location_id:
            lines.append(f"Account: {self.location_id}")
        if self.run_id:
            counts = ", ".join(f"{number:,} {name}" for name, number in self.counts.items() if number)
            lines.append(f"Last run: {self.run_id}: {counts or '0 read'}")
        if self.counts.get("invalid") or self.counts.get("refused") or self.counts.get("unremoved"):
            lines.append(f"Rejected rows: leadway rejected --run {self.run_id}")
        lines += [f"{what}: {address}" for what, address in self.links.items()]
        return "\n".join(lines)
