"""The choices that belong together, as frozen values: how rows are read, quota, removal, and guards.

from leadway_provider.policies import ContactRules, GuardPolicy, QuotaPolicy, RemovalPolicy
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from leadway_provider.country_codes import CODES
from leadway_provider.exceptions import ConfigurationError, MappingError

_DAY: Final = 86_400
_RULES: Final = {
    "on_shared_identity": ("separate", "invalid", "send"),
    "decimal_separator": (None, ".", ","),
    "day_first": (None, True, False),
    "blanks": ("omit", "clear"),
    "tags_mode": ("add", "replace", "remove"),
}
_REMOVALS: Final = ("ignore", "tag", "untag", "delete")
_TOO_MANY: Final = 10**18
_NUMBER: Final = re.compile(r"\d{1,18}(\.\d{1,18})?(e-\d{1,2})?", re.ASCII)

OnMatch: TypeAlias = Literal["upsert", "update_only", "create_only"]
"""What becomes of rows whose contact exists in the account, and of the others."""
ON_MATCH: Final[tuple[OnMatch, ...]] = ("upsert", "update_only", "create_only")

WriteWhen: TypeAlias = Literal["always", "once", "if_empty", "if_unedited"]
"""When a field is written."""
_WRITE: Final[tuple[WriteWhen, ...]] = ("always", "once", "if_empty", "if_unedited")

Limit: TypeAlias = int | float
"""The most rows of a kind: a whole number of rows, or below 1 a share."""


def parse_limit(name: str, value: object) -> Limit:
    """Return a limit, of a number or of its text, which a rendered template is.

    1 is one row. 1.0 is refused, because it could also mean all rows.

    Raises:
        ConfigurationError: it is neither a whole number of rows nor a share below 1.
    """
    if isinstance(value, int) and abs(value) >= _TOO_MANY:  # Python refuses to write a number of thousands of digits
        raise ConfigurationError(f"{name} is a number of more than 18 digits; give a smaller number of rows.")
    text = str(value).strip()
    if isinstance(value, int | float | str) and not isinstance(value, bool) and _NUMBER.fullmatch(text):
        if text.isdecimal():
            return int(text)
        if float(text) < 1:
            return float(text)
    raise ConfigurationError(
        f"{name} is {value!r}; give a whole number of rows, such as 1 or 500, or a share from 0 up to but not "
        "including 1, such as 0.05. A number like 1.0 is neither."
    )


def rows_allowed(limit: Limit, rows: int) -> int:
    """Return how many rows a limit allows, where a share is one of so many rows."""
    # The share as it is written: 0.29 of 100 is 29, and in binary it is less.
    return limit if isinstance(limit, int) else int(Decimal(str(limit)) * rows)


def is_template(value: object) -> bool:
    """Return True if a value is text that Airflow renders before the task runs."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


@dataclass(frozen=True, slots=True)
class ContactRules:
    """How rows are read; every default works on real, messy data.

    Attributes:
        strict: whether a row with any bad value is rejected; otherwise it is sent without that value.
        phone_region: two-letter country of the phone numbers that have no country code, where the row's own country
            does not say it.
        day_first: whether 03/04/1990 is the 3rd of April, or the 4th of March; by default it is withheld as ambiguous.
        decimal_separator: what begins the decimals of 1,200 and 1.200 in text; by default these are withheld as
            ambiguous.
        blanks: what a blank does: `omit` leaves the field as the CRM has it; `clear` sends null where the API lets
            the field be null.
        tags_mode: whether tags are added to the contact's own, replace them, or are removed from them.
        identity: what the account matches contacts by, in the order of its duplicate setting.
        on_shared_identity: what becomes of rows that share an e-mail or a phone. `separate`: rows with the same first
            identity are one contact, held by one key and the others superseded; the second identity is sent by one key
            and withheld from the others. `invalid`: the others are rejected. `send`: all are sent, in order.
        write: when a field is written, by target, such as `{"source": "once", "assigned_to": "if_empty"}`. `always` is
            the default. `once`: only where the sync makes the contact. `if_empty`: only where the CRM holds nothing in
            the field. `if_unedited`: unless somebody has changed it in the CRM since the sync wrote it. E-mail, phone,
            contact id, tags and do-not-disturb settings have no such choice. It is kept as a sorted tuple of pairs.

    Raises:
        MappingError: a value is not one of these.
    """

    strict: bool = False
    phone_region: str | None = None
    day_first: bool | None = None
    decimal_separator: Literal[".", ","] | None = None
    blanks: Literal["omit", "clear"] = "omit"
    tags_mode: Literal["add", "replace", "remove"] = "add"
    identity: tuple[Literal["email", "phone"], ...] = ("email", "phone")
    on_shared_identity: Literal["separate", "invalid", "send"] = "separate"
    write: Mapping[str, WriteWhen] | tuple[tuple[str, WriteWhen], ...] = ()

    def __post_init__(self) -> None:
        for name, choices in _RULES.items():
            if getattr(self, name) not in choices:
                raise MappingError(f"{name} is {getattr(self, name)!r}; it can be {' or '.join(map(repr, choices))}.")
        if self.phone_region is not None and self.phone_region not in CODES:
            raise MappingError(f"phone_region is {self.phone_region!r}; it is a two-letter country code such as 'US'.")
        once_each = len(set(self.identity)) == len(self.identity)
        if not once_each or set(self.identity) not in ({"email"}, {"phone"}, {"email", "phone"}):
            raise MappingError(f"identity is {self.identity!r}; it holds 'email', 'phone' or both, each once.")
        object.__setattr__(self, "write", self._pairs())

    def _pairs(self) -> tuple[tuple[str, WriteWhen], ...]:
        if not isinstance(self.write, Mapping | tuple):
            raise MappingError(f'write is {self.write!r}; give a dict such as {{"source": "once"}}.')
        pairs = dict(self.write)
        for target, policy in pairs.items():
            if not isinstance(target, str):
                raise MappingError(f"write has {target!r}, which is not a text; name a target such as 'source'.")
            if policy not in _WRITE:
                choices = " or ".join(map(repr, _WRITE))
                raise MappingError(f"write has {policy!r} for {target!r}; it can be {choices}.")
        return tuple(sorted(pairs.items()))

    @property
    def write_policies(self) -> dict[str, WriteWhen]:
        """When a field is written, by target as the user writes it."""
        return dict(self.write)


@dataclass(frozen=True, slots=True)
class QuotaPolicy:
    """How much of the account's quota a task may use, and how long it waits for more.

    Attributes:
        daily_reserve: calls of the day's quota that are left to others.
        max_wait: the longest, in seconds, that a call waits for quota; where more is needed the task defers.

    Raises:
        ConfigurationError: a value is out of range.
    """

    daily_reserve: int = 0
    max_wait: float = 300.0

    def __post_init__(self) -> None:
        if self.daily_reserve < 0:
            raise ConfigurationError(f"daily_reserve is {self.daily_reserve}; give a number of calls, 0 or more.")
        if not 0 <= self.max_wait <= _DAY:
            raise ConfigurationError(f"max_wait is {self.max_wait}; give seconds, from 0 to {_DAY}.")


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """What becomes of the contacts of departed rows: rows that are no longer in the query's result.

    Only contacts that this sync created or updated are changed, and never one that another row of the result lives on.

    Attributes:
        on_removed: `ignore` leaves the contacts as they are; `tag` adds `removed_tags` to them, and removes these tags
            again when a row is sent; `untag` removes `removed_tags`; `delete` deletes those contacts that this sync is
            known to have created. All but `ignore` need a query that reads every row each time.
        removed_tags: the tags, in small letters, as the API keeps them.
        max_removed: the most rows that may depart at once: a whole number, or below 1 a share of the sync's rows that
            have a contact. If more have departed, the task fails before anything is sent or removed.

    Raises:
        ConfigurationError: a value is not one of these, or tags are given where none are used, or missing where they
            are.
    """

    on_removed: Literal["ignore", "tag", "untag", "delete"] = "ignore"
    removed_tags: Sequence[str] = ()
    max_removed: float = 0.05

    def __post_init__(self) -> None:
        if self.on_removed not in _REMOVALS:
            raise ConfigurationError(
                f"on_removed is {self.on_removed!r}; it can be {' or '.join(map(repr, _REMOVALS))}."
            )
        if isinstance(self.removed_tags, str) or not all(isinstance(tag, str) for tag in self.removed_tags):
            raise ConfigurationError("removed_tags is not a list of texts; give a tuple such as ('left',).")
        tags = tuple(dict.fromkeys(tag.strip().lower() for tag in self.removed_tags))
        object.__setattr__(self, "removed_tags", tags)
        if "" in tags:
            raise ConfigurationError("removed_tags holds a blank tag; leave it out.")
        if (self.on_removed in ("tag", "untag")) != bool(tags):
            raise ConfigurationError(
                f"on_removed is {self.on_removed!r} and removed_tags is {tags!r}; "
                "'tag' and 'untag' need removed_tags, and nothing else uses them."
            )
        object.__setattr__(self, "max_removed", parse_limit("max_removed", self.max_removed))

    def limit(self, with_contact: int) -> int:
        """Return the most rows that may depart at once, where so many have a contact."""
        return rows_allowed(self.max_removed, with_contact)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """What a plan may look like, so that it is sent. If it does not, the task fails before any contact is changed.

    Each value may be a template of Airflow, such as `"{{ params.max_new | tojson }}"`, so that a person can let one run
    pass. None, or a template that renders to `None` or `null`, means that there is no such limit.

    Attributes:
        max_new: the most rows without a contact that would be sent: a whole number, or below 1 a share of the sync's
            rows that have a contact.
        max_changed: the most rows with a contact that would be sent: a whole number, or a share of the same rows.
        min_rows: the fewest rows that the query may return. None is 1 where the query reads every row and the sync has
            rows with a contact, and 0 elsewhere.
        max_repeated: the most rows that repeat the key of another row: a whole number, or below 1 a share of the rows
            that the query returned.

    Raises:
        ConfigurationError: a value is not one of these.
    """

    max_new: float | str | None = None
    max_changed: float | str | None = None
    min_rows: int | str | None = None
    max_repeated: float | str | None = 0.01

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None or is_template(value):
                continue
            object.__setattr__(self, each.name, self._parsed(each.name, value))

    def limit(self, name: str) -> Limit | None:
        """Return the value of that name, or None where there is no such limit.

        Raises:
            ConfigurationError: it is a template that was not rendered.
        """
        value: object = getattr(self, name)
        if isinstance(value, int | float) or value is None:
            return value
        raise ConfigurationError(f"{name} is the template {value!r}, which was not rendered.")

    @staticmethod
    def _parsed(name: str, value: object) -> Limit | None:
        if isinstance(value, str) and value.strip() in ("None", "null"):
            return None
        limit = parse_limit(name, value)
        if name == "min_rows" and not isinstance(limit, int):
            raise ConfigurationError(f"min_rows is {value!r}; give a whole number of rows, 0 or more.")
        return limit
