"""The hook's methods with a local Leadway over HTTP."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import threading
import warnings
from typing import assert_type

import pytest

from leadway_provider.api.endpoints import Endpoints
from leadway_provider.api.models import ContactRecord, User
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.exceptions import (
    ConfigurationError,
    ContactNotFoundError,
    IdentityTakenError,
    MappingError,
    RefusedError,
    UnavailableError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.service import Service
from tests.api.clients import IdleTime
from tests.hooks.account import LOCATION, Connect


def test_a_contact_is_written_and_read_back(hook: LeadwayHook) -> None:
    """The contact that upsert_contact writes is the one that get_contact and find_duplicate read."""
    answer = hook.upsert_contact({"email": "ann@example.com", "firstName": "Ann"})
    assert answer.new
    assert hook.get_contact(answer.contact_id).first_name == "Ann"
    found = hook.find_duplicate(email="ann@example.com")
    assert found is not None
    assert found.id == answer.contact_id
    assert not hook.upsert_contact(email="ann@example.com", last_name="Lee").new


def test_an_unknown_phone_finds_no_contact(hook: LeadwayHook) -> None:
    """The result of find_duplicate is None and not an error."""
    assert hook.find_duplicate(phone="+12025550100") is None


def test_names_in_both_spellings_are_sent_in_the_apis_spelling(hook: LeadwayHook, sandbox: Service) -> None:
    """A dict, keyword arguments and both spellings of a name make one request with the API's names."""
    hook.upsert_contact({"email": "ann@example.com", "postalCode": "10001"}, first_name="Ann", address_1="1 Main St")
    assert sandbox.journal.upserts[0].body == {
        "locationId": LOCATION,
        "email": "ann@example.com",
        "postalCode": "10001",
        "firstName": "Ann",
        "address1": "1 Main St",
    }


def test_a_field_given_twice_is_an_error_before_anything_is_sent(hook: LeadwayHook, sandbox: Service) -> None:
    """With two spellings of one field it is not defined which value counts."""
    with pytest.raises(MappingError, match="firstName"):
        hook.upsert_contact({"email": "ann@example.com", "firstName": "Ann"}, first_name="Anna")
    assert not sandbox.journal.upserts


def test_a_contact_that_names_a_location_is_an_error_before_anything_is_sent(
    hook: LeadwayHook, sandbox: Service
) -> None:
    """The location of the hook counts, so a contact with another one is a mistake."""
    with pytest.raises(MappingError, match="LeadwayHook"):
        hook.upsert_contact(email="ann@example.com", location_id="another")
    assert not sandbox.journal.upserts


def test_tags_are_added_and_removed(hook: LeadwayHook, sandbox: Service) -> None:
    """Other tags of the contact stay."""
    contact_id = hook.upsert_contact(email="ann@example.com", tags=["vip"]).contact_id
    assert set(hook.add_tags(contact_id, ["customer"]).tags) == {"vip", "customer"}
    hook.remove_tags(contact_id, ["vip"])
    assert sandbox.account.contacts[0].tags == ["customer"]


def test_a_contact_is_updated_and_deleted_by_its_id(hook: LeadwayHook, sandbox: Service) -> None:
    """An update takes names in either spelling, and a contact that is missing has an error of its own."""
    contact_id = hook.upsert_contact(email="ann@example.com").contact_id
    answer = hook.update_contact(contact_id, {"firstName": "Ann"}, last_name="Lee", phone=None)
    assert (answer.new, answer.contact_id, answer.contact.last_name) == (False, contact_id, "Lee")
    assert sandbox.journal.calls[-1].body == {"firstName": "Ann", "lastName": "Lee", "phone": None}
    hook.delete_contact(contact_id)
    for act in (hook.get_contact, hook.update_contact, hook.delete_contact):
        with pytest.raises(ContactNotFoundError):
            act(contact_id)


def test_an_update_with_a_taken_email_names_the_contact_that_has_it(hook: LeadwayHook) -> None:
    """The caller can find out which contact has the e-mail."""
    ann = hook.upsert_contact(email="ann@example.com")
    bob = hook.upsert_contact(email="bob@example.com")
    with pytest.raises(IdentityTakenError) as caught:
        hook.update_contact(bob.contact_id, email="ann@example.com")
    assert (caught.value.contact_id, caught.value.field) == (ann.contact_id, "email")


def test_many_contacts_are_tagged_in_one_call(hook: LeadwayHook, sandbox: Service) -> None:
    """The method takes keyword arguments as the client's method does."""
    ids = [hook.upsert_contact(email=f"p{number}@example.com").contact_id for number in range(2)]
    answer = hook.update_tags("add", contact_ids=ids, tags=["vip"])
    assert [item.ok for item in answer.responses] == [True, True]
    assert [contact.tags for contact in sandbox.account.contacts] == [["vip"]] * 2


def test_a_blocking_method_has_the_signature_and_documentation_of_the_client(hook: LeadwayHook) -> None:
    """The arguments, the result and the docstring are those of the client's method, for mypy and at run time."""
    assert_type(LeadwayHook.get_users(hook), list[User])
    assert_type(hook.find_duplicate(phone="+12025550100"), ContactRecord | None)
    for name in ("get_contact", "find_duplicate", "update_tags", "get_users"):
        method, original = getattr(LeadwayHook, name), getattr(Endpoints, name)
        assert inspect.signature(method) == inspect.signature(original)
        assert (method.__name__, method.__doc__) == (name, original.__doc__)
        assert not inspect.iscoroutinefunction(method)


def test_custom_fields_and_location_are_read(hook: LeadwayHook, sandbox: Service) -> None:
    """Both are typed models."""
    assert [field.id for field in hook.get_custom_fields()] == [field.id for field in sandbox.account.custom_fields]
    assert hook.get_location().name == f"Sandbox {LOCATION}"


def test_a_refusal_has_status_and_reasons_and_no_value(hook: LeadwayHook) -> None:
    """RefusedError holds nothing of the contact."""
    with pytest.raises(RefusedError) as caught:
        hook.upsert_contact(email="ann.example", first_name="Annabel")
    assert caught.value.status == 422
    assert caught.value.reasons == ("email must be an email",)
    assert "Annabel" not in str(caught.value)


def test_the_calls_of_a_hook_share_one_client(hook: LeadwayHook) -> None:
    """Calls in a loop use one HTTP connection and one quota window."""
    sessions = set()
    for number in range(3):
        hook.upsert_contact(email=f"ann{number}@example.com")
        sessions.add(hook._session)
    assert len(sessions) == 1


def test_get_conn_is_a_client_to_await(hook: LeadwayHook) -> None:
    """As with Airflow's other hooks, it is what the hook is made of."""

    async def name_of_new_contact() -> str | None:
        async with hook.get_conn() as client:
            answer = await client.upsert_contact({"email": "ann@example.com", "firstName": "Ann"})
            return (await client.get_contact(answer.contact_id)).first_name

    assert asyncio.run(name_of_new_contact()) == "Ann"


def test_the_clients_of_a_hook_keep_to_one_quota(hook: LeadwayHook) -> None:
    """Neither closing a hook nor using its asynchronous client starts a new quota window."""
    hook.get_custom_fields()
    hook.close()
    daily = hook.client().pacer.daily
    assert daily is not None
    hook.get_custom_fields()
    again = hook.client().pacer.daily
    assert again is not None
    assert again.remaining == daily.remaining - 1


def test_a_failed_call_is_repeated_as_the_hook_says(connect: Connect, sandbox: Service) -> None:
    """The number of attempts is that of the policy, and the pauses go by the clock."""
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None))
    time = IdleTime()
    retry = RetryPolicy(attempts=3, base=1000.0, cap=1000.0)
    with LeadwayHook(connect(), retry=retry, clock=time.clock) as hook, pytest.raises(UnavailableError, match="3 time"):
        hook.get_custom_fields()
    assert sandbox.journal.total == 3
    assert len(time.slept) == 2
    assert all(0 <= pause <= 1000 for pause in time.slept)


def test_a_closed_hook_works_again(connect: Connect) -> None:
    """The next call opens a new connection, and closing twice does nothing."""
    with LeadwayHook(connect()) as hook:
        hook.get_custom_fields()
    hook.close()
    assert hook.get_custom_fields()
    hook.close()


def test_a_hook_that_is_not_closed_causes_no_warning(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The garbage collection of a hook closes its HTTP connection, without a warning and without a log line."""
    gc.collect()  # what earlier tests of this process left may warn
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        LeadwayHook(connect()).get_custom_fields()
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_hook_that_is_collected_while_a_loop_runs_causes_no_warning(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """A hook may be garbage-collected while another event loop runs, which must not be disturbed."""
    hooks = [LeadwayHook(connect())]
    hooks[0].get_custom_fields()
    session = hooks[0]._session
    assert session is not None
    loop = session._runner.get_loop()
    del session

    async def drop() -> None:
        before = set(threading.enumerate())
        hooks.clear()
        gc.collect()
        for thread in set(threading.enumerate()) - before:
            thread.join()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(drop())
    assert loop.is_closed()
    assert [str(warning.message) for warning in caught] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_blocking_call_inside_an_event_loop_says_what_to_use(hook: LeadwayHook, sandbox: Service) -> None:
    """The error names the asynchronous client, which works there."""

    async def wrong() -> None:
        hook.get_custom_fields()

    async def right() -> int:
        async with hook.client() as client:
            return len(await client.get_custom_fields())

    with pytest.raises(ConfigurationError, match=r"async with hook\.client\(\)"):
        asyncio.run(wrong())
    assert asyncio.run(right()) == len(sandbox.account.custom_fields)
