"""The mapping and the planner of one run, made of what a user asks of the sync."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from leadway_provider.contacts.cut_name import refuse_cut_names
from leadway_provider.contacts.mapping import ContactMapping, MappedColumn, compile_mapping, needs_users
from leadway_provider.contacts.stamps import RunStamps, compile_stamps
from leadway_provider.exceptions import MappingError
from leadway_provider.sync.plan import Planner
from leadway_provider.sync.ports import ClaimStore, PlanStore

if TYPE_CHECKING:
    from leadway_provider.contacts.custom_field import CustomField
    from leadway_provider.sync.comparison import AccountComparison
    from leadway_provider.sync.forgotten import ForgottenKeys
    from leadway_provider.sync.identities import IdentityHasher
    from leadway_provider.sync.request import SyncRequest
    from leadway_provider.sync.sample import RowSample


def refuse_cut_columns(
    request: SyncRequest, columns: Sequence[str], custom_fields: Sequence[CustomField], limit: int | None
) -> None:
    """Raise MappingError for a column whose name may have been cut; see `refuse_cut_names`.

    Args:
        request: what is asked for.
        columns: the names of the result's columns.
        custom_fields: the account's custom fields for contacts.
        limit: the bytes to which the database cuts a name; None where it cuts none.
    """
    if limit:
        left_out = (*request.key_columns, *(request.mapping or {}))
        refuse_cut_names(columns, left_out=left_out, custom_fields=custom_fields, limit=limit)


def mapping_of(
    request: SyncRequest,
    columns: Sequence[str],
    custom_fields: Sequence[CustomField],
    users: Callable[[], Mapping[str, str]],
) -> ContactMapping:
    """Return how rows with these columns become contacts; raises as `compile_mapping` does, and for `on_match`.

    Args:
        request: what is asked for.
        columns: the names of the result's columns.
        custom_fields: the account's custom fields for contacts.
        users: returns the ids of the account's users by e-mail; it is called only where a column needs them.
    """
    compiled = compile_mapping(
        columns,
        key=request.key_columns,
        mapping=request.mapping,
        constants=request.constants,
        custom_fields=custom_fields,
        users=users() if needs_users(columns, request.mapping, request.constants) else None,
        rules=request.contact_rules,
    )
    if request.on_match != "upsert" and "createNewIfDuplicateAllowed" in compiled.targets:
        raise MappingError(
            f"on_match={request.on_match!r} writes no contact without a look whether it exists, and "
            f"{compiled.targets['createNewIfDuplicateAllowed']} asks for that: leave one of them out."
        )
    stamps = compile_stamps(
        request.stamps or {}, targets=compiled.targets, custom_fields=custom_fields, rules=request.contact_rules
    )
    targets = {**compiled.targets, **{each.api_path: each.target for each in stamps}}
    if request.on_match == "update_only" and "companyName" in targets:
        raise MappingError(
            "on_match='update_only' never creates a contact. On a contact that exists, only an upsert writes the "
            "company name, and it creates a contact where that one has just been deleted: leave "
            f"{targets['companyName']} out, or write it with on_match='upsert'."
        )
    return replace(compiled, stamps=stamps)


def described_columns(mapping: ContactMapping) -> tuple[MappedColumn, ...]:
    """Return which column or constant feeds which field, with the stamps at the end, as constants."""
    return (*mapping.columns, *(MappedColumn(None, each.target, each.api_path) for each in mapping.stamps))


class ClaimingPlanStore(PlanStore, Protocol):
    """A plan's side of the state store, with the claims of the sync."""

    @property
    def id(self) -> str:
        """The run's id."""
        ...

    @property
    def claims(self) -> ClaimStore:
        """Who holds which e-mail and phone."""
        ...


def planner_of(
    request: SyncRequest,
    mapping: ContactMapping,
    store: ClaimingPlanStore,
    *,
    seen_by_newer: bytes,
    hasher: IdentityHasher,
    comparison: AccountComparison | None = None,
    forgotten: ForgottenKeys,
    planned_at: datetime | None = None,
    sample: RowSample | None = None,
) -> Planner:
    """Return the planner of a run.

    Args:
        request: what is asked for.
        mapping: how a row becomes a contact.
        store: the run's side of the state store.
        seen_by_newer: one bit for each row id that a newer data interval has seen.
        hasher: hashes the sync's e-mails and phones.
        comparison: compares rows with the account itself; None compares them with what it last acknowledged.
        forgotten: the keys whose rows are skipped, because their persons were forgotten.
        planned_at: what contacts are stamped with as the time; None for a plan that sends none.
        sample: chooses rows at random among the unchanged ones; None chooses none.
    """
    removes = request.removal.on_removed != "ignore"
    return Planner(
        key=request.key_columns,
        mapping=mapping,
        store=store,
        claims=store.claims,
        removal=request.removal,
        seen_by_newer=b"" if request.allow_older else seen_by_newer,
        full_resync=request.full_resync,
        incremental=not request.reads_all,
        retry_refused=request.retry_refused,
        trust_few=removes,
        hasher=hasher,
        comparison=comparison,
        on_match=request.on_match,
        forgotten=forgotten,
        stamps=RunStamps(mapping.stamps, store.id, planned_at),
        sample=sample,
    )
