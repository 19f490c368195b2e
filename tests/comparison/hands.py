"""A sync in memory, and people who change the account by hand between and during its runs."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.policies import ContactRules
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.testing import MemoryAccount, MemoryState
from leadway_provider.testing.answers import MemoryAnswer, MemoryContact
from leadway_provider.testing.contact import identities_of
from leadway_provider.testing.sync import sync_rows
from leadway_provider.testing.tables import MemoryRow

FIELDS: Final = {"email": "email", "phone": "phone", "first_name": "firstName", "city": "city"}
"""The columns of the source, and the fields that they feed."""
EMAILS: Final = [f"e{number}@example.com" for number in range(8)]
PHONES: Final = [f"+1202555011{number}" for number in range(8)]
NAMES: Final = ["Ann", "Bob", "Cleo", "Dan"]
CITIES: Final = ["Bern", "Lyon", "Oslo"]


@dataclass
class HandAccount(MemoryAccount):
    """An account that counts the calls that write, and lets people change it while it is read.

    Attributes:
        writes: how many calls wrote.
        after_page: is called after each page of a search.
    """

    writes: int = 0
    after_page: Callable[[], None] = lambda: None

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        self.writes += 1
        return await super().upsert_contact(fields)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        self.writes += 1
        return await super().update_contact(contact_id, fields)

    async def search_contacts(self, after: Sequence[JsonValue] | None = None, limit: int = 500) -> list[MemoryContact]:
        found = copy.deepcopy(await super().search_contacts(after, limit))
        self.after_page()
        return found


@dataclass
class Hands:
    """A source, an account that is full already, and people; all of it follows from a seed.

    Attributes:
        source: the rows by key.
        acknowledged: the rows as the last run read them.
        before: the contacts as they were before the last run.
        homes_before: the contacts that rows lived on then.
        merged: whether anybody merged contacts, so that rows may share one.
        rules: how rows are read.
        homes_ever: the contacts that each row has lived on, by key.
    """

    random: Random
    source: dict[int, dict[str, str | None]] = field(default_factory=dict)
    account: HandAccount = field(init=False)
    state: MemoryState = field(init=False)
    acknowledged: dict[int, dict[str, str | None]] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    homes_before: set[str] = field(default_factory=set)
    merged: bool = False
    rules: ContactRules = field(default_factory=ContactRules)
    homes_ever: dict[int, set[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.account = HandAccount(now=self.now, page_size=self.random.randint(1, 4))
        self.state = MemoryState(now=self.now)
        for _ in range(self.random.randint(0, 4)):
            self.create()
        for key in range(self.random.randint(1, 5)):
            self.change_row(key)

    def now(self) -> datetime:
        """Return the present; it passes with each look, and slowly enough that nothing is written long ago."""
        self.seconds += 1
        return datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)

    # What people do

    def by_hand(self) -> None:
        """Let a person do anything in the CRM."""
        contacts = list(self.account.contacts)
        what = self.random.choice(["create", "edit", "edit", "edit", "delete", "merge"])
        if what == "create" or len(contacts) < 2:
            self.create()
        elif what == "edit":
            self.edit(self.random.choice(contacts))
        elif what == "delete":
            self.delete(self.random.choice(contacts))
        else:
            one, other = self.random.sample(contacts, 2)
            self.merged = True
            self.account.merge_contacts(one, into=other)

    def create(self) -> None:
        """Add a contact, which may be of a person of the source."""
        email, phone = self._free(EMAILS, "email"), self._free(PHONES, "phone")
        self.account.add_contact(email=email, phone=phone, firstName=self.random.choice(NAMES))

    def edit(self, contact_id: str) -> None:
        """Change one field of a contact."""
        name = self.random.choice(["firstName", "city", "email", "phone", "lastName"])
        free = {"email": EMAILS, "phone": PHONES}
        value = self._free(free[name], name) if name in free else self.random.choice([*NAMES, None])
        self.account.edit_contact(contact_id, **{name: value})

    def delete(self, contact_id: str) -> None:
        """Delete a contact."""
        asyncio.run(self.account.delete_contact(contact_id))

    def _free(self, values: Sequence[str], name: str) -> str | None:
        """Return a value that no contact has: the account lets nobody give it to a second one."""
        held = {value for contact in self.account.contacts.values() for value in identities_of(contact, name)}
        return self.random.choice([*(each for each in values if each not in held), None])

    # The source

    def change_row(self, key: int) -> None:
        """Let a row be new, or have other values; nobody else of the source has its e-mail or phone."""
        others = [row for other, row in self.source.items() if other != key]
        emails = [each for each in EMAILS if each not in {row["email"] for row in others}]
        phones = [each for each in PHONES if each not in {row["phone"] for row in others}]
        self.source[key] = {
            "email": self.random.choice(emails),
            "phone": self.random.choice([*phones, None]),
            "first_name": self.random.choice(NAMES),
            "city": self.random.choice(CITIES),
        }

    def swap(self) -> None:
        """Let two people of the source swap their e-mails."""
        if len(self.source) > 1:
            one, other = self.random.sample(list(self.source), 2)
            self.source[one]["email"], self.source[other]["email"] = (
                self.source[other]["email"],
                self.source[one]["email"],
            )

    def run(self, *, compare: bool) -> Counts:
        """Run the sync once, over the whole source."""
        self.seconds += self.random.choice([0, 0, 1000])
        self.before, self.homes_before = self.snapshot(), set(self.homes())
        rows = [{"id": key, **row} for key, row in self.source.items()]
        counts = sync_rows(
            rows,
            key="id",
            stamps={"source": "run_id", "postal_code": "time"},
            account=self.account,
            state=self.state,
            compare="account" if compare else "state",
            rules=self.rules,
        )
        for contact_id, keys in self.homes().items():
            for key in keys:
                self.homes_ever.setdefault(key, set()).add(contact_id)
        self.acknowledged = copy.deepcopy(self.source)
        return counts

    def play(self) -> Counts:
        """Let anything happen some times, and then compare with the account."""
        for _ in range(self.random.randint(1, 12)):
            what = self.random.choice(["hand", "hand", "hand", "row", "swap", "state", "account"])
            if what == "hand":
                self.by_hand()
            elif what == "row":
                self.change_row(self.random.randint(0, 5))
            elif what == "swap":
                self.swap()
            else:
                self.run(compare=what == "account")
        return self.run(compare=True)

    # What must be true

    def row_of(self, key: int) -> MemoryRow:
        """Return what the state knows of a row."""
        found = self.state.row_of(str(key))
        assert found is not None
        return found

    def homes(self) -> dict[str, list[int]]:
        """Return the keys of the rows by the contact that they live on."""
        found: dict[str, list[int]] = {}
        for key in self.source:
            row = self.state.row_of(str(key))
            if row is not None and row.contact_id is not None:
                found.setdefault(row.contact_id, []).append(key)
        return found

    def overwritten(self) -> list[str]:
        """Return the cities that a person has typed and the last run has changed; no row has one of these."""
        return [
            f"{contact_id} had {city} and has {now}"
            for contact_id, was in self.before.items()
            if (city := was.get("city")) in NAMES
            if (now := self.account.contacts.get(contact_id, {}).get("city")) != city
        ]

    def outdated(self) -> list[str]:
        """Return the rows whose contact has a city that the sync has written there, and that is not the row's."""
        return [
            f"{key} wants {self.source[key]['city']} and has {city}"
            for contact_id, keys in self.homes().items()
            if len(keys) == 1 and (key := keys[0]) in self.source and self.homes_ever[key] == {contact_id}
            if (city := self.account.contacts.get(contact_id, {}).get("city")) in CITIES
            if city != self.source[key]["city"] and not self.merged
        ]

    def problems(self) -> list[str]:
        """Return which mapped field of which row is not right in the account, without a reason."""
        found = []
        homes = self.homes()
        for key, wanted in self.source.items():
            row = self.row_of(key)
            contact = self.account.contacts.get(str(row.contact_id))
            if row.state not in (RowState.UNCHANGED, RowState.CREATED, RowState.UPDATED):
                found.append(f"{key} is {row.state}")
            elif contact is None:
                found.append(f"{key} has no contact")
            elif len(homes[str(row.contact_id)]) == 1:
                found += [
                    f"{key} wants {column} {value}, and {row.contact_id} has {contact.get(FIELDS[column])}"
                    for column, value in wanted.items()
                    if value is not None and contact.get(FIELDS[column]) != value
                    if not self._is_taken(column, value, str(row.contact_id))
                ]
        return found

    def _is_taken(self, column: str, value: str, own: str) -> bool:
        """Return whether a contact of nobody had an e-mail or phone before the run, or another as a further value."""
        return column in ("email", "phone") and any(
            value in identities_of(contact, column)
            and (contact_id not in self.homes_before or contact.get(column) != value or self.merged)
            for contact_id, contact in self.before.items()
            if contact_id != own
        )

    def is_certain(self, key: int) -> bool:
        """Return whether the state said that the account has the row as the source has it now."""
        row = self.state.row_of(str(key))
        return row is not None and row.fingerprint is not None and self.acknowledged.get(key) == self.source[key]

    def unsure(self) -> bool:
        """Return whether a further run may have to send something, because of what the last one could not foresee.

        A row was written to a contact that another call wrote to at the same time, or without an e-mail or phone that
        another contact had until later in the run.
        """
        rows = self.state.rows.values()
        lacks = any(remark.field in ("email", "phone") for row in rows for remark in row.remarks)
        return self.merged or lacks or any(row.fingerprint is None for row in rows)

    def touched_strangers(self) -> list[str]:
        """Return the contacts that the last run changed although no row lived on them before or after it."""
        ours = self.homes_before.union(self.homes())
        return [
            each for each, was in self.before.items() if each not in ours and self.account.contacts.get(each) != was
        ]

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return a copy of all contacts."""
        return {each: copy.deepcopy(dict(fields)) for each, fields in self.account.contacts.items()}
