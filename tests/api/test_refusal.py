"""What the error of a refused call holds: the fields and sentences that are known, and ids that are ids."""

from __future__ import annotations

import asyncio

import pytest

from leadway_provider.api.answer import Fatal, TakenIdentity
from leadway_provider.api.call import Call
from leadway_provider.api.refusal import error_of
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.exceptions import IdentityTakenError, RefusedError
from leadway_provider.sandbox.server import SandboxServer
from tests.api.clients import client_of, settings_for


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
def test_a_refusal_names_its_fields(sandbox: SandboxServer, version: str) -> None:
    """By their API paths: a custom field by its id, and a channel as version 2021-07-28 writes it."""
    values: list[JsonValue] = [{"id": "first", "field_value": "x"}, {"id": "second", "field_value": True}]
    settings: dict[str, JsonValue] = {"WhatsApp": {"status": "Zoe"}}

    async def refused() -> RefusedError:
        async with client_of(sandbox, settings=settings_for(sandbox.url, api_version=version)) as client:
            with pytest.raises(RefusedError) as caught:
                await client.upsert_contact({"dndSettings": settings, "customFields": values})
        return caught.value

    error = asyncio.run(refused())
    assert error.fields == ("dndSettings.WhatsApp.status", "customFields.second")
    assert "Zoe" not in f"{error} {vars(error)}"


def test_an_id_that_quotes_a_value_is_not_kept() -> None:
    """Neither a trace id nor the id of the contact that has an identity may be a part of what was sent."""
    call = Call("PUT", "/contacts/{contactId}", lambda _: None, json={"firstName": "Adalberta", "tags": ["Example"]})
    shown = {}
    for answered in ("adal", "Adalberta", "x-EXAMPLE-1", "7f3c-Ad"):
        refused = Fatal(RefusedError, 400, (), answered, taken=TakenIdentity(answered, "email"))
        error = error_of(refused, call, settings_for("https://example.com"), "loc")
        assert isinstance(error, IdentityTakenError)
        shown[answered] = {error.trace_id, error.contact_id}
    assert shown == {"adal": {None}, "Adalberta": {None}, "x-EXAMPLE-1": {None}, "7f3c-Ad": {"7f3c-Ad"}}
