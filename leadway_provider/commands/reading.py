"""The rows of a sync and the mapping that makes them contacts, opened for a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from leadway_provider.clock import utc_now
from leadway_provider.commands.account import open_account
from leadway_provider.commands.airflow import logs_aside
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, RefusedError
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.source.query import OpenRows, read_source
from leadway_provider.sync.interval import Interval, next_interval
from leadway_provider.sync.plan import Rows
from leadway_provider.sync.planner import mapping_of, refuse_cut_columns
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity, SyncRequest
from leadway_provider.sync.selection import KeySelection


@dataclass(frozen=True)
class OpenSync:
    """A sync whose account and source can be asked.

    Attributes:
        request: what is asked for.
        identity: its name and account; the location is `ALL_ACCOUNTS` where each row names its account.
        hook: the account.
        engine: the source.
        rows: the account's rows of a query that was read for many accounts; None reads the source.
    """

    request: SyncRequest
    identity: SyncIdentity
    hook: LeadwayHook = field(repr=False)
    engine: Any = field(repr=False)
    rows: Callable[[], AbstractContextManager[OpenRows]] | None = field(default=None, repr=False)

    @property
    def is_of_many(self) -> bool:
        """Whether each row names its account."""
        return self.identity.location_id == ALL_ACCOUNTS

    def interval(self, watermark: Any) -> Interval | None:
        """Return what an incremental run would read now; None for a whole read."""
        if not self.request.incremental:
            return None
        return next_interval(
            watermark, start=None, end=utc_now(), overlap=self.request.overlap, anew=self.request.full_resync
        )

    def reader(self, interval: Interval | None) -> Callable[[], AbstractContextManager[OpenRows]]:
        """Return what runs the query, or gives the account's rows of it."""
        request = self.request
        if self.rows:
            return self.rows
        return partial(
            read_source,
            self.engine,
            request.sql,
            request.parameters,
            optional=interval.parameters if interval else {},
            batch_size=request.batch_size,
            name=request.sql_conn_id,
        )

    @cached_property
    def custom_fields(self) -> Sequence[CustomField]:
        """The account's custom fields; they are asked for once, which proves that the connection has access to it."""
        return self.hook.get_custom_fields()

    def mapping(self, source: OpenRows) -> ContactMapping:
        """Return how the rows become contacts of the account."""
        refuse_cut_columns(self.request, source.columns, self.custom_fields, source.name_limit)
        return mapping_of(self.request, source.columns, self.custom_fields, self._users)

    def batches(self, source: OpenRows, mapping: ContactMapping) -> Iterator[Rows]:
        """Return the rows of an open query that are synced: those of `only_keys`, or all.

        Raises:
            ConfigurationError: at the end, if the query did not return a key of `only_keys`.
        """
        only_keys = self.request.only_keys
        if only_keys is None or self.rows is not None:  # the rows of an account were selected before
            yield from source.batches()
            return
        selection = KeySelection(only_keys, mapping.key_positions, lambda: None)
        yield from selection.rows(source.batches())
        selection.require_all(self.request.task_id)

    def _users(self) -> dict[str, str]:
        """Return the ids of the account's users by e-mail; none where the token may not read them, as in a run."""
        try:
            return {user.email: user.id for user in self.hook.get_users() if user.email}
        except (AccessDeniedError, AuthenticationError, RefusedError):
            return {}


@contextmanager
def open_sync(request: SyncRequest, *, daily_reserve: int = 0) -> Iterator[OpenSync]:
    """Give a sync, and close the account at the end of the block.

    Args:
        request: what is asked for.
        daily_reserve: calls of the day's quota that are left to others.

    Raises:
        LeadwayError: a connection can't be used.
    """
    with (
        open_account(
            request.leadway_conn_id,
            request.location_id,
            max_in_flight=request.max_in_flight,
            daily_reserve=daily_reserve,
        ) as hook,
        logs_aside(),
    ):
        settings = hook.settings
        engine = sql_engine(request.sql_conn_id, request.hook_params)
        identity = SyncIdentity(request.name, settings.base_url, settings.location_id or ALL_ACCOUNTS)
        try:
            yield OpenSync(request, identity, hook, engine)
        finally:
            engine.dispose()
