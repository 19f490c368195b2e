"""Which fields of a contact somebody has edited in the CRM since the account's last acknowledgement.

What the CRM then held is kept as hashes, in the normal form of `ContactForm`, and of fields with the write policy
`if_unedited` only. They have the sync's key, and are of one contact each: two people with one first name have different
hashes, and a row that moves to another contact has none there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeAlias

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.contacts.reasons import reason
from leadway_provider.sync.records import OutboxRow
from leadway_provider.sync.written import Written

ValueHashes: TypeAlias = Mapping[str, bytes]
"""The hash of a value by the field's API path; see `hash_of_normal`."""

HASH_BYTES: Final = 8
"""A field that differs is taken for equal once in 18,446,744 million million comparisons."""
BLANK_HASH: Final = bytes(HASH_BYTES)
_UNKNOWN: Final = bytes(HASH_BYTES)
"""In place of a value of which nothing is known any more; the value of a blank field is hashed once more."""


def hash_of_normal(normal: str | None, key: bytes) -> bytes:
    """Return the hash of a value in its normal form; zeros for a blank."""
    if normal is None:
        return BLANK_HASH
    return blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES, key=key).digest()


def merged(*stored: bytes | None) -> bytes | None:
    """Return what is known of one contact together; the later ones know better."""
    entries = {name: value for each in stored for name, value in _entries(each)}
    return _stored({name: value for name, value in entries.items() if value != _UNKNOWN})


def _entries(stored: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """Return the names of fields and the hashes of their values."""
    for start in range(0, len(stored or b""), 2 * HASH_BYTES):
        middle = start + HASH_BYTES
        yield (stored or b"")[start:middle], (stored or b"")[middle : middle + HASH_BYTES]


def _stored(entries: Mapping[bytes, bytes]) -> bytes | None:
    return b"".join(name + value for name, value in sorted(entries.items())) or None


@dataclass(frozen=True, slots=True)
class AcknowledgedValues:
    """What the CRM held in fields of a contact when it last acknowledged them, as hashes.

    Attributes:
        contact_id: the contact.
        key: the key of the sync's hashes.
        stored: as the state store has it: for each field 8 bytes that name it and 8 of its value; None for nothing.
    """

    contact_id: str
    key: bytes = field(repr=False)
    stored: bytes | None = field(default=None, repr=False)

    def edited(self, wanted: ValueHashes, held: ValueHashes) -> frozenset[str]:
        """Return the API paths of the fields that are left as the CRM has them.

        A field that has what the row wants is not among them, also if a person wrote it. Where it is not known what the
        CRM was given, every value counts as a person's; only a field without any does not.

        Args:
            wanted: what the row would write.
            held: what the CRM has in these fields.
        """
        entries = dict(_entries(self.stored))
        return frozenset(
            path
            for path, value in wanted.items()
            if held[path] != value and not self._is_ours(entries.get(self._name(path)), path, held[path])
        )

    def updated(self, held: ValueHashes, unknown: Collection[str] = ()) -> bytes | None:
        """Return what is known where the CRM was given these values, and of some fields nothing is known any more.

        Those fields are named, so that `merged` drops what was known of them.
        """
        entries = dict(_entries(self.stored))
        entries.update((self._name(path), _UNKNOWN) for path in unknown)
        entries.update((self._name(path), self._of(path, value)) for path, value in held.items())
        return _stored(entries)

    def _is_ours(self, entry: bytes | None, path: str, held: bytes) -> bool:
        return held == BLANK_HASH if entry is None else entry == self._of(path, held)

    def _name(self, path: str) -> bytes:
        return blake2b(f"{self.contact_id}\0{path}".encode(), digest_size=HASH_BYTES, key=self.key).digest()

    def _of(self, path: str, value: bytes) -> bytes:
        return blake2b(self._name(path) + value, digest_size=HASH_BYTES, key=self.key).digest()


@dataclass
class EditFinder:
    """Finds what somebody has edited, and what is to be kept of an answer.

    Attributes:
        custom_fields: the account's, whose types decide what equal values are.
        key: the key of the sync's hashes.
    """

    custom_fields: Sequence[CustomField] = field(default=(), repr=False)
    key: bytes = field(default=b"", repr=False)
    _form: ContactForm = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._form = ContactForm.of_paths((), ())

    def edited(
        self, contact: Contact, contact_id: str, held: Mapping[str, JsonValue], stored: bytes | None
    ) -> frozenset[str]:
        """Return the API paths of the fields that somebody has edited on a contact, and a row would overwrite.

        Args:
            contact: what the row would write.
            contact_id: the contact.
            held: its fields.
            stored: what is known of them.
        """
        if not (wanted := self._wanted(contact)):
            return frozenset()
        return AcknowledgedValues(contact_id, self.key, stored).edited(wanted, self._held(held, wanted))

    def acknowledged(self, row: OutboxRow, written: Written) -> tuple[bytes | None, tuple[Reason, ...]]:
        """Return what an answer shows of a contact, and a remark for each field that was left as it was.

        `merged` puts that together with what was known before.

        Args:
            row: what was to be written.
            written: what came of it.
        """
        contact, wanted = row.contact, self._wanted(row.contact)
        if not wanted and row.acknowledged_values is None:
            return None, ()
        held = self._held(written.echo.kept, wanted)
        sent = contact.api_paths - written.left_out if written.sent is None else written.sent
        known = {path: held[path] for path in wanted if path in sent or held[path] == wanted[path]}
        # An answer leaves out a field without a value: one that was sent, and has none, may be missing for any reason.
        unshown = {path for path, value in known.items() if value == BLANK_HASH != wanted[path]}
        unknown = {path for path in sent if path not in wanted} | unshown
        left = sorted(wanted.keys() - known.keys())
        shown = {path: value for path, value in known.items() if path not in unshown}
        values = AcknowledgedValues(written.echo.contact_id, self.key).updated(shown, unknown)
        return values, tuple(reason(path, "edited_in_crm") for path in left)

    def _wanted(self, contact: Contact) -> dict[str, bytes]:
        if not contact.if_unedited:
            return {}
        if not contact.if_unedited.issubset(self._form.paths):
            self._form = ContactForm.of_paths({*self._form.paths, *contact.if_unedited}, self.custom_fields)
        sent = self._form.sent(contact).items()
        return {path: hash_of_normal(value, self.key) for path, value in sent if path in contact.if_unedited}

    def _held(self, fields: Mapping[str, JsonValue], paths: Collection[str]) -> dict[str, bytes]:
        if not paths:
            return {}
        found = zip(self._form.paths, self._form.held(fields), strict=True)
        return {path: hash_of_normal(value, self.key) for path, value in found if path in paths}
