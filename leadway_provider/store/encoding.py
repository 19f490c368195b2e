"""Contacts and reasons as JSON text, and back without any difference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.contacts.row import MappedColumn

# ASCII only: any text, NUL and emoji included, passes every database whatever its character set. The standard
# library's JSON gives integers of any size and floats back as they were.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
_FAST_ENCODER: Final = msgspec.json.Encoder()
_POLICIES: Final = ("once", "if_empty", "if_unedited")


class Remarks(NamedTuple):
    """The remarks about a delivered row, beside its outcome; see `encode_remarks`."""

    withheld: tuple[Reason, ...] = ()
    not_kept: tuple[Reason, ...] = ()
    collision: str | None = None
    others: tuple[Reason, ...] = ()


def encode_contact(contact: Contact) -> str:
    """Return the contact as JSON text; `decode_contact` returns an equal contact."""
    document = {
        "fields": dict(contact.fields),
        "add_tags": contact.add_tags,
        "remove_tags": contact.remove_tags,
        "withheld": _plain(contact.withheld),
        "notes": _plain(contact.notes),
    }
    if contact.contact_id:
        document["contact_id"] = contact.contact_id
    if contact.differing is not None:
        document["differing"] = sorted(contact.differing)
    if contact.matches is not None:
        document["matches"] = contact.matches
    document.update((name, sorted(paths)) for name in _POLICIES if (paths := getattr(contact, name)))
    # A tenth of the time; it writes other characters than ASCII as they are, and refuses integers of more than 64 bits.
    try:
        encoded = _FAST_ENCODER.encode(document)
    except (OverflowError, UnicodeEncodeError):
        return _ENCODER.encode(document)
    return encoded.decode() if encoded.isascii() else _ENCODER.encode(document)


def decode_contact(text: str) -> Contact:
    """Return the contact that `encode_contact` encoded."""
    document = json.loads(text)
    return Contact(
        fields=document["fields"],
        add_tags=tuple(document["add_tags"]),
        remove_tags=tuple(document["remove_tags"]),
        withheld=tuple(Reason(**reason) for reason in document["withheld"]),
        notes=tuple(Reason(**reason) for reason in document["notes"]),
        contact_id=document.get("contact_id"),
        differing=frozenset(document["differing"]) if "differing" in document else None,
        matches=document.get("matches"),
        **{name: frozenset(document[name]) for name in _POLICIES if name in document},
    )


def encode_columns(columns: Iterable[MappedColumn]) -> str:
    """Return which column feeds which field, as a JSON list of column or null, target, and API path."""
    return _ENCODER.encode([[each.column, each.target, each.api_path] for each in columns])


def decode_columns(text: str | None) -> list[MappedColumn]:
    """Return the columns that `encode_columns` encoded."""
    return [MappedColumn(*each) for each in json.loads(text or "[]")]


def encode_document(facts: Mapping[str, object]) -> str | None:
    """Return plain facts as a JSON object; None where there are none."""
    return _ENCODER.encode(facts) if facts else None


def decode_document(text: str | None) -> dict[str, Any]:
    """Return the facts that `encode_document` encoded, with lists for tuples."""
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def encode_reasons(reasons: Iterable[Reason]) -> str | None:
    """Return reasons as a JSON list of objects; None where there are none."""
    plain = _plain(reasons)
    return _ENCODER.encode(plain) if plain else None


def decode_reasons(text: str | None) -> tuple[Reason, ...]:
    """Return the reasons that `encode_reasons` encoded."""
    return tuple(Reason(**reason) for reason in json.loads(text)) if text else ()


def encode_remarks(
    withheld: Iterable[Reason], not_kept: Iterable[Reason], collision: str | None, others: Iterable[Reason] = ()
) -> str | None:
    """What else there is to say about a delivered row, by kind of remark; None where nothing is.

    Args:
        withheld: why values were left out.
        not_kept: for which fields the CRM's answer shows another value than was sent.
        collision: another source key on the same contact.
        others: an identity that is another contact's, or a contact that was gone.
    """
    kinds = {
        "withheld": _plain(withheld),
        "not_kept": _plain(not_kept),
        "collision": collision,
        "others": _plain(others),
    }
    remarks = {kind: remark for kind, remark in kinds.items() if remark}
    return _ENCODER.encode(remarks) if remarks else None


def decode_remarks(text: str | None) -> Remarks:
    """Return the remarks that `encode_remarks` encoded."""
    kinds = json.loads(text or "{}")
    withheld, not_kept, others = (
        tuple(Reason(**reason) for reason in kinds.get(kind, ())) for kind in ("withheld", "not_kept", "others")
    )
    return Remarks(withheld, not_kept, kinds.get("collision"), others)


def _plain(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"field": reason.field, "code": reason.code, "message": reason.message} for reason in reasons]
