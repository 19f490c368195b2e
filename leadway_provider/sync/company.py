"""The company's name on a contact that exists: only an upsert changes it, so it needs a call of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.reasons import reason
from leadway_provider.sync.identities import IDENTITIES
from leadway_provider.sync.ports import ContactSink, UpsertEcho
from leadway_provider.sync.records import Identity


async def update_company(
    sink: ContactSink, echo: UpsertEcho, contact: Contact, differences: tuple[Reason, ...]
) -> tuple[UpsertEcho, tuple[Reason, ...]]:
    """Write the company name, which only an upsert takes, to the contact that an answer shows.

    In an account that allows duplicates, two contacts may share an e-mail or phone. There the account is asked first
    which contact it would match: the upsert must not change another one.

    Args:
        sink: the account.
        echo: the answer to the update of the contact.
        contact: what is written.
        differences: what the contact did not keep.

    Returns:
        The last answer, and what the contact did not keep.

    Raises:
        LeadwayError: as the account raises.
    """
    others = tuple(each for each in differences if each.field != "companyName")
    known = {name: value for name in IDENTITIES if (value := _text(echo.kept.get(name)))}
    if known and await _is_matched(sink, echo.contact_id, known):
        second = await sink.upsert_contact(dict(known) | contact.upsert_only_fields)
        if second.contact_id == echo.contact_id:
            return second, (*others, *_of_company(not_kept(contact.upsert_only_fields, second.kept, new=False)))
    return echo, (*others, reason("companyName", "company_name_not_updated"))


async def _is_matched(sink: ContactSink, contact_id: str, known: Mapping[Identity, str]) -> bool:
    """Return whether an upsert would reach the contact; search may lag behind, and then shows no contact."""
    if not await sink.may_share_identities():
        return True
    found = await sink.find_duplicate(email=known.get("email"), phone=known.get("phone"))
    return found is None or found.id == contact_id


def _of_company(differences: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(each for each in differences if each.field == "companyName")


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
