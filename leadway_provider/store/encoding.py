"""Contacts and reasons as JSON text, and back without any difference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.row import MappedColumn

# ASCII only: any text, NUL and emoji included, passes every database whatever its character set. The standard
# library's JSON gives integers of any size and floats back as they were.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


class Remarks(NamedTuple):
    """What else there is to say about a delivered row; see `encode_remarks`."""

    withheld: tuple[Reason, ...] = ()
    not_kept: tuple[Reason, ...] = ()
    collision: str | None = None


def encode_contact(contact: Contact) -> str:
    """The contact as JSON text that `decode_contact` turns back into an equal one."""
    return _ENCODER.encode(
        {
            "fields": dict(contact.fields),
            "add_tags": contact.add_tags,
            "remove_tags": contact.remove_tags,
            "withheld": _plain(contact.withheld),
            "notes": _plain(contact.notes),
        }
    )


def decode_contact(text: str) -> Contact:
    """The contact that `encode_contact` was given."""
    document = json.loads(text)
    return Contact(
        fields=document["fields"],
        add_tags=tuple(document["add_tags"]),
        remove_tags=tuple(document["remove_tags"]),
        withheld=tuple(Reason(**reason) for reason in document["withheld"]),
        notes=tuple(Reason(**reason) for reason in document["notes"]),
    )


def encode_columns(columns: Iterable[MappedColumn]) -> str:
    """Which column feeds which field, as a JSON list of column or null, target, and place in the request."""
    return _ENCODER.encode([[each.column, each.target, each.wire] for each in columns])


def decode_columns(text: str | None) -> list[MappedColumn]:
    """The columns that `encode_columns` was given."""
    return [MappedColumn(*each) for each in json.loads(text or "[]")]


def encode_document(facts: Mapping[str, object]) -> str | None:
    """Plain facts as a JSON object; None where there are none."""
    return _ENCODER.encode(facts) if facts else None


def decode_document(text: str | None) -> dict[str, Any]:
    """The facts that `encode_document` was given, with lists for tuples."""
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def encode_reasons(reasons: Iterable[Reason]) -> str | None:
    """Reasons as a JSON list of objects; None where there are none."""
    plain = _plain(reasons)
    return _ENCODER.encode(plain) if plain else None


def decode_reasons(text: str | None) -> tuple[Reason, ...]:
    """The reasons that `encode_reasons` was given."""
    return tuple(Reason(**reason) for reason in json.loads(text)) if text else ()


def encode_remarks(withheld: Iterable[Reason], not_kept: Iterable[Reason], collision: str | None) -> str | None:
    """What else there is to say about a delivered row, by kind of remark; None where nothing is.

    Args:
        withheld: values that were left out.
        not_kept: values that the CRM's answer shows otherwise.
        collision: another source key on the same contact.
    """
    kinds = {"withheld": _plain(withheld), "not_kept": _plain(not_kept), "collision": collision}
    remarks = {kind: remark for kind, remark in kinds.items() if remark}
    return _ENCODER.encode(remarks) if remarks else None


def decode_remarks(text: str | None) -> Remarks:
    """The remarks that `encode_remarks` was given."""
    kinds = json.loads(text or "{}")
    withheld, not_kept = (
        tuple(Reason(**reason) for reason in kinds.get(kind, ())) for kind in ("withheld", "not_kept")
    )
    return Remarks(withheld, not_kept, kinds.get("collision"))


def _plain(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"field": reason.field, "code": reason.code, "message": reason.message} for reason in reasons]
