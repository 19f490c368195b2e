"""What each endpoint sends, and how its answer is read, without a network."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.api.call import Call
from leadway_provider.api.sentences import NOT_SHOWN
from leadway_provider.sync.ports import UpsertEcho
from tests.api.fake_api import FakeApi, result

CONTACT: dict[str, Any] = {
    "id": "c1",
    "locationId": "loc-1",
    "firstName": "Ada",
    "email": "ada@example.com",
    "phone": "+12025550123",
    "tags": ["vip"],
    "customFields": [{"id": "f1", "value": "Blue"}],
    "dndSettings": {"SMS": {"status": "active"}},
    "somethingNew": {"nested": 1},
}


def upserted(fields: dict[str, Any], **answer: Any) -> Call[Any]:
    """Return the call of an upsert."""
    api = FakeApi({"contact": CONTACT, **answer})
    result(api.upsert_contact(fields))
    return api.call


def test_an_upsert_adds_the_account_and_nothing_else() -> None:
    """Only the given fields are sent, and the account is the client's, even if the fields name another one."""
    call = upserted({"email": "ada@example.com", "phone": None, "locationId": "elsewhere"})
    assert (call.method, call.path, call.name) == ("POST", "/contacts/upsert", "POST /contacts/upsert")
    assert call.json == {"email": "ada@example.com", "phone": None, "locationId": "loc-1"}


@pytest.mark.parametrize(("allowed", "safe"), [(True, False), (False, True), (None, True)])
def test_only_an_upsert_that_may_create_a_duplicate_is_not_resent(allowed: object, safe: bool) -> None:  # noqa: FBT001 - a table's column
    """An upsert may be sent again, unless it may create a second contact."""
    fields: dict[str, Any] = {"email": "ada@example.com"}
    if allowed is not None:
        fields["createNewIfDuplicateAllowed"] = allowed
    assert upserted(fields).resend_safe is safe


def test_a_creation_is_a_call_of_its_own_that_is_not_resent() -> None:
    """The API's answer does not say that the contact is new, and a second call might create a second one."""
    api = FakeApi({"contact": CONTACT})
    answer = result(api.create_contact({"email": "ada@example.com"}))
    assert (api.call.method, api.call.path, api.call.resend_safe) == ("POST", "/contacts/", False)
    assert api.call.json == {"email": "ada@example.com", "locationId": "loc-1"}
    assert (answer.new, answer.contact_id) == (True, "c1")


@pytest.mark.parametrize("status", [200, 201])
def test_the_answer_of_an_upsert(status: int) -> None:
    """It says whether the contact is new, and has the contact's id and fields, the trace id and the HTTP status."""
    api = FakeApi({"new": True, "contact": CONTACT, "traceId": "t1"}, status=status)
    answer: UpsertEcho = result(api.upsert_contact({}))
    assert (answer.new, answer.contact_id, answer.trace_id, answer.status) == (True, "c1", "t1", status)
    assert answer.kept == CONTACT


@pytest.mark.parametrize(
    ("trace_id", "read"),
    [("t" * 4_000_000, "t" * 128), ("a\x1b]0;b\x07\nc", "a]0;bc"), ("\n" * 200, None), ("", None), (7, None)],
)
def test_a_trace_id_is_128_printable_characters(trace_id: object, read: str | None) -> None:
    """It is stored with each row and printed, so it is cut, and control characters are left out."""
    assert result(FakeApi({"contact": CONTACT, "traceId": trace_id}).upsert_contact({})).trace_id == read


@pytest.mark.parametrize(
    "odd",
    [{"tags": None}, {"email": 5}, {"customFields": {}}, {"customFields": [{"id": []}]}, {"dateOfBirth": {"y": 1}}],
)
def test_a_contact_with_an_odd_field_is_read(odd: dict[str, Any]) -> None:
    """The contact was written, so a field of another form than documented must not make the answer look lost."""
    answer = result(FakeApi({"new": False, "contact": {"id": "c1", **odd}, "traceId": 7}).upsert_contact({}))
    assert (answer.contact_id, answer.trace_id) == ("c1", None)
    assert answer.contact.tags == ()
    assert answer.contact.email is None
    assert answer.contact.custom_values == {}


@pytest.mark.parametrize(
    "body", [{}, {"contact": None}, {"contact": {}}, {"contact": {"id": ""}}, {"contact": {"id": "c" * 256}}]
)
def test_an_answer_without_a_contact_id_is_an_error(body: dict[str, Any]) -> None:
    """Without an id the answer acknowledges nothing."""
    with pytest.raises((ValueError, TypeError, LookupError)):
        result(FakeApi(body).upsert_contact({}))


def test_no_repr_shows_a_contact() -> None:
    """No repr of a call, an answer or a user holds a person's value."""
    api = FakeApi(
        {"new": True, "contact": CONTACT, "traceId": "t1", "users": [{"id": "u1", "email": "grace@example.com"}]}
    )
    answer = result(api.upsert_contact({"email": "ada@example.com"}))
    users = result(api.get_users())
    result(api.find_duplicate(email="ada@example.com"))
    for shown in map(repr, (answer, answer.contact, users, *api.sent)):
        assert "example.com" not in shown
        assert "Ada" not in shown


def test_v3_is_translated_in_both_directions() -> None:
    """Requests have the names of v3 for custom values and channels, and answers are read with the names of before."""
    api = FakeApi(
        {
            "new": True,
            "contact": {
                "id": "c1",
                "customFields": [{"id": "f1", "fieldValue": "Blue"}],
                "dndSettings": {"whatsApp": {"status": "active"}, "sms": {"status": "inactive"}},
            },
        },
        api_version="v3",
    )
    fields: dict[str, Any] = {
        "customFields": [{"id": "f1", "field_value": "Blue"}],
        "dndSettings": {"WhatsApp": {"status": "active"}, "SMS": {"status": "inactive"}},
    }
    sent = {
        "customFields": [{"id": "f1", "fieldValue": "Blue"}],
        "dndSettings": {"whatsApp": {"status": "active"}, "sms": {"status": "inactive"}},
    }
    read = {
        "id": "c1",
        "customFields": [{"id": "f1", "value": "Blue"}],
        "dndSettings": {"WhatsApp": {"status": "active"}, "SMS": {"status": "inactive"}},
    }
    assert result(api.upsert_contact(fields)).kept == read
    assert api.call.json == {"locationId": "loc-1", **sent}
    assert result(api.update_contact("c1", fields)).kept == read
    assert api.call.json == sent


def test_an_update_sends_the_fields_to_the_contact() -> None:
    """The path names the contact, the body holds only the fields, and the call may be sent again."""
    api = FakeApi({"succeded": True, "contact": CONTACT})
    answer = result(api.update_contact("c/1", {"email": None, "city": "Springfield"}))
    assert (answer.new, answer.contact_id, answer.kept, answer.status) == (False, "c1", CONTACT, 200)
    call = api.call
    assert (call.method, call.path, call.name) == ("PUT", "/contacts/c%2F1", "PUT /contacts/{contactId}")
    assert call.json == {"email": None, "city": "Springfield"}
    assert call.resend_safe


@pytest.mark.parametrize("name", ["locationId", "gender", "companyName", "createNewIfDuplicateAllowed"])
@pytest.mark.parametrize("value", ["Secret Ltd", None])
def test_an_update_rejects_the_fields_that_the_api_does_not_take(name: str, value: str | None) -> None:
    """The error names the field and not its value, and nothing is sent."""
    api = FakeApi({"contact": CONTACT})
    with pytest.raises(ValueError, match=name) as caught:
        result(api.update_contact("c1", {"email": "ada@example.com", name: value}))
    assert "Secret" not in str(caught.value)
    assert api.sent == []


def test_reading_a_contact() -> None:
    """The known fields have names, and every other field is there as received."""
    api = FakeApi({"contact": CONTACT})
    contact = result(api.get_contact("c/1?"))
    assert (api.call.method, api.call.path, api.call.template) == (
        "GET",
        "/contacts/c%2F1%3F",
        "/contacts/{contactId}",
    )
    assert (contact.id, contact.first_name, contact.phone) == ("c1", "Ada", "+12025550123")
    assert (contact.tags, contact.custom_values) == (("vip",), {"f1": "Blue"})
    assert contact.fields["somethingNew"] == {"nested": 1}


@pytest.mark.parametrize(
    ("searched", "params"),
    [
        ({"phone": "+12025550123"}, {"number": "+12025550123"}),
        ({"email": "ada@example.com"}, {"email": "ada@example.com"}),
        ({"email": "a@b.c", "phone": "+1"}, {"email": "a@b.c", "number": "+1"}),
    ],
)
def test_a_search_for_a_duplicate(searched: dict[str, str], params: dict[str, str]) -> None:
    """The search names the account and the given identities, and finds a contact or None."""
    for body in ({"contact": None}, {}):
        assert result(FakeApi(body).find_duplicate(**searched)) is None
    api = FakeApi({"contact": CONTACT})
    found = result(api.find_duplicate(**searched))
    assert found is not None
    assert found.id == "c1"
    assert api.call.params == {"locationId": "loc-1", **params}


def test_a_search_for_nothing_is_an_error() -> None:
    """A search with neither e-mail nor phone is not sent."""
    api = FakeApi()
    with pytest.raises(ValueError, match="e-mail or a phone"):
        result(api.find_duplicate())
    assert api.sent == []


def test_tags_of_one_contact() -> None:
    """Tags are added and removed at the contact's own path, and the answer lists its tags."""
    api = FakeApi({"tags": ["vip", "new"]})
    for act, method in ((api.add_tags, "POST"), (api.remove_tags, "DELETE")):
        assert result(act("c1", ("vip",))).tags == ("vip", "new")
        assert (api.call.name, api.call.path) == (f"{method} /contacts/{{contactId}}/tags", "/contacts/c1/tags")
        assert api.call.json == {"tags": ["vip"]}


def test_tags_of_many_contacts() -> None:
    """The bulk call names contacts, tags and account, and its answer says what happened to each contact."""
    api = FakeApi(
        {
            "succeded": True,
            "errorCount": 1,
            "responses": [
                {"contactId": "c1", "type": "success", "message": "Tags updated", "tagsAdded": ["vip"]},
                {"contactId": "c2", "type": "error", "message": "contact is deleted"},
            ],
        }
    )
    answer = result(api.update_tags("remove", ("c1", "c2"), ("vip",)))
    assert api.call.path == "/contacts/bulk/tags/update/remove"
    assert api.call.json == {"contacts": ["c1", "c2"], "tags": ["vip"], "locationId": "loc-1"}
    assert answer.error_count == 1
    assert [(item.contact_id, item.ok) for item in answer.responses] == [("c1", True), ("c2", False)]


def test_the_messages_about_tags_hold_no_tag_and_no_personal_value() -> None:
    """The messages are stored as reasons, so a message that is not a known sentence is not kept."""
    said = {"c1": "contact is deleted", "c3": "Can't add Gold-Member to ann@example.com", "c4": "a" * 1_000_000}
    responses = [{"contactId": contact_id, "type": "error", "message": message} for contact_id, message in said.items()]
    responses.insert(1, {"contactId": "c2", "type": "success"})
    answer = result(FakeApi({"responses": responses}).update_tags("add", ["c1", "c2", "c3", "c4"], ["gold-member"]))
    assert [each.message for each in answer.responses] == ["contact is deleted", None, NOT_SHOWN, NOT_SHOWN]


def test_no_more_results_are_read_than_contacts_were_named() -> None:
    """A hostile answer may hold a hundred thousand; a failure that is not among those that are read is noticed."""
    many = [{"contactId": f"c{number}", "type": "success"} for number in range(100)]
    assert len(result(FakeApi({"responses": many}).update_tags("add", ["c1", "c2"], ["vip"])).responses) == 2
    with pytest.raises(ValueError, match="every contact"):
        result(FakeApi({"errorCount": 1, "responses": many}).update_tags("add", ["c1", "c2"], ["vip"]))


@pytest.mark.parametrize("responses", [["Tags updated"], [{"message": "ok"}], [{"contactId": 7}], None, {}])
def test_a_bulk_answer_that_names_no_contact_is_read_if_nothing_failed(responses: object) -> None:
    """The description says that `responses` are texts; then the counts say whether all succeeded."""
    answer = result(FakeApi({"errorCount": 0, "responses": responses}).update_tags("add", ["c1"], ["a"]))
    assert answer.responses == ()
    with pytest.raises(ValueError, match="every contact"):
        result(FakeApi({"errorCount": 1, "responses": responses}).update_tags("add", ["c1"], ["a"]))


def test_a_deletion() -> None:
    """The call names the contact and has no body."""
    api = FakeApi({"succeded": True})
    result(api.delete_contact("c1"))
    assert (api.call.method, api.call.path, api.call.encoded_body()) == ("DELETE", "/contacts/c1", b"")
