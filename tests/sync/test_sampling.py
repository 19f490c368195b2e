"""Which rows take part in a sample, and how their contacts are read: some at a time, and on from where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import pytest

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import UnavailableError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.sample import RowSample
from leadway_provider.sync.sampling import SampleComparison, SampleReading
from leadway_provider.sync.snapshot import ContactDigester, KnownHome
from leadway_provider.testing import MemoryAccount
from leadway_provider.testing.answers import MemoryContact
from leadway_provider.testing.snapshot import MemorySnapshot

MAPPING: Final = compile_mapping(["id", "email", "first_name", "phone"], key=["id"])
DIGESTER: Final = ContactDigester(ContactForm.of(MAPPING, ()), UNKEYED)
THEN: Final = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class BusyAccount(MemoryAccount):
    """An account whose answers take a turn of the loop, and that can't be reached at some calls.

    Attributes:
        fails_at: the numbers of these calls, from 1.
        asked: the contacts that were asked for.
        most: the most calls that have waited for their answers at a time.
    """

    fails_at: Collection[int] = ()
    asked: list[str] = field(default_factory=list)
    most: int = 0
    waiting: int = 0

    async def get_contact(self, contact_id: str) -> MemoryContact:
        self.asked.append(contact_id)
        number = len(self.asked)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        if number in self.fails_at:
            raise UnavailableError("away", call="GET /contacts/{contactId}", maybe_received=False)
        return await super().get_contact(contact_id)


class KnownHomes(MemorySnapshot):
    """A store that knows where rows live.

    Args:
        known: the homes, by row id.
        others: the other rows that live on contacts, by contact.
    """

    def __init__(self, known: Mapping[int, KnownHome], others: Mapping[str, Iterable[int]] | None = None) -> None:
        self.known = dict(known)
        self.others = others or {}

    def homes(self, row_ids: Collection[int]) -> Mapping[int, KnownHome]:
        return {row_id: self.known[row_id] for row_id in row_ids if row_id in self.known}

    def residents(self, contact_ids: Collection[str]) -> Mapping[str, Collection[int]]:
        own = {home.contact_id: [row_id] for row_id, home in self.known.items() if home.contact_id}
        return {each: [*own.get(each, ()), *self.others.get(each, ())] for each in contact_ids}


def home(contact_id: str | None, *identities: tuple[str, str]) -> KnownHome:
    """What is known of a row that lives on a contact, on which the account was last known to have these."""
    return KnownHome(contact_id, THEN, in_crm=frozenset(UNKEYED.hash(*each) for each in identities))


def sample_of(store: MemorySnapshot, rows: Mapping[int, Sequence[object]]) -> RowSample:
    """Return a sample of up to ten of these rows."""
    sample = RowSample(10, Random(1).random, store)  # noqa: S311 - not for secrets
    sample.add({row_id: (str(row_id), values) for row_id, values in rows.items()})
    return sample


def test_as_many_calls_wait_as_may_be_in_flight() -> None:
    """And no more."""
    account = BusyAccount()
    ids = [account.add_contact(email=f"p{number}@example.com") for number in range(50)]
    reading = SampleReading(ids, DIGESTER, 7)

    asyncio.run(reading.read(account))

    assert (account.most, sorted(account.asked), sorted(reading.found)) == (7, sorted(ids), sorted(ids))


@pytest.mark.parametrize("fails_at", [[1], [20], [3, 4, 5, 9]])
def test_a_reading_that_failed_goes_on_where_it_was(fails_at: list[int]) -> None:
    """Nothing new is asked for after a failure, and only what has no answer is asked for again."""
    account = BusyAccount(fails_at=fails_at)
    ids = [account.add_contact(email=f"p{number}@example.com") for number in range(50)]
    reading = SampleReading(ids, DIGESTER, 4)

    failures = 0
    while len(reading.found) < len(ids):
        try:
            asyncio.run(reading.read(account))
        except UnavailableError:
            assert len(account.asked) <= max(fails_at) + 4
            failures += 1

    assert 1 <= failures <= len(fails_at)
    assert len(account.asked) == len(ids) + len(fails_at)


def test_a_contact_that_is_not_there_is_read_as_none() -> None:
    """It was deleted, or merged into another one."""
    account = BusyAccount()
    there = account.add_contact(email="ann@example.com")
    reading = SampleReading(["gone", there], DIGESTER, 2)
    asyncio.run(reading.read(account))
    assert reading.found["gone"] is None
    assert reading.found[there] is not None


def test_only_rows_with_a_contact_of_their_own_take_part() -> None:
    """One has none, one shares it, one is not known, and to one a call without an answer may have written."""
    known = {1: home("c1"), 2: home(None), 3: home("c3"), 4: replace(home("c4"), is_unanswered=True)}
    sample = sample_of(KnownHomes(known, {"c3": [33]}), dict.fromkeys((1, 2, 3, 4, 5), ()))
    assert ([row.row_id for row in sample.rows()], sample.population) == ([1], 1)


@pytest.mark.parametrize(
    ("shown", "known", "found"),
    [
        ({}, {}, {"equal": 1}),
        ({"firstName": " ANN "}, {}, {"equal": 1}),
        ({"firstName": "Sue"}, {}, {"drifted": 1, "first_name": 1}),
        ({"firstName": "Sue"}, {"not_kept": frozenset({"first_name"})}, {"equal": 1}),
        ({"phone": "+12025550199"}, {}, {"drifted": 1, "phone": 1}),
        ({"phone": None}, {"in_crm": frozenset({UNKEYED.hash("email", "ann@example.com")})}, {"equal": 1}),
        ({"email": "sue@example.com", "phone": None}, {}, {"drifted": 1, "email": 1, "phone": 1}),
        (None, {}, {"missing": 1}),
    ],
)
def test_a_row_is_compared_with_what_was_acknowledged(
    shown: Mapping[str, JsonValue] | None, known: dict[str, Any], found: dict[str, int]
) -> None:
    """In the normal form; what the contact did not keep, or did not get, is as acknowledged."""
    has = {"email": "ann@example.com", "firstName": "Ann", "phone": "+12025550100"}
    at = home("c1", ("email", "ann@example.com"), ("phone", "+12025550100"))
    store = KnownHomes({1: replace(at, **known)})
    sample = sample_of(store, {1: (1, "ann@example.com", "Ann", "+1 202 555 0100")})
    read = {"c1": None if shown is None else DIGESTER.digest("c1", {**has, **shown})}

    findings = SampleComparison(mapping=MAPPING, removal=RemovalPolicy(), store=store, digester=DIGESTER).findings(
        sample, read
    )

    counts = {name: getattr(findings, name) for name in ("equal", "drifted", "missing") if getattr(findings, name)}
    assert {**counts, **findings.drifted_by_field} == found
    assert findings.sampled == findings.population == 1


def test_a_row_whose_home_has_changed_counts_neither_way() -> None:
    """Something has written to it since it was chosen; one that is equal counts as it is."""
    store = KnownHomes({row_id: home(f"c{row_id}") for row_id in (1, 2, 3)})
    sample = sample_of(store, {row_id: (row_id, f"p{row_id}@example.com", "Ann", None) for row_id in (1, 2, 3)})
    read = {
        f"c{row_id}": DIGESTER.digest(f"c{row_id}", {"firstName": name})
        for row_id, name in enumerate(["", "Ann", "Sue", "Sue"])
    }
    store.known[3] = replace(store.known[3], changed_at=datetime(2026, 11, 24, tzinfo=UTC))
    store.known[1] = replace(store.known[1], changed_at=datetime(2026, 11, 24, tzinfo=UTC))

    findings = SampleComparison(mapping=MAPPING, removal=RemovalPolicy(), store=store, digester=DIGESTER).findings(
        sample, read
    )

    assert (findings.population, findings.sampled, findings.equal, findings.drifted) == (3, 2, 1, 1)
