"""A sync whose rows name their accounts: a command reads the query once, and each account is a sync of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from leadway_provider.api.settings import is_location_id
from leadway_provider.commands.layout import fact_lines
from leadway_provider.commands.reading import OpenSync
from leadway_provider.exceptions import AccessDeniedError, ConnectionSettingsError
from leadway_provider.source.parting import NO_ACCOUNT, part_rows
from leadway_provider.words import counted


@dataclass(frozen=True)
class PartedSync:
    """What was read.

    Attributes:
        accounts: the sync of each account that the connection has access to.
        without_account: rows that name no account.
        out_of_reach: rows of each account that the connection has no access to.
    """

    accounts: Mapping[str, OpenSync] = field(repr=False)
    without_account: int
    out_of_reach: Mapping[str, int] = field(repr=False)

    @property
    def unusable(self) -> int:
        """Rows that can't be sent to any account."""
        return self.without_account + sum(self.out_of_reach.values())

    def lines(self) -> Iterator[str]:
        """Return the lines on rows that can't be sent to any account."""
        if self.without_account:
            yield from fact_lines("problem", [f"{counted(self.without_account, 'row')} name no account"])
        for location_id, rows in self.out_of_reach.items():
            words = f"{counted(rows, 'row')} of account {location_id}, which the connection has no access to"
            yield from fact_lines("problem", words.split())

    def facts(self) -> dict[str, Any]:
        """Return the same as plain facts."""
        return {"rows_without_account": self.without_account, "rows_out_of_reach": dict(self.out_of_reach)}


@contextmanager
def parted_sync(
    whole: OpenSync, *, watermark: Any, waiting: Collection[str] = (), on_read: Callable[[int], None]
) -> Iterator[PartedSync]:
    """Read the query of a sync of many accounts, and give the sync of each; all is closed at the end of the block.

    Args:
        whole: the sync.
        watermark: up to when it has read its source, or None.
        waiting: accounts that have no rows in the source, and yet have something to do.
        on_read: is called with the number of rows before each batch.

    Raises:
        LeadwayError: as the source raises, and the accounts, except for one that the connection has no access to.
    """
    with ExitStack() as stack:
        with whole.reader(whole.interval(watermark))() as source:
            parted = part_rows(source, whole.request, is_location_id, on_read)
        stack.enter_context(closing(parted.spool))
        accounts: dict[str, OpenSync] = {}
        out_of_reach: dict[str, int] = {}
        for location_id in dict.fromkeys((*parted.rows, *waiting)):
            if location_id == NO_ACCOUNT:
                continue
            try:
                hook = whole.hook.for_location(location_id)
                stack.callback(hook.close)
                sync = replace(
                    whole,
                    request=replace(whole.request, location_id=location_id),
                    identity=replace(whole.identity, location_id=location_id),
                    hook=hook,
                    rows=partial(parted.spool.read, location_id),
                )
                sync.custom_fields  # noqa: B018 - asking for them shows whether the connection has access
            except (AccessDeniedError, ConnectionSettingsError):
                out_of_reach[location_id] = parted.rows.get(location_id, 0)
            else:
                accounts[location_id] = sync
        yield PartedSync(accounts, parted.rows.get(NO_ACCOUNT, 0), out_of_reach)
