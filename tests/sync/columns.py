"""A mapping of rows (key, e-mail, phone) for the tests of plan and deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadway_provider.contacts.contact import Contact, Reason, Rejection
from leadway_provider.policies import ContactRules

INVALID = "not a contact"


@dataclass(frozen=True)
class Columns:
    """Maps rows of key, e-mail and, where there is one, phone; a row with the e-mail INVALID is rejected."""

    rules: ContactRules = field(default_factory=ContactRules)
    digest: bytes = b"columns"
    users_digest: bytes = b""
    key_positions = (0,)

    def contact(self, row: Sequence[object]) -> Contact | Rejection:
        """Return the row's contact."""
        if row[1] == INVALID:
            return Rejection((Reason("email", "email_malformed", "It has no @."),))
        fields = zip(("email", "phone"), row[1:], strict=False)
        return Contact({name: str(value) for name, value in fields if value})


SEND_SHARED = Columns(ContactRules(on_shared_identity="send"))
"""The mapping that lets rows share e-mails and phones."""
