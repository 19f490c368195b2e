"""How one row is written to the account: by its contact's id, or by an upsert."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.exceptions import IdentityTakenError, RefusedError, UnavailableError
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.matching import UpdatingWriter
from leadway_provider.sync.records import Blocker, OutboxRow
from leadway_provider.sync.writer import ContactWriter, NoIdentityError
from leadway_provider.sync.written import Written
from leadway_provider.testing.answers import MemoryAnswer
from tests.sync.failing import FailingAccount

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN, BOB = "ann@example.com", "bob@example.com"
HOME, WORK = "+12025550101", "+12025550102"
UPDATE = "PUT /contacts/{contactId}"


@dataclass
class Writing:
    """A writer, and what it stores.

    Attributes:
        account: the account that it writes to.
        marks: when each call that must not be repeated was marked as sent, or that it was not (None).
        cleared: the contact and the identity of each blocker that gave it up, and the trace id and status with it.
    """

    account: FailingAccount = field(default_factory=FailingAccount)
    marks: list[datetime | None] = field(default_factory=list)
    cleared: list[tuple[str, str, str | None, int | None]] = field(default_factory=list)

    @property
    def writer(self) -> ContactWriter:
        """The writer."""
        return ContactWriter(self.account, Clock(now=lambda: NOW), NOW, self._mark, self._clear)

    def write(self, row: OutboxRow, kept: tuple[Blocker, ...] = ()) -> Written:
        """Write a row."""
        return asyncio.run(self.writer.write(row, kept))

    def free(self, row: OutboxRow, *blockers: Blocker) -> list[Blocker]:
        """Let contacts give up what a row is about to take."""
        return asyncio.run(self.writer.free(row, blockers))

    async def _mark(self, _: OutboxRow, at: datetime | None) -> None:
        self.marks.append(at)

    async def _clear(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        self.cleared.append((blocker.contact_id, blocker.identity, trace_id, status))


def row_of(contact_id: str | None = None, /, *, names: str | None = None, **fields: JsonValue) -> OutboxRow:
    """Return a row that lives on a contact, and that itself names a contact."""
    contact = Contact(fields, contact_id=names)
    return OutboxRow(1, 1, "1", b"", contact, claimed=UNKEYED.of(contact), contact_id=contact_id)


def blocker_of(contact_id: str, name: str, value: str) -> Blocker:
    """Return a blocker whose contact has that e-mail or phone."""
    return Blocker(2, contact_id, UNKEYED.hash(name, value), is_pending=False)


def remarks_of(written: Written) -> list[tuple[str, str]]:
    """Return field and code of each remark."""
    return [(each.field, each.code) for each in written.remarks]


def test_a_row_without_a_contact_is_upserted() -> None:
    """The account matches a contact or creates one, and the answer shows which."""
    writing = Writing()
    created = writing.write(row_of(email=ANN))
    again = writing.write(row_of(email=ANN))
    assert (created.is_new, again.is_new) == (True, False)
    assert created.echo.contact_id == again.echo.contact_id == writing.account.id_of(ANN)
    assert created.in_crm == {UNKEYED.hash("email", ANN)}
    assert writing.marks == []


def test_a_row_that_lives_on_a_contact_is_written_by_its_id() -> None:
    """Its e-mail and phone may change: the contact stays the same one."""
    writing = Writing()
    contact_id = writing.account.add_contact(email=ANN, phone=HOME)
    written = writing.write(row_of(contact_id, email=BOB, phone=WORK))
    assert (written.is_new, written.echo.contact_id, written.remarks) == (False, contact_id, ())
    assert writing.account.contacts[contact_id]["email"] == BOB
    assert written.in_crm == {UNKEYED.hash("email", BOB), UNKEYED.hash("phone", WORK)}
    assert writing.account.received == []


def test_a_row_that_names_a_contact_is_written_to_that_one() -> None:
    """The contact that the row itself names comes before the one where it lived."""
    writing = Writing()
    lived, named = writing.account.add_contact(email=ANN), writing.account.add_contact(email=BOB)
    written = writing.write(row_of(lived, names=named, firstName="Eve"))
    assert written.echo.contact_id == named
    assert "firstName" not in writing.account.contacts[lived]


def test_an_update_does_not_send_what_only_an_upsert_takes() -> None:
    """The account would refuse the call; nothing more is needed where the contact has the value already."""
    writing = Writing()
    contact_id = writing.account.add_contact(email=ANN, companyName="Acme")
    written = writing.write(row_of(contact_id, email=ANN, companyName="Acme", createNewIfDuplicateAllowed=True))
    assert writing.account.updates == [(contact_id, {"email": ANN})]
    assert writing.account.received == []
    assert written.not_kept == ()
    assert writing.marks == []


@pytest.mark.parametrize("refuses", [True, False])
def test_a_taken_identity_is_left_out_with_a_remark(*, refuses: bool) -> None:
    """The rest is written, whether the account refuses the update or ignores the value; the remark names the owner."""
    writing = Writing(FailingAccount(refuses_taken_identities=refuses))
    own, other = writing.account.add_contact(email=ANN, phone=HOME), writing.account.add_contact(phone=WORK)
    written = writing.write(row_of(own, email=BOB, phone=WORK, firstName="Ann"))
    assert remarks_of(written) == [("phone", "identity_taken")]
    assert other in written.remarks[0].message
    assert written.not_kept == ()
    fields = writing.account.contacts[own]
    assert (fields["email"], fields["phone"], fields["firstName"]) == (BOB, HOME, "Ann")
    assert writing.account.contacts[other]["phone"] == WORK
    assert written.in_crm == {UNKEYED.hash("email", BOB), UNKEYED.hash("phone", HOME)}


@pytest.mark.parametrize("refuses", [True, False])
def test_a_taken_identity_of_a_contact_without_any_is_left_out_with_a_remark(*, refuses: bool) -> None:
    """Where the answer shows neither e-mail nor phone, the account is asked who has the e-mail."""
    writing = Writing(FailingAccount(refuses_taken_identities=refuses))
    owner, own = writing.account.add_contact(email=ANN), writing.account.add_contact(firstName="Bob")
    written = writing.write(row_of(own, email=ANN, firstName="Bobby"))
    assert remarks_of(written) == [("email", "identity_taken")]
    assert owner in written.remarks[0].message
    assert written.in_crm == frozenset()


@pytest.mark.parametrize("refuses", [True, False])
def test_both_identities_may_be_taken(*, refuses: bool) -> None:
    """Each has its remark, and the rest is written."""
    writing = Writing(FailingAccount(refuses_taken_identities=refuses))
    own = writing.account.add_contact(email=ANN)
    writing.account.add_contact(email=BOB)
    writing.account.add_contact(phone=WORK)
    written = writing.write(row_of(own, email=BOB, phone=WORK, firstName="Ann"))
    assert remarks_of(written) == [("email", "identity_taken"), ("phone", "identity_taken")]
    assert writing.account.contacts[own]["firstName"] == "Ann"


@pytest.mark.parametrize("name", [None, "phone"])
def test_a_taken_identity_that_the_row_does_not_send_is_a_refusal(name: Any) -> None:
    """There is nothing to leave out, so the row is refused instead of sent over and over."""

    class Confused(FailingAccount):
        async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            self.updates.append((contact_id, dict(fields)))
            raise IdentityTakenError("taken", call=UPDATE, status=400, field=name)

    writing = Writing(Confused())
    with pytest.raises(IdentityTakenError):
        writing.write(row_of("contact1", email=ANN))
    assert len(writing.account.updates) == 1


def test_a_contact_that_was_deleted_is_created_again() -> None:
    """The row gets a new contact, and a remark says so."""
    writing = Writing()
    written = writing.write(row_of("gone", email=ANN, firstName="Ann"))
    assert remarks_of(written) == [("", "contact_recreated")]
    assert (written.is_new, written.echo.contact_id) == (True, writing.account.id_of(ANN))
    assert writing.account.contacts[written.echo.contact_id]["firstName"] == "Ann"


def test_a_contact_that_was_merged_is_found_again() -> None:
    """The account matches the contact that the row's contact was merged into, and a remark says so."""
    writing = Writing()
    gone, other = writing.account.add_contact(email=ANN), writing.account.add_contact(email=BOB)
    writing.account.merge_contacts(gone, into=other)
    written = writing.write(row_of(gone, email=ANN))
    assert remarks_of(written) == [("", "contact_moved")]
    assert (written.is_new, written.echo.contact_id) == (False, other)


def test_a_call_that_must_not_be_repeated_is_marked_for_a_deleted_contact_too() -> None:
    """Creating the contact again may create two, if the answer is lost."""
    writing = Writing()
    writing.write(row_of("gone", email=ANN, createNewIfDuplicateAllowed=True))
    assert writing.marks == [NOW]


def test_what_another_contact_keeps_is_left_out() -> None:
    """The row is written without that identity, and the remark names the contact that keeps it."""
    writing = Writing()
    keeper = writing.account.add_contact(email=ANN)
    written = writing.write(row_of(email=ANN, phone=HOME), (blocker_of(keeper, "email", ANN),))
    assert remarks_of(written) == [("email", "identity_taken")]
    assert keeper in written.remarks[0].message
    assert written.is_new
    assert written.in_crm == {UNKEYED.hash("phone", HOME)}


def test_a_row_whose_identities_are_all_kept_is_not_sent() -> None:
    """It would be written to a contact of another row."""
    writing = Writing()
    keeper = writing.account.add_contact(email=ANN)
    with pytest.raises(NoIdentityError) as caught:
        writing.write(row_of(email=ANN), (blocker_of(keeper, "email", ANN),))
    assert [(each.field, each.code) for each in caught.value.reasons] == [("email", "identity_taken")]
    assert writing.account.received == []


def test_a_row_whose_contact_is_gone_is_not_sent_if_all_its_identities_are_kept() -> None:
    """There is nothing to match another contact by, and the reason names the contact that keeps the e-mail."""
    writing = Writing()
    keeper = writing.account.add_contact(email=ANN)
    with pytest.raises(NoIdentityError) as caught:
        writing.write(row_of("gone", email=ANN), (blocker_of(keeper, "email", ANN),))
    assert [(each.field, each.code) for each in caught.value.reasons] == [("email", "identity_taken")]


@pytest.mark.parametrize("contact_id", [None, "gone"])
def test_a_row_is_not_sent_if_the_account_does_not_match_by_what_is_left(contact_id: str | None) -> None:
    """Each try would create another contact with that phone."""
    writing = Writing(FailingAccount(priority=("email",)))
    keeper = writing.account.add_contact(email=ANN)
    row = replace(row_of(contact_id, email=ANN, phone=HOME), claimed=(UNKEYED.hash("email", ANN),))
    with pytest.raises(NoIdentityError) as caught:
        writing.write(row, (blocker_of(keeper, "email", ANN),))
    assert [(each.field, each.code) for each in caught.value.reasons] == [("email", "identity_taken")]
    assert len(writing.account.contacts) == 1


def test_a_row_whose_contact_is_gone_is_not_sent_if_the_account_matches_by_nothing_of_it() -> None:
    """The source names the contact, and has a phone in an account that matches by e-mail."""
    writing = Writing(FailingAccount(priority=("email",)))
    with pytest.raises(NoIdentityError) as caught:
        writing.write(replace(row_of(names="gone", phone=HOME), claimed=()))
    assert [(each.field, each.code) for each in caught.value.reasons] == [("", "no_identity")]
    assert not writing.account.contacts


def test_a_row_on_a_contact_is_sent_even_if_all_its_identities_are_kept() -> None:
    """Its contact is known by its id."""
    writing = Writing()
    keeper, own = writing.account.add_contact(email=ANN), writing.account.add_contact(email=BOB)
    written = writing.write(row_of(own, email=ANN, firstName="Bob"), (blocker_of(keeper, "email", ANN),))
    assert written.echo.contact_id == own
    assert writing.account.contacts[own]["firstName"] == "Bob"


def test_blockers_give_up_what_the_row_takes() -> None:
    """One call for each contact clears these fields and no other, and the store learns of each."""
    writing = Writing()
    first = writing.account.add_contact(email=ANN, phone=HOME, firstName="Ann")
    second = writing.account.add_contact(email=BOB, phone=WORK)
    row = row_of(email=ANN, phone=WORK)
    blockers = (blocker_of(first, "email", ANN), blocker_of(second, "phone", WORK))
    assert writing.free(row, *blockers) == []
    assert writing.account.updates == [(first, {"email": None}), (second, {"phone": None})]
    assert writing.cleared == [(each.contact_id, each.identity, "memory", 200) for each in blockers]
    fields = writing.account.contacts[first]
    assert ("email" in fields, fields["phone"], fields["firstName"]) == (False, HOME, "Ann")
    assert writing.account.contacts[second]["email"] == BOB
    assert "phone" not in writing.account.contacts[second]


def test_a_contact_that_keeps_another_phone_does_not_keep_what_was_asked_for() -> None:
    """The account clears nothing, and another row was matched to the contact in the same moment."""
    writing = Writing(FailingAccount(clears_identities=False))
    giver = writing.account.add_contact(phone=WORK)
    blocker = replace(blocker_of(giver, "phone", HOME), is_pending=True)
    assert writing.free(row_of(email=ANN, phone=HOME), blocker) == []
    assert [each[:2] for each in writing.cleared] == [(giver, blocker.identity)]


def test_a_contact_gives_up_both_identities_in_one_call() -> None:
    """The row takes the e-mail and the phone of the same contact."""
    writing = Writing()
    other = writing.account.add_contact(email=ANN, phone=HOME)
    blockers = (blocker_of(other, "email", ANN), blocker_of(other, "phone", HOME))
    assert writing.free(row_of(email=ANN, phone=HOME), *blockers) == []
    assert writing.account.updates == [(other, {"email": None, "phone": None})]
    assert len(writing.cleared) == 2


def test_a_blocker_whose_contact_is_gone_has_given_up() -> None:
    """A contact that does not exist keeps nothing."""
    writing = Writing()
    assert writing.free(row_of(email=ANN), blocker_of("gone", "email", ANN)) == []
    assert [each[:2] for each in writing.cleared] == [("gone", UNKEYED.hash("email", ANN))]


def test_a_contact_that_does_not_give_up_keeps_it() -> None:
    """An account that ignores null answers with the old value: the store is not changed."""
    writing = Writing(FailingAccount(clears_identities=False))
    other = writing.account.add_contact(email=ANN)
    blocker = blocker_of(other, "email", ANN)
    assert writing.free(row_of(email=ANN), blocker) == [blocker]
    assert writing.cleared == []


def test_a_contact_whose_change_is_refused_keeps_it() -> None:
    """The other contacts give up nevertheless."""
    writing = Writing()
    locked, other = writing.account.add_contact(email=ANN), writing.account.add_contact(phone=WORK)
    writing.account.failing[locked] = RefusedError("no", call=UPDATE, status=422, reasons=("contact is locked",))
    blocker = blocker_of(locked, "email", ANN)
    assert writing.free(row_of(email=ANN, phone=WORK), blocker, blocker_of(other, "phone", WORK)) == [blocker]
    assert [each[0] for each in writing.cleared] == [other]


def test_a_contact_that_can_not_be_reached_ends_it() -> None:
    """Whether it gave up is not known, so the row is not sent now."""
    writing = Writing()
    other = writing.account.add_contact(email=ANN)
    writing.account.failing[other] = UnavailableError("no answer", call=UPDATE, maybe_received=True)
    with pytest.raises(UnavailableError):
        writing.free(row_of(email=ANN), blocker_of(other, "email", ANN))
    assert writing.cleared == []


def test_a_changed_company_name_is_written_by_an_upsert() -> None:
    """Only an upsert takes it; it is matched by what the answer shows of the contact."""
    writing = Writing()
    contact_id = writing.account.add_contact(email=ANN, companyName="Acme")
    written = writing.write(row_of(contact_id, email=BOB, companyName="Bolt"))
    assert (written.echo.contact_id, written.is_new, written.not_kept) == (contact_id, False, ())
    assert writing.account.contacts[contact_id]["companyName"] == "Bolt"
    assert writing.account.received == [BOB]
    assert writing.marks == []


def test_a_company_name_of_a_contact_without_identities_is_not_kept() -> None:
    """No upsert can name the contact, so the difference is reported."""
    writing = Writing()
    contact_id = writing.account.add_contact(firstName="Ann")
    written = writing.write(row_of(contact_id, firstName="Ann", companyName="Bolt"))
    assert [(each.field, each.code) for each in written.not_kept] == [("companyName", "company_name_not_updated")]
    assert writing.account.received == []


@pytest.mark.parametrize("fields", [{"firstName": "Ann"}, {"email": ANN}])
def test_a_company_name_does_not_reach_another_contact(fields: dict[str, Any]) -> None:
    """Two contacts share the e-mail in the CRM, and an upsert would match the older one."""
    writing = Writing(FailingAccount(allows_duplicates=True))
    older = writing.account.add_contact(email=ANN, companyName="Acme")
    own = writing.account.add_contact(email=BOB)
    writing.account.edit_contact(own, email=ANN)
    written = writing.write(row_of(own, **fields, companyName="Bolt"))
    assert written.echo.contact_id == own
    assert writing.account.contacts[older]["companyName"] == "Acme"
    assert [(each.field, each.code) for each in written.not_kept] == [("companyName", "company_name_not_updated")]


def test_an_account_that_allows_duplicates_lets_no_company_name_reach_a_stranger() -> None:
    """The row's e-mail is a stranger's, too, and the account accepts that."""
    writing = Writing(FailingAccount(allows_duplicates=True))
    stranger = writing.account.add_contact(email=ANN, companyName="Acme")
    own = writing.account.add_contact(email=BOB)
    written = writing.write(row_of(own, email=ANN, companyName="Bolt"))
    assert writing.account.contacts[own]["email"] == ANN
    assert writing.account.contacts[stranger]["companyName"] == "Acme"
    assert [each.code for each in written.not_kept] == ["company_name_not_updated"]


def test_a_company_name_is_written_where_search_does_not_show_the_contact_yet() -> None:
    """Search lags behind the call that gave the contact its e-mail; the answer's id is checked."""

    class Lagging(FailingAccount):
        async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> None:
            return None

    writing = Writing(Lagging(allows_duplicates=True))
    contact_id = writing.account.add_contact(email=ANN, companyName="Acme")
    written = writing.write(row_of(contact_id, email=BOB, companyName="Bolt"))
    assert (written.echo.contact_id, written.not_kept) == (contact_id, ())
    assert writing.account.contacts[contact_id]["companyName"] == "Bolt"


def test_fields_that_the_account_does_not_keep_are_reported() -> None:
    """The answer to an update by id is compared with what was sent."""

    class Forgetful(FailingAccount):
        async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            return replace(
                await super().update_contact(contact_id, fields), kept={"email": fields["email"], "firstName": None}
            )

    writing = Writing(Forgetful())
    contact_id = writing.account.add_contact(email=ANN)
    written = writing.write(row_of(contact_id, email=ANN, firstName="Ann"))
    assert [(each.field, each.code) for each in written.not_kept] == [("firstName", "dropped")]


def test_identities_are_hashed_by_field() -> None:
    """A contact that sends one of them has one."""
    assert UNKEYED.fields_of(Contact({"phone": HOME, "firstName": "Ann"})) == {UNKEYED.hash("phone", HOME): "phone"}


class DeletingAccount(FailingAccount):
    """An account in which somebody deletes each contact as soon as it was updated by its id."""

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        answer = await super().update_contact(contact_id, fields)
        await self.delete_contact(contact_id)
        return answer


def test_update_only_creates_nothing_for_a_company_name() -> None:
    """An earlier run has left the name in the outbox, and the contact is deleted before a second call."""
    writing = Writing(DeletingAccount())
    contact_id = writing.account.add_contact(email=ANN)
    writer = UpdatingWriter(writing.account, Clock(now=lambda: NOW), NOW, writing._mark, writing._clear)
    written = asyncio.run(writer.write(row_of(contact_id, email=ANN, companyName="Example Ltd")))
    assert [(each.field, each.code) for each in written.not_kept] == [("companyName", "company_name_not_updated")]
    assert writing.account.contacts == {}
