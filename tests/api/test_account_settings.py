"""What is read of an account's settings: custom fields, users and the account itself."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from leadway_provider.api.answer import Success
from leadway_provider.api.call import Call
from leadway_provider.api.endpoints import Endpoints
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.exceptions import AccessDeniedError, ApiError, AuthenticationError, RefusedError
from tests.api.fake_api import FakeApi, result

T = TypeVar("T")


def test_custom_fields() -> None:
    """The custom fields of contacts are read with their options, and those of other models are left out."""
    received = [
        {"id": "f1", "name": "Plan", "fieldKey": "contact.plan", "dataType": "RADIO", "picklistOptions": ["A", "B"]},
        {"id": "f2", "name": "LTV", "fieldKey": "contact.ltv", "dataType": "MONETORY", "model": "contact"},
        {"id": "f3", "name": "Stage", "fieldKey": "opportunity.stage", "dataType": "TEXT", "model": "opportunity"},
    ]
    api = FakeApi({"customFields": received})
    assert result(api.get_custom_fields()) == [
        CustomField("f1", "Plan", "contact.plan", "RADIO", ("A", "B")),
        CustomField("f2", "LTV", "contact.ltv", "MONETORY"),
    ]
    assert (api.call.path, api.call.params) == ("/locations/loc-1/customFields", {"model": "contact"})


def test_an_account_without_custom_fields_and_users() -> None:
    """Null is no list, and means that there are none."""
    assert result(FakeApi({"customFields": None}).get_custom_fields()) == []
    assert result(FakeApi({"users": None}).get_users()) == []


@pytest.mark.parametrize("odd", ["text", {"id": "f1"}, 7, True, "x" * 1000])
def test_settings_that_are_no_list_are_unreadable(odd: object) -> None:
    """An account whose settings can't be read is not one that has none."""
    for asked in (FakeApi({"customFields": odd}).get_custom_fields(), FakeApi({"users": odd}).get_users()):
        with pytest.raises(TypeError):
            result(asked)


@pytest.mark.parametrize(
    ("odd", "read"),
    [
        ({"name": None, "fieldKey": "contact.f", "dataType": "TEXT"}, CustomField("f0", "f", "contact.f", "TEXT")),
        ({"name": "F", "dataType": "TEXT"}, CustomField("f0", "F", "", "TEXT")),
        ({"name": "F", "fieldKey": 7, "dataType": "TEXT", "new": {}}, CustomField("f0", "F", "", "TEXT")),
        (
            {"name": "F", "fieldKey": "contact.f", "dataType": "HOLOGRAM"},
            CustomField("f0", "F", "contact.f", "HOLOGRAM"),
        ),
        (
            {"name": "F", "fieldKey": "contact.f"},
            CustomField("f0", "F", "contact.f", "", unusable="the account shows no data type of it"),
        ),
        (
            {"name": "F", "documentType": "folder"},
            CustomField("f0", "F", "", "", unusable="it is a folder of fields"),
        ),
        (
            {"id": None, "name": "F", "fieldKey": "contact.f", "dataType": "TEXT"},
            CustomField("", "F", "contact.f", "TEXT", unusable="the account shows no id of it"),
        ),
        (
            {"name": "F", "fieldKey": "contact.f", "dataType": "RADIO", "isAllowedCustomOption": True},
            CustomField("f0", "F", "contact.f", "RADIO", allows_custom_option=True),
        ),
    ],
)
def test_a_custom_field_of_another_form_is_read_as_far_as_it_goes(odd: dict[str, Any], read: CustomField) -> None:
    """What can't be read of one field leaves the others as they are; a field without id, type or value says so."""
    plan = {"id": "f1", "name": "Plan", "fieldKey": "contact.plan", "dataType": "TEXT"}
    api = FakeApi({"customFields": [None, {"id": "f0", **odd}, plan]})
    assert result(api.get_custom_fields()) == [read, CustomField("f1", "Plan", "contact.plan", "TEXT")]


@pytest.mark.parametrize(
    ("received", "allowed"),
    [({"settings": {"allowDuplicateContact": True}}, True), ({"settings": {}}, None), ({}, None)],
)
def test_location(received: dict[str, Any], allowed: bool | None) -> None:  # noqa: FBT001 - a table's column
    """The duplicate setting is None if the answer does not contain it."""
    api = FakeApi({"location": {"id": "loc-1", "name": "Example Ltd", **received}})
    location = result(api.get_location())
    assert api.call.path == "/locations/loc-1"
    assert (location.id, location.name, location.allow_duplicate_contact) == ("loc-1", "Example Ltd", allowed)


@pytest.mark.parametrize(("allowed", "may_share"), [(True, True), (False, False), (None, True)])
def test_whether_contacts_may_share_an_email(allowed: bool | None, may_share: bool) -> None:  # noqa: FBT001 - a table's column
    """The account is asked once; where it does not say, contacts may share one."""
    api = FakeApi({"location": {"id": "loc-1", "settings": {"allowDuplicateContact": allowed}}})
    assert result(api.may_share_identities()) is may_share
    assert result(api.may_share_identities()) is may_share
    assert len(api.sent) == 1


@pytest.mark.parametrize("error", [AccessDeniedError, AuthenticationError, RefusedError])
def test_contacts_may_share_an_email_where_the_settings_can_not_be_read(error: type[ApiError]) -> None:
    """A token may lack the scope; then each company name is written with care, and the sync goes on."""

    class Refusing(FakeApi):
        async def send(self, call: Call[T]) -> T:
            raise error("The token lacks a scope.", call="GET /locations/{locationId}", status=403)

    assert result(Refusing().may_share_identities())


def test_users() -> None:
    """The users are read with their ids and e-mails."""
    api = FakeApi({"users": [{"id": "u1", "email": "grace@example.com", "roles": {}}]})
    users = result(api.get_users())
    assert (api.call.path, api.call.params) == ("/users/", {"locationId": "loc-1"})
    assert [(user.id, user.email) for user in users] == [("u1", "grace@example.com")]


class UsersOfV3(FakeApi):
    """Answers as v3 does: the company with the location, and users in pages that are shorter than asked for."""

    def __init__(self, users: list[dict[str, Any]], *, counted: bool, company_id: str | None = None) -> None:
        Endpoints.__init__(self, "loc-1", "v3", company_id)
        self.users, self.counted = users, counted
        self.sent = []

    async def send(self, call: Call[T]) -> T:
        self.sent.append(call)
        if call.template == "/locations/{locationId}":
            return call.read(Success({"location": {"id": "loc-1", "companyId": "com-1"}}, 200))
        start = int(call.params["skip"])
        page: dict[str, Any] = {"users": self.users[start : start + 2]}
        return call.read(Success(page | ({"count": len(self.users)} if self.counted else {}), 200))


@pytest.mark.parametrize("counted", [True, False])
def test_users_in_v3_are_searched_in_pages(counted: bool) -> None:  # noqa: FBT001 - a table's column
    """`GET /users/` is gone there: the company is read with the account, and the search is called for each page."""
    api = UsersOfV3([{"id": f"u{number}"} for number in range(5)], counted=counted)
    assert [user.id for user in result(api.get_users())] == ["u0", "u1", "u2", "u3", "u4"]
    assert api.sent[0].path == "/locations/loc-1"
    assert {call.path for call in api.sent[1:]} == {"/users/search"}
    assert api.sent[1].params == {"companyId": "com-1", "locationId": "loc-1", "skip": "0", "limit": "100"}
    assert [call.params["skip"] for call in api.sent[1:]] == ["0", "2", "4", *([] if counted else ["5"])]


def test_a_search_without_end_is_ended() -> None:
    """A server that answers the same page again and again is asked 100 times at most."""
    api = FakeApi({"users": [{"id": "u1"}], "location": {"id": "loc-1", "companyId": "com-1"}}, api_version="v3")
    assert [user.id for user in result(api.get_users())] == ["u1"]
    assert len(api.sent) == 1 + 100
    with pytest.raises(TypeError):
        result(FakeApi({"users": "u1", "location": {"id": "l", "companyId": "c"}}, api_version="v3").get_users())


def test_users_in_v3_where_the_company_is_known() -> None:
    """A connection of an agency names its company, so the account is not read."""
    api = UsersOfV3([{"id": "u1"}], counted=True, company_id="com-2")
    assert [user.id for user in result(api.get_users())] == ["u1"]
    assert [call.params["companyId"] for call in api.sent] == ["com-2"]


def test_a_location_without_its_company_is_said() -> None:
    """The search can't be called then; the error names the call and the account."""
    with pytest.raises(RefusedError, match=r"GET /users/search.*'loc-1'"):
        result(FakeApi({"location": {"id": "loc-1"}}, api_version="v3").get_users())


def test_users_that_can_not_be_assigned_to_are_left_out() -> None:
    """A user without an id, a deleted one, and what is not a user do not hide the others."""
    ann = {"id": "u1", "email": "ann@example.com"}
    odd = [
        None,
        {"email": "bob@example.com"},
        {"id": 5},
        {"id": "u" * 256},
        {"id": "u2", "email": "cid@example.com", "deleted": True},
    ]
    assert [user.id for user in result(FakeApi({"users": [*odd, ann]}).get_users())] == ["u1"]
