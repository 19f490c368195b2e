"""A preview of a query whose rows name their accounts: one for each account, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leadway_provider.commands.parted import PartedSync, parted_sync
from leadway_provider.commands.previewed import Preview, preview_json, preview_lines, previewed
from leadway_provider.commands.reading import OpenSync
from leadway_provider.words import counted


@dataclass(frozen=True)
class PreviewedAccounts:
    """What was found.

    Attributes:
        parted: what was read.
        accounts: the preview of each account that the connection has access to.
    """

    parted: PartedSync
    accounts: Mapping[str, Preview]

    @property
    def read(self) -> int:
        """All rows that were read."""
        return self.parted.unusable + sum(each.read for each in self.accounts.values())

    @property
    def invalid(self) -> int:
        """The rows that can't become a contact of their account, or that have no account."""
        return self.parted.unusable + sum(each.invalid for each in self.accounts.values())

    def lines(self, *, show_values: bool) -> Iterator[str]:
        """Return the lines for a person."""
        for location_id, each in self.accounts.items():
            yield f"Account {location_id}"
            yield from preview_lines(each, show_values=show_values)
            yield ""
        valid, accounts = self.read - self.invalid, counted(len(self.accounts), "account")
        yield f"{counted(self.read, 'row')} of {accounts}: {valid:,} would be contacts, {self.invalid:,} invalid"
        yield from self.parted.lines()

    def facts(self, *, show_values: bool) -> dict[str, Any]:
        """Return the same as plain facts."""
        accounts = [
            {"location_id": location_id, **preview_json(each, show_values=show_values)}
            for location_id, each in self.accounts.items()
        ]
        return {"read": self.read, "invalid": self.invalid, **self.parted.facts(), "accounts": accounts}


def previewed_accounts(
    whole: OpenSync, *, shown: int, most: int | None, on_read: Callable[[int], None]
) -> PreviewedAccounts:
    """Read the query, and return what its rows would become in their accounts; see `previewed`.

    Args:
        whole: the sync.
        shown: how many rows of each account are kept.
        most: how many rows of each account are validated at most; None for all.
        on_read: is called with the number of rows before each batch.
    """
    with parted_sync(whole, watermark=None, on_read=on_read) as parted:
        accounts = {
            location_id: previewed(each, shown=shown, most=most, on_batch=lambda _: None)
            for location_id, each in parted.accounts.items()
        }
        return PreviewedAccounts(parted, accounts)
