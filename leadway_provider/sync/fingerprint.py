"""The fingerprint of a row: it shows whether the row changed, and whether the contact that it became would differ.

It has two halves of 8 bytes. The first is of the row's values and of all that decides how they are read, the account's
custom fields included: it is cheap, and a row that has the same one did not change. Where it differs, the
second one decides, which is of the contact alone: an option that was added to a custom field, another order in an array
or another release of this software changes the first half of every row, and the second half of no row.

The account's users are not in the first half, because their list may be refused for any time. They are in that of a row
whose user was not found, so that it is compared again when the list changes.

Both halves are hashed with the sync's key. Without it, a reader of the state store could find a phone by trying all of
them in a row whose other values are known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.write_policy import without_paths

Hasher: TypeAlias = Callable[[Sequence[object]], bytes]
"""Returns 8 bytes that change when a row's values do."""

_HALF: Final = 8
"""Of 10,000 million changes of rows, the chance that one has the hash of the row before is 1 in 1,800 million."""
_FORM: Final = 1
"""Raised where another form of the second half must make all rows count as changed."""

_encoder = msgspec.msgpack.Encoder(enc_hook=str, order="deterministic")


def row_hasher(digest: bytes, key: bytes = b"") -> Hasher:
    """Return a function from a row's values to the first half of their fingerprint.

    Args:
        digest: stands for everything else that decides what is sent, such as the mapping; part of every fingerprint.
        key: the key of the sync's hashes; see `IdentityHasher.key`.
    """
    seed = hashlib.blake2b(digest, digest_size=_HALF, key=key)
    encode = _encoder.encode
    copy = seed.copy

    def hash_row(row: Sequence[object]) -> bytes:
        values = tuple(row)
        try:
            data = encode(values)
        except Exception:  # noqa: BLE001 - the text of a driver's own type may raise anything
            data = encode([_encodable(value) for value in values])
        state = copy()
        state.update(data)
        return state.digest()

    return hash_row


def fingerprint_of(
    row_hash: bytes, contact: Contact | None, rules: Sequence[str], key: bytes = b"", users: bytes = b""
) -> bytes:
    """Return the fingerprint of a row, of which `row_hash` is the first half.

    Args:
        row_hash: what `row_hasher` gives.
        contact: what the row became, before other rows' e-mails and phones are considered; None where it became none.
        rules: what decides which of the contact's e-mail and phone may be sent.
        key: as for `row_hasher`.
        users: stands for the account's users.
    """
    if contact is None:
        return row_hash
    data = _canonical([_FORM, *rules, _comparable(contact)])
    if any(each.code == "user_unknown" for each in contact.withheld):
        row_hash = _without_its_user(row_hash, users)
    return row_hash + hashlib.blake2b(data, digest_size=_HALF, key=key).digest()


def is_same_row(acknowledged: bytes | None, row_hash: bytes, users: bytes = b"") -> bool:
    """Return whether the row is as it was when the CRM acknowledged it.

    Where its user was not found, the account's users must be the same too.
    """
    if acknowledged is None or acknowledged.startswith(row_hash):
        return acknowledged is not None
    return bool(users) and acknowledged.startswith(_without_its_user(row_hash, users))


def _without_its_user(row_hash: bytes, users: bytes) -> bytes:
    return hashlib.blake2b(row_hash + users, digest_size=_HALF).digest()


def is_same_contact(acknowledged: bytes | None, current: bytes) -> bool:
    """Return whether the row becomes the contact that the CRM acknowledged, although the row may have changed."""
    return acknowledged is not None and len(current) > _HALF and acknowledged[_HALF:] == current[_HALF:]


def was_sent(sent: bytes | None, current: bytes) -> bool:
    """Return whether a call of that fingerprint, whose answer was lost, carried what the row is now."""
    return sent == current or is_same_contact(sent, current)


def contact_half(fingerprint: bytes) -> bytes:
    """Return the second half of a fingerprint, which is of the contact alone."""
    return fingerprint[_HALF:]


def _comparable(contact: Contact) -> JsonValue:
    """Return what the contact holds in one order: tags, chosen options and custom fields have none in the CRM.

    Of a field that is written only where the CRM holds nothing, it has no value, and only that there is one. It has
    nothing of a field that is written only where a contact is made.
    """
    if_empty: list[JsonValue] = [*sorted(contact.if_empty)]
    contact = without_paths(contact, contact.once | contact.if_empty)
    fields: dict[str, JsonValue] = {
        name: _unordered(value) if isinstance(value, list) else value for name, value in contact.fields.items()
    }
    found: list[JsonValue] = [fields, [*sorted(contact.add_tags)], [*sorted(contact.remove_tags)], contact.contact_id]
    if contact.if_unedited:  # so that each row is sent once, and it is known from then on what the CRM was given
        return [*found, if_empty, [*sorted(contact.if_unedited)]]
    return [*found, if_empty] if if_empty else found


def _unordered(values: list[JsonValue]) -> JsonValue:
    """Return the values of a list, and of each list in its objects, in one order."""
    plain = [_with_unordered(each) if isinstance(each, dict) else each for each in values]
    return sorted(plain, key=_canonical) if len(plain) > 1 else plain


def _with_unordered(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an object with its lists in one order; most objects, such as custom fields, have none."""
    for value in fields.values():
        if isinstance(value, list):
            return {name: _unordered(each) if isinstance(each, list) else each for name, each in fields.items()}
    return fields


def _canonical(value: object) -> bytes:
    """Return bytes that two values share if and only if they are equal and of the same types."""
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _encodable(value: object) -> object:
    """Return what is encoded for a value that the encoder can't take: too big a number, half of a surrogate pair.

    Values that Python can't write as text are all the same; no field takes one of them.
    """
    try:
        _encoder.encode(value)
    except Exception:  # noqa: BLE001 - as above
        return _written(value)
    return value


def _written(value: object) -> bytes:
    try:
        return repr(value).encode("utf-8", "surrogatepass")
    except Exception:  # noqa: BLE001 - as above
        return b"a value without text"
