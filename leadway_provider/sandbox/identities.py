"""The e-mails and phones of an account's contacts: who holds which, and how they change."""

from __future__ import annotations

from leadway_provider.sandbox.contact import IDENTITIES, Identity, SandboxContact


class IdentityIndex:
    """The contacts by e-mail and by phone, primary and secondary ones alike.

    Every value is in its stored form. The first holder of a value is the contact that has held it for longest.
    """

    def __init__(self) -> None:
        self._holders: dict[Identity, dict[str, tuple[SandboxContact, ...]]] = {"email": {}, "phone": {}}

    def holders(self, identity: Identity, value: str | None) -> tuple[SandboxContact, ...]:
        """Return the contacts that hold a value; for None there are none."""
        return self._holders[identity].get(value, ()) if value else ()

    def assign(self, contact: SandboxContact, identity: Identity, value: str | None) -> bool:
        """Make a value the primary one of a contact, or clear it with None; return True if that changed anything.

        A secondary value becomes the primary one, and the former primary one is gone (observed for e-mails).
        """
        held = contact.fields.get(identity)
        if value == held:
            return False
        if held is not None:
            self._remove(identity, held, contact)
        if value is None:
            del contact.fields[identity]
            return True
        if value in contact.secondary[identity]:
            contact.secondary[identity].remove(value)
        else:
            self._add(identity, value, contact)
        contact.fields[identity] = value
        return True

    def add_secondary(self, contact: SandboxContact, identity: Identity, value: str) -> None:
        """Give a contact a further value; it becomes the primary one if the contact has none."""
        if contact in self.holders(identity, value):
            return
        if contact.fields.get(identity) is None:
            contact.fields[identity] = value
        else:
            contact.secondary[identity].append(value)
        self._add(identity, value, contact)

    def restore(self, contact: SandboxContact) -> None:
        """Let a contact, as it is, hold all its values."""
        for identity in IDENTITIES:
            for value in contact.identities(identity):
                self._add(identity, value, contact)

    def release(self, contact: SandboxContact) -> None:
        """Remove a contact that is deleted from all its values."""
        for identity in IDENTITIES:
            for value in contact.identities(identity):
                self._remove(identity, value, contact)

    def _add(self, identity: Identity, value: str, contact: SandboxContact) -> None:
        self._holders[identity][value] = (*self.holders(identity, value), contact)

    def _remove(self, identity: Identity, value: str, contact: SandboxContact) -> None:
        others = tuple(holder for holder in self._holders[identity][value] if holder is not contact)
        if others:
            self._holders[identity][value] = others
        else:
            del self._holders[identity][value]
