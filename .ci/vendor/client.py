"""Calls a sandbox with the vendor's client for Python, and fails at the first answer that is not right.

Usage: client.py URL, for a sandbox with the default tokens and the further location `second-location`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from highlevel import HighLevel
from highlevel.storage import MemorySessionStorage

LOCATION, COMPANY = "sandbox-location", "sandbox-company"
APP = {"clientId": "sandbox-client", "clientSecret": "sandbox-secret"}


def check(what: str, *, right: bool) -> None:
    """Print what was tried; end the program if it is wrong."""
    if not right:
        sys.exit(f"vendor's client for Python: {what}: wrong")
    print(f"  {what}")


async def contacts(client: Any) -> None:
    """Write, read, find and delete contacts with a private integration token."""
    dnd = {"whatsApp": {"status": "active"}}
    made = await client.contacts.create_contact(
        {"locationId": LOCATION, "email": "ann@example.com", "dndSettings": dnd}
    )
    ann = made["contact"]["id"]
    check("create a contact", right=made["contact"]["dndSettings"] == dnd)
    fields = (await client.locations.get_custom_fields(LOCATION, model="contact"))["customFields"]
    plan = next(field["id"] for field in fields if field["name"] == "Plan")
    one = await client.locations.get_custom_field(LOCATION, plan)
    check("custom fields", right=one["customField"]["fieldKey"] == "contact.plan")
    custom = [{"id": plan, "fieldValue": "Pro"}]
    done = await client.contacts.upsert_contact(
        {"locationId": LOCATION, "email": "ann@example.com", "customFields": custom, "firstName": "Ann"}
    )
    kept = done["contact"]["customFields"]
    check(
        "upsert a contact",
        right=(done["new"], done["contact"]["id"], kept) == (False, ann, [{"id": plan, "value": "Pro"}]),
    )
    done = await client.contacts.update_contact(ann, {"city": "Oslo", "phone": "+12025550101"})
    check("update a contact", right=(done["succeeded"], done["contact"]["city"]) == (True, "Oslo"))
    check("read a contact", right=(await client.contacts.get_contact(ann))["contact"]["firstName"] == "Ann")
    found = await client.contacts.get_duplicate_contact(LOCATION, number="+12025550101")
    check("find a duplicate", right=found["contact"]["id"] == ann)
    found = await client.contacts.search_contacts_advanced({"locationId": LOCATION, "pageLimit": 10, "query": "ann"})
    check("search contacts", right=[each["id"] for each in found["contacts"]] == [ann])
    tags = [
        await client.contacts.add_tags(ann, {"tags": ["a", "b"]}),
        await client.contacts.remove_tags(ann, {"tags": ["a"]}),
    ]
    check("tags", right=[each["tags"] for each in tags] == [["a", "b"], ["b"]])
    # This release of the client does not fill in the path's `{type}`, so the path is given whole.
    bulk = await client.contacts.create_association(
        {"contacts": [ann], "tags": ["c"], "locationId": LOCATION}, {"url": "/contacts/bulk/tags/update/add"}
    )
    check("bulk tags", right=(bulk["succeeded"], bulk["errorCount"]) == (True, 0))
    listed = (await client.locations.get_location_tags(LOCATION))["tags"]
    check("tags of the location", right=sorted(tag["name"] for tag in listed) == ["b", "c"])
    check("delete a contact", right=(await client.contacts.delete_contact(ann))["succeeded"] is True)


async def settings(client: Any) -> None:
    """Read the location and its users with a private integration token."""
    location = (await client.locations.get_location(LOCATION))["location"]
    check("location", right=(location["id"], location["companyId"]) == (LOCATION, COMPANY))
    users = await client.users.search_users(COMPANY, location_id=LOCATION, limit="2")
    check("search users", right=(len(users["users"]), users["count"]) == (2, 3))
    user = await client.users.get_user(users["users"][0]["id"])
    check("read a user", right=user["email"] == users["users"][0]["email"])


async def oauth(client: Any) -> None:
    """Connect an app with a code, use its tokens from the client's own storage, and renew them."""
    code = {**APP, "grantType": "authorization_code", "code": "sandbox-code", "userType": "Location"}
    pair = await client.oauth.get_access_token(code)
    check("connect an app", right=(pair["locationId"], pair["userType"]) == (LOCATION, "Location"))
    renewed = await client.oauth.refresh_token(
        pair["refreshToken"], APP["clientId"], APP["clientSecret"], "refresh_token", "Location"
    )
    check("renew tokens", right=renewed["accessToken"] != pair["accessToken"])
    # A session that is about to end is renewed by the client itself.
    storage = client.get_session_storage()
    await storage.set_session(LOCATION, {**renewed, "expiresIn": 1})
    fields = (await client.locations.get_custom_fields(LOCATION))["customFields"]
    session = await storage.get_session(LOCATION)
    check("renew and use tokens", right=bool(fields) and session["accessToken"] != renewed["accessToken"])


async def agency(client: Any) -> None:
    """Exchange an agency's token, and read what belongs to the agency."""
    pair = await client.oauth.refresh_token(
        "sandbox-agency-refresh-token", APP["clientId"], APP["clientSecret"], "refresh_token", "Company"
    )
    client.update_config({"agency_access_token": pair["accessToken"]})
    granted = await client.oauth.get_location_access_token({"companyId": COMPANY, "locationId": "second-location"})
    check("token of a location", right=granted["locationId"] == "second-location")
    installed = await client.oauth.get_installed_location(COMPANY, "app", page_size=1)
    check("installed locations", right=(len(installed["items"]), installed["pagination"]["hasNextPage"]) == (1, True))
    located = (await client.locations.search_locations(company_id=COMPANY))["locations"]
    check("search locations", right=[each["id"] for each in located] == [LOCATION, "second-location"])
    found = await client.users.filter_users_by_email({"companyId": COMPANY, "emails": "ben.okafor@example.com"})
    check("filter users by e-mail", right=[user["firstName"] for user in found["users"]] == ["Ben"])


async def run(url: str) -> None:
    """Try everything."""
    HighLevel.BASE_URL = url
    token = HighLevel(private_integration_token="sandbox-token")  # noqa: S106 - the sandbox's
    app = HighLevel(
        client_id=APP["clientId"], client_secret=APP["clientSecret"], session_storage=MemorySessionStorage()
    )
    other = HighLevel(client_id=APP["clientId"], client_secret=APP["clientSecret"])
    for client, parts in ((token, (contacts, settings)), (app, (oauth,)), (other, (agency,))):
        for part in parts:
            await part(client)
        await client.http_client.aclose()


asyncio.run(run(sys.argv[1]))
