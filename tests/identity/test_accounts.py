"""One contract for both accounts: the same calls end the same in memory and in the sandbox over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadway_provider.api.client import LeadwayClient
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.exceptions import ContactNotFoundError, IdentityTakenError, RefusedError
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.testing import MemoryAccount
from tests.api.clients import client_of

EMAILS: Final = ["a@example.com", "b@example.com"]
PHONES: Final = ["+12025550101", "+12025550102"]
BOTH: Final = st.fixed_dictionaries({"email": st.sampled_from(EMAILS), "phone": st.sampled_from(PHONES)})
FIELDS: Final = st.one_of(
    BOTH,
    BOTH,
    st.fixed_dictionaries(
        {},
        optional={
            "email": st.sampled_from([*EMAILS, None]),
            "phone": st.sampled_from([*PHONES, None]),
            "firstName": st.sampled_from(["Ann", "Bob", None]),
        },
    ),
)
SHOWN: Final = ("email", "phone", "firstName")


@dataclass(frozen=True)
class Call:
    """A call; the contact is given by how many were created before it."""

    kind: str
    number: int
    fields: dict[str, JsonValue]


CALLS: Final = st.lists(
    st.builds(
        Call, st.sampled_from(["upsert", "upsert", "update", "update", "delete", "find"]), st.integers(0, 3), FIELDS
    ),
    min_size=8,
    max_size=16,
)


async def _answer(account: MemoryAccount | LeadwayClient, call: Call, ids: list[str]) -> object:
    """Make a call, and return what a delivery would see of the answer; contacts are named by their number."""
    contact_id = ids[call.number] if call.number < len(ids) else "unknown"
    try:
        match call.kind:
            case "upsert":
                made = await account.upsert_contact(call.fields)
                if made.new:
                    ids.append(made.contact_id)
                return made.new, ids.index(made.contact_id), _shown(made.kept)
            case "update":
                changed = await account.update_contact(contact_id, call.fields)
                return ids.index(changed.contact_id), _shown(changed.kept)
            case "delete":
                await account.delete_contact(contact_id)
                return "deleted"
            case _:
                email, phone = call.fields.get("email"), call.fields.get("phone")
                if not email and not phone:
                    return None
                found = await account.find_duplicate(
                    email=str(email) if email else None, phone=str(phone) if phone else None
                )
                return None if found is None else (ids.index(found.id), _shown(found.fields))
    except (ContactNotFoundError, IdentityTakenError, RefusedError) as error:
        owner = error.contact_id if isinstance(error, IdentityTakenError) else None
        return type(error).__name__, ids.index(owner) if owner in ids else owner


def _shown(fields: Any) -> dict[str, object]:
    return {name: fields.get(name) or None for name in SHOWN}


async def _in_sandbox(sandbox: SandboxServer, calls: Sequence[Call]) -> list[object]:
    ids: list[str] = []
    async with client_of(sandbox) as client:
        return [await _answer(client, call, ids) for call in calls]


async def _in_memory(account: MemoryAccount, calls: Sequence[Call]) -> list[object]:
    ids: list[str] = []
    return [await _answer(account, call, ids) for call in calls]


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(
    calls=CALLS,
    priority=st.sampled_from([("email", "phone"), ("phone", "email"), ("email",), ("phone",)]),
    refuses=st.booleans(),
    clears=st.booleans(),
)
def test_the_same_calls_end_the_same_in_memory_and_in_the_sandbox(
    calls: list[Call],
    priority: tuple[Any, ...],
    refuses: bool,  # noqa: FBT001 - hypothesis passes it by name
    clears: bool,  # noqa: FBT001 - pytest names it
) -> None:
    """Matching, merging, taken identities, cleared fields and contacts that do not exist."""
    in_memory = MemoryAccount(priority=priority, refuses_taken_identities=refuses, clears_identities=clears)
    with SandboxServer() as sandbox:
        account = sandbox.account
        account.priority, account.refuses_taken_identities, account.clears_identities = priority, refuses, clears
        over_http = asyncio.run(_in_sandbox(sandbox, calls))
    assert asyncio.run(_in_memory(in_memory, calls)) == over_http
