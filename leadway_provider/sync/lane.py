"""What calls must keep their order by: a hash that stands for an e-mail or a phone and tells nothing of a person."""

from __future__ import annotations

import hashlib

from leadway_provider.contacts.contact import Contact


def lanes(contact: Contact) -> tuple[str, ...]:
    """The lanes of a contact, one for each identity, hashed: 32 hexadecimal digits that tell nothing of a person."""
    return tuple(lane(name, value) for name, value in contact.identities.items())


def lane(field: str, value: str) -> str:
    """The lane of one identity; e-mails are compared without case, as the account does."""
    return hashlib.blake2b(f"{field}:{value.lower()}".encode(), digest_size=16).hexdigest()
