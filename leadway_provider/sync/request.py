"""What a user asks of one sync: the operator's arguments, checked, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from hashlib import blake2b
from typing import Final, Literal

from leadway_provider.contacts.mapping import check_targets
from leadway_provider.contacts.stamps import check_stamps
from leadway_provider.exceptions import ConfigurationError, MappingError
from leadway_provider.policies import (
    ON_MATCH,
    ContactRules,
    GuardPolicy,
    Limit,
    OnMatch,
    QuotaPolicy,
    RemovalPolicy,
    parse_limit,
    rows_allowed,
)
from leadway_provider.sync.plan_target import PlanTarget

NOT_PLANNED: Final = frozenset(
    {
        *("task_id", "default_name", "sync_name", "leadway_conn_id", "location_id", "state_conn_id", "reviewed_run"),
        *("worker", "plan_to", "plan_values"),
        *("batch_size", "max_in_flight", "max_rejected", "ledger_days", "keep_before"),
        *("quota", "guards", "deferrable", "on_busy", "emit_unchanged", "overlap", "retry_refused"),
    }
)
"""Fields of a request that change nothing of a plan, or stand in its digest as what they lead to: host and account."""


ALL_ACCOUNTS: Final = "*"
"""The location of a sync whose rows name their accounts: what its runs read is each account's own sync from then on."""
_TYPES: Final[Mapping[type, tuple[str, tuple[str, ...]]]] = {
    int: ("a whole number", ("batch_size", "max_in_flight", "ledger_days", "retry_refused")),
    bool: ("True or False", ("strict", "deferrable", "emit_unchanged", "keep_before", "plan_values")),
    timedelta: ("a timedelta, such as timedelta(hours=6)", ("overlap",)),
    ContactRules: ("a ContactRules", ("rules",)),
    RemovalPolicy: ("a RemovalPolicy", ("removal",)),
    QuotaPolicy: ("a QuotaPolicy", ("quota",)),
}
"""What an argument's value must be, where a template can't be given."""
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "on_busy": ("wait", "fail"),
    "compare": ("state", "account"),
    "on_match": ON_MATCH,
}


@dataclass(frozen=True, slots=True)
class SyncIdentity:
    """What makes a sync: another account, or another host, never shares fingerprints.

    Attributes:
        name: the sync's name, at most 512 characters.
        host: the API's host, at most 190 characters.
        location_id: the account, at most 64 characters.
    """

    name: str
    host: str
    location_id: str


@dataclass(frozen=True, kw_only=True)
class SyncRequest:
    """The arguments of one sync; see `LeadwayUpsertContactsOperator` for what each means.

    Attributes:
        task_id: the task, as errors name it.
        default_name: the sync's name where `sync_name` is not given.
        only_keys: the source keys of the rows that are synced; None for all.
        compare: what a row is compared with: what the account last acknowledged, or what it holds now.
        on_match: which rows are written: all, only those whose contact exists, or only the others.
        plan_to: where a dry run writes its plan; None for nowhere.
        plan_values: whether the plan has the values that would be sent.
        sample: how many contacts are compared with their rows, in place of the whole account; None for all.

    Raises:
        ConfigurationError: a value can't be used; the message names task and argument.
        MappingError: a target or a constant can't be used.
    """

    task_id: str
    default_name: str
    sql: str = field(repr=False)
    sql_conn_id: str
    key: str | Sequence[str]
    mapping: Mapping[str, str] | None = None
    constants: Mapping[str, object] | None = field(default=None, repr=False)
    stamps: Mapping[str, str] | None = field(default=None, repr=False)
    leadway_conn_id: str = "leadway_default"
    location_id: str | None = None
    state_conn_id: str | None = None
    sync_name: str | None = None
    parameters: Mapping[str, object] | None = field(default=None, repr=False)
    hook_params: Mapping[str, object] | None = field(default=None, repr=False)
    rules: ContactRules = field(default_factory=ContactRules)
    strict: bool = False
    batch_size: int = 1000
    max_in_flight: int = 16
    max_rejected: Limit = 0
    removal: RemovalPolicy = field(default_factory=RemovalPolicy)
    dry_run: bool = False
    ledger_days: int = 90
    keep_before: bool = False
    reviewed_run: str | None = None
    worker: int | None = None
    full_resync: bool = False
    allow_older: bool = False
    quota: QuotaPolicy = field(default_factory=QuotaPolicy)
    deferrable: bool = True
    on_busy: Literal["wait", "fail"] = "wait"
    emit_unchanged: bool = False
    incremental: bool = False
    overlap: timedelta = timedelta()
    retry_refused: int = 5
    guards: GuardPolicy = field(default_factory=GuardPolicy)
    only_keys: tuple[str, ...] | None = None
    compare: Literal["state", "account"] = "state"
    on_match: OnMatch = "upsert"
    plan_to: PlanTarget | None = None
    plan_values: bool = False
    sample: int | None = None

    def __post_init__(self) -> None:
        self._check_types()
        for name in ("batch_size", "max_in_flight", "ledger_days"):
            if (value := getattr(self, name)) < 1:
                raise ConfigurationError(
                    f"{name} of task {self.task_id} is {value}; it must be a whole number, 1 or more."
                )
        self._check_dry_run()
        self._check_choices()
        self._check_sample()
        if self.compare == "account" and self.full_resync:
            raise ConfigurationError(
                f"Task {self.task_id} has compare='account' and full_resync=True; the one sends what differs, the "
                "other sends every row. Leave one of them out."
            )
        object.__setattr__(self, "max_rejected", parse_limit(f"max_rejected of task {self.task_id}", self.max_rejected))
        self._check_reading()
        try:
            check_targets(self.mapping, self.constants, self.rules)
            check_stamps(self.stamps or {})
        except MappingError as error:
            raise MappingError(f"Task {self.task_id}: {error}") from None

    def _check_dry_run(self) -> None:
        if self.dry_run and self.reviewed_run:
            raise ConfigurationError(
                f"Task {self.task_id} has both dry_run and reviewed_run; the one plans, the other delivers a plan."
            )
        if self.plan_to is not None and not self.dry_run:
            raise ConfigurationError(
                f"Task {self.task_id} has plan_to, and dry_run is False: only a dry run writes its plan. Leave plan_to "
                "out, or blank, where the task delivers."
            )
        if self.worker is not None and (type(self.worker) is not int or self.worker < 0):
            raise ConfigurationError(f"worker of task {self.task_id} is {self.worker!r}; give each its number.")
        if self.worker is not None and self.dry_run:
            raise ConfigurationError(
                f"Task {self.task_id} has both dry_run and worker; the one plans, the other delivers a plan."
            )

    def _check_sample(self) -> None:
        if self.sample is None:
            return
        if type(self.sample) is not int or self.sample < 1:
            raise ConfigurationError(
                f"sample of task {self.task_id} is {self.sample!r}; give a whole number of contacts, 1 or more."
            )
        if self.compare != "account" or not self.dry_run:
            raise ConfigurationError(
                f"Task {self.task_id} has sample={self.sample}, compare={self.compare!r} and dry_run={self.dry_run}: a "
                "sample verifies and changes nothing. Give it compare='account' and dry_run=True, or leave sample out."
            )

    @property
    def reads_account(self) -> bool:
        """Whether all contacts of the account are read, and each row is compared with its contact."""
        return self.compare == "account" and self.sample is None

    def _check_types(self) -> None:
        for kind, (wanted, names) in _TYPES.items():
            for name in names:
                value = getattr(self, name)
                if type(value) is not kind and not (kind is not int and isinstance(value, kind)):
                    raise ConfigurationError(f"{name} of task {self.task_id} is {value!r}; give {wanted}.")
        columns = self.key_columns
        if not columns or not all(isinstance(each, str) and each for each in columns):
            raise ConfigurationError(
                f"key of task {self.task_id} is {self.key!r}; give the name of a column, or a list of such names."
            )

    def _check_choices(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                *others, last = map(repr, choices)
                allowed = f"{', '.join(others)} or {last}"
                raise ConfigurationError(f"{name} of task {self.task_id} is {getattr(self, name)!r}; it is {allowed}.")

    def _check_reading(self) -> None:
        if self.incremental and self.removal.on_removed != "ignore":
            raise ConfigurationError(
                f"Task {self.task_id} has incremental=True and a removal policy: a query that reads only some rows "
                "does not show which rows have departed. Leave one of them out."
            )
        if self.overlap and not self.incremental:
            raise ConfigurationError(f"overlap of task {self.task_id} is used with incremental=True only.")
        if self.overlap < timedelta():
            raise ConfigurationError(f"overlap of task {self.task_id} is {self.overlap}; it must not be negative.")
        if self.retry_refused < 0:
            raise ConfigurationError(
                f"retry_refused of task {self.task_id} is {self.retry_refused}; it must be 0 or more."
            )

    @property
    def name(self) -> str:
        """The sync's name."""
        return self.sync_name or self.default_name

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify a row of the source."""
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)

    @property
    def contact_rules(self) -> ContactRules:
        """How rows are read, `strict` included."""
        return replace(self.rules, strict=self.rules.strict or self.strict)

    @property
    def reads_all(self) -> bool:
        """Whether the query is to return every row of the source, so that an absent row has departed."""
        return not self.incremental and self.only_keys is None

    def max_rejected_of(self, read: int) -> int:
        """Return how many rejected rows are still a success, where so many rows were read."""
        return rows_allowed(self.max_rejected, read)

    def digest(self, *, source: str, host: str, location_id: str) -> bytes:
        """Return 16 bytes for everything that decides what a plan is; an attempt with another digest plans anew.

        Args:
            source: names the source database, so that a connection that was pointed elsewhere is noticed.
            host: the API.
            location_id: the account.
        """
        asked = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in NOT_PLANNED}
        planned_from = repr((source, host, location_id, self.key_columns, sorted(asked.items())))
        return blake2b(planned_from.encode("utf-8", "surrogatepass"), digest_size=16).digest()
