"""What came of writing one row to the account."""

from __future__ import annotations

from dataclasses import dataclass, field

from leadway_provider.contacts.contact import Reason
from leadway_provider.sync.ports import UpsertEcho
from leadway_provider.sync.records import Blocker


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing a row.

    Attributes:
        echo: the answer that shows the contact as it is now.
        is_new: whether this sync created the contact for the row.
        not_kept: the fields that the answer shows otherwise, by their API paths.
        remarks: what else happened, by API paths.
        in_crm: the hashes of the identities that the contact has now, as the answer shows them.
        denied: what other rows' contacts kept, and was not known to be kept before.
        was_marked: whether the row may have been marked as sent before the call.
        left_out: the API paths of the fields that write policies have left to the CRM.
        sent: the API paths of the fields that were sent; None where these are all others of the row.
    """

    echo: UpsertEcho
    is_new: bool
    not_kept: tuple[Reason, ...] = ()
    remarks: tuple[Reason, ...] = ()
    in_crm: frozenset[str] = frozenset()
    denied: tuple[Blocker, ...] = ()
    was_marked: bool = False
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    sent: frozenset[str] | None = field(default=None, repr=False)
