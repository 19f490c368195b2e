"""The page about identities shows what plan and delivery do: every picture of it is run, in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.reasons import CODES
from leadway_provider.exceptions import ContactNotFoundError, IdentityTakenError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.outcome import Counts, Remark
from leadway_provider.testing import MemoryAccount, MemoryState, sync_rows
from leadway_provider.testing.answers import MemoryAnswer
from tests.docs.page import quoted, read, table

PAGE: Final = read("docs/identity.md")
PEOPLE: Final = ("Key", "Source before", "Source now", "Contact before", "Contact now")
CALLS: Final = ("Call", "Sends", "Answer")
SECTIONS: Final = {
    section.partition("\n")[0]: section for section in PAGE.split("\n## ")[1:] if f"| {' | '.join(PEOPLE)} |" in section
}

CLEARS_NOTHING: Final = {"A swap where the account clears no e-mail"}
"""Pictures of an account that ignores null in an e-mail."""
PARTIAL: Final = {"The holder is not read"}
"""Pictures whose second run reads some rows."""
REMOVING: Final = {"A customer gets another key": RemovalPolicy(on_removed="delete", max_removed=1)}
"""Pictures with a policy for departed rows."""

Fields = dict[str, object]


@dataclass
class Account(MemoryAccount):
    """An account that writes its calls down as the page shows them, with the contacts that it creates as A, B and C."""

    log: list[tuple[str, str, str]] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        return await self._logged("POST", fields, super().upsert_contact(fields))

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        call = f"PUT {self.letters[contact_id]}"
        return await self._logged(call, fields, super().update_contact(contact_id, fields))

    async def delete_contact(self, contact_id: str) -> None:
        self.log.append((f"DELETE {self.letters[contact_id]}", "", ""))
        await super().delete_contact(contact_id)

    def id_of(self, letter: str) -> str:
        """Return the id of a contact."""
        return next(contact_id for contact_id, each in self.letters.items() if each == letter)

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return the contacts as the page shows them."""
        return {self.letters[contact_id]: _ordered(fields) for contact_id, fields in self.contacts.items()}

    def add(self, letter: str, fields: Fields) -> None:
        """Add a contact as others do."""
        self.letters[asyncio.run(super().upsert_contact(_api(fields))).contact_id] = letter

    def edit(self, letter: str, fields: Fields | None) -> None:
        """Change a contact as others do, or delete it."""
        if fields is None:
            asyncio.run(super().delete_contact(self.id_of(letter)))
        elif self.shown()[letter] != fields:
            asyncio.run(super().update_contact(self.id_of(letter), _api(fields)))

    async def _logged(self, call: str, fields: Mapping[str, JsonValue], made: Awaitable[MemoryAnswer]) -> MemoryAnswer:
        sent = ", ".join(f"no `{name}`" if value is None else f"`{value}`" for name, value in _ordered(fields).items())
        try:
            answer = await made
        except ContactNotFoundError:
            self.log.append((call, sent, "not found"))
            raise
        except IdentityTakenError as error:
            self.log.append((call, sent, f"refused: {self.letters[str(error.contact_id)]} has the `email`"))
            raise
        if answer.new:
            self.letters[answer.contact_id] = "ABC"[len(set("ABC") & set(self.letters.values()))]
        kept = fields.get("email", "") is None and answer.kept.get("email")
        letter = self.letters[answer.contact_id]
        words = f"{letter}{', new' if answer.new else ''}{', which keeps its `email`' if kept else ''}"
        self.log.append((call, sent, words))
        return answer


@dataclass(frozen=True)
class Person:
    """A line of a picture: a row of the source and its contact, each before and now; no key where a stranger is."""

    key: str
    before: Fields | None
    now: Fields | None
    contact_before: tuple[str, Fields | None] | None
    contact_now: tuple[str, Fields | None] | None


@dataclass(frozen=True)
class Picture:
    """A picture of the page."""

    heading: str
    people: tuple[Person, ...]
    calls: tuple[tuple[str, str, str], ...]
    report: Mapping[str, int]
    next_report: Mapping[str, int]
    reasons: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, heading: str) -> Picture:
        """Return what a section of the page shows."""
        section = SECTIONS[heading]
        people = tuple(
            Person(key, _row(before), _row(now), _contact(contact_before), _contact(contact_now))
            for key, before, now, contact_before, contact_now in table(section, *PEOPLE)
        )
        calls = tuple(table(section, *CALLS)) if f"| {' | '.join(CALLS)} |" in section else ()
        return cls(
            heading,
            people,
            tuple((quoted(call)[0], sent, answer) for call, sent, answer in calls),
            _report(section, "Report"),
            _report(section, "Next run"),
            frozenset(re.findall(r"Key (\d+) has the (reason|remark) `(\w+)`", section)),
        )

    def rows(self, when: str) -> list[Fields]:
        """Return the source's rows, before or now, each with the same columns."""
        columns = ["id", "first_name", "email", "phone"]
        if any("contact_id" in each for person in self.people for each in (person.before, person.now) if each):
            columns.append("contact_id")
        found = [(person.key, getattr(person, when)) for person in self.people]
        return [{name: (row | {"id": key}).get(name) for name in columns} for key, row in found if row is not None]


def _row(cell: str) -> Fields | None:
    """Return the fields of a row or contact, or None where there is none."""
    fields: Fields = {_field(value): value for value in quoted(cell)}
    return fields or None


def _field(value: str) -> str:
    if "@" in value:
        return "email"
    if re.fullmatch(r"[A-Z]", value):
        return "contact_id"
    return "phone" if value.startswith("+") else "first_name"


def _contact(cell: str) -> tuple[str, Fields | None] | None:
    """Return a contact's letter and fields, None where it was deleted; None where there is no contact."""
    letter, colon, shown = cell.partition(": ")
    return (letter, _row(shown)) if colon else None


def _report(section: str, name: str) -> dict[str, int]:
    """Return the counts of the line that begins with that name."""
    found = re.search(rf"^{name}: (.+?)\.", section, re.MULTILINE)
    return {count: int(number) for count, number in re.findall(r"`(\w+)` (\d+)", found[1])} if found else {}


def _ordered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the page shows, in its order and by the names of their columns."""
    names = {"firstName": "first_name", "email": "email", "phone": "phone"}
    return {column: fields[name] for name, column in names.items() if name in fields}


def _not_zero(counts: Counts) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}


@dataclass
class Scene:
    """An account and a state in which the first run of a picture is over and the CRM was changed since."""

    picture: Picture
    account: Account
    state: MemoryState = field(default_factory=MemoryState)

    @classmethod
    def of(cls, picture: Picture) -> Scene:
        """Run the picture's first run, and let the account's contacts be as it shows them before the second one."""
        scene = cls(picture, Account(clears_identities=picture.heading not in CLEARS_NOTHING))
        shown = dict(person.contact_before for person in picture.people if person.contact_before)
        named = {str(row["contact_id"]) for row in picture.rows("before") if row.get("contact_id")}
        for letter in named:
            scene.account.add(letter, shown[letter] or {})
        scene.sync(picture.rows("before"))
        for letter, fields in sorted(shown.items()):
            if letter in scene.account.letters.values():
                scene.account.edit(letter, fields)
            else:
                scene.account.add(letter, fields or {})
        scene.account.log.clear()
        return scene

    def sync(self, rows: Sequence[Fields], *, incremental: bool = False) -> dict[str, int]:
        """Run the sync, and return the counts that are not zero."""
        for row in rows:
            if row.get("contact_id"):
                row["contact_id"] = self.account.id_of(str(row["contact_id"]))
        removal = REMOVING.get(self.picture.heading)
        counts = sync_rows(
            rows, key="id", account=self.account, state=self.state, removal=removal, incremental=incremental
        )
        return _not_zero(counts)

    def second_run(self) -> dict[str, int]:
        """Run the picture's second run, or that again."""
        return self.sync(self.picture.rows("now"), incremental=self.picture.heading in PARTIAL)

    def remarks(self) -> frozenset[tuple[str, str, str]]:
        """Return key, kind and code of every reason and remark of the rows."""
        return frozenset(
            (row.source_key, kind, each.code)
            for row in self.state.rows.values()
            for kind, found in (("reason", row.reasons), ("remark", row.remarks))
            for each in found
        )


def _api(fields: Fields) -> dict[str, Any]:
    return {{"first_name": "firstName"}.get(name, name): value for name, value in fields.items()}


def test_there_are_pictures() -> None:
    """Every section but the first and the last is a picture, and the test's own lists name pictures."""
    assert [heading for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE) if heading not in SECTIONS] == [
        "How to read the pictures",
        "What the report says",
    ]
    assert {*CLEARS_NOTHING, *PARTIAL, *REMOVING} <= SECTIONS.keys()


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_picture_shows_what_happens(heading: str) -> None:
    """The calls, the contacts, the report, and every row's contact, reasons and remarks are as the picture has them."""
    picture = Picture.of(heading)
    scene = Scene.of(picture)
    assert scene.second_run() == picture.report
    assert tuple(scene.account.log) == picture.calls
    assert scene.remarks() == picture.reasons
    expected: dict[str, Fields] = {}
    for person in picture.people:
        letter, fields = person.contact_now or (None, None)
        if letter and fields:
            expected[letter] = fields
        if person.key:
            row = scene.state.row_of(person.key)
            contact_id = row.contact_id if row else None
            assert (scene.account.letters[contact_id] if contact_id else None) == letter, person.key
    assert scene.account.shown() == expected


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_further_run_reports_the_same_or_sends_nothing(heading: str) -> None:
    """Where the picture does not say what the next run reports, that run finds every row unchanged."""
    picture = Picture.of(heading)
    scene = Scene.of(picture)
    scene.second_run()
    scene.account.log.clear()
    read_again = len(picture.rows("now"))
    assert scene.second_run() == (picture.next_report or {"read": read_again, "unchanged": read_again})
    assert not scene.account.log or "refused" in picture.next_report


def test_a_ring_of_three_costs_one_call_more() -> None:
    """The page says n + 1, whichever way the ring goes round."""
    for shift in (1, 2):
        people = [
            {"id": n, "first_name": name, "email": f"p{n}@example.com"} for n, name in enumerate(("Ann", "Bob", "Cy"))
        ]
        account, state = Account(), MemoryState()
        sync_rows(people, key="id", account=account, state=state)
        account.log.clear()
        moved = [row | {"email": people[(n + shift) % 3]["email"]} for n, row in enumerate(people)]
        assert sync_rows(moved, key="id", account=account, state=state)["updated"] == 3
        assert len(account.log) == 4
        assert [contact["email"] for contact in account.contacts.values()] == [row["email"] for row in moved]


def test_the_costs_of_the_other_lines() -> None:
    """A changed row costs one call, another company name one more, and a read where duplicates are allowed."""
    row = {"id": 1, "email": "ann@example.com", "first_name": "Ann", "company_name": "Ann Ltd"}
    for allows_duplicates, reads in ((False, 0), (True, 1)):
        account, state = Account(allows_duplicates=allows_duplicates), MemoryState()
        for change, calls in (
            (row, 1),
            (row | {"first_name": "Anna"}, 1),
            (row | {"company_name": "Anna Ltd"}, 2 + reads),
        ):
            account.calls = 0
            sync_rows([change], key="id", account=account, state=state)
            assert account.calls == calls
        [contact] = account.contacts.values()
        assert contact["companyName"] == "Anna Ltd"


def test_the_codes_exist() -> None:
    """The last table has codes of the package, and says which is a count."""
    listed = {quoted(code)[0]: where for code, where, _ in table(PAGE, "Code", "Where", "Meaning")}
    assert listed.keys() <= CODES.keys()
    assert {code for code in listed if code in set(Remark)} == {"identity_taken"}
    assert "a count of the report" in listed["identity_taken"]
