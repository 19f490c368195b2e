"""What became of every source row: the one list of states, and the counts that must add up.

A new outcome is a new line of `RowState`, with its phase, and a migration that gives the run's table its column. The
report, XCom, the columns of the run's table and the tables of the documentation derive from the list, or a test holds
them to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, Literal, assert_never

from leadway_provider.exceptions import AccountingError


class RowState(StrEnum):
    """What became of a source row.

    Every row that was read has exactly one of the outcomes. A departed row was not read: its states are counted beside
    them.
    """

    UNCHANGED = "unchanged"
    """The same as when the CRM last acknowledged it: no call."""
    INVALID = "invalid"
    """Our validation rejects it, with reasons: no call."""
    SUPERSEDED = "superseded"
    """Another row stands for it: no call."""
    SKIPPED = "skipped"
    """It is left out, and no contact was written: by `on_match`, with its reason, or since its key was forgotten."""
    CREATED = "created"
    """The CRM created a new contact for it."""
    UPDATED = "updated"
    """The CRM wrote it to an existing contact."""
    REFUSED = "refused"
    """The CRM refused it, with reasons."""
    UNKNOWN = "unknown"
    """It was sent, the answer was lost, and sending it again is not safe."""
    PENDING = "pending"
    """It was not reached yet: the next attempt delivers it."""
    DEPARTED = "departed"
    """It is no longer in the source, and its contact is still to be treated as the removal policy says."""
    REMOVED = "removed"
    """It is no longer in the source, and its contact was treated as the removal policy says."""
    UNREMOVED = "unremoved"
    """It is no longer in the source, and the CRM refused what the removal policy says. The next run tries again."""

    @property
    def phase(self) -> Literal["plan", "deliver", "remove"]:
        """The phase in which a row gets this state."""
        match self:
            case RowState.UNCHANGED | RowState.INVALID | RowState.SUPERSEDED | RowState.PENDING:
                return "plan"
            case RowState.CREATED | RowState.UPDATED | RowState.SKIPPED | RowState.REFUSED | RowState.UNKNOWN:
                return "deliver"
            case RowState.DEPARTED | RowState.REMOVED | RowState.UNREMOVED:
                return "remove"
        assert_never(self)

    @property
    def is_outcome(self) -> bool:
        """Whether a row that was read can have this state."""
        return self.phase != "remove"

    @property
    def is_accepted(self) -> bool:
        """Whether the CRM has the row as it was sent."""
        return self in (RowState.CREATED, RowState.UPDATED)


class Remark(StrEnum):
    """What else a run counts of rows, beside their outcome."""

    WITHHELD = "withheld"
    """A value was left out, because the API would refuse or misuse it."""
    NOT_KEPT = "not_kept"
    """The CRM's answer shows another value than was sent."""
    COLLISIONS = "collisions"
    """Two source keys are on one contact."""
    IDENTITY_TAKEN = "identity_taken"
    """An e-mail or phone was left out, because another contact of the account has it."""
    EDITED_IN_CRM = "edited_in_crm"
    """A field was left as somebody has edited it in the CRM."""
    ADOPTED = "adopted"
    """The account was found to have all of it already, so it is unchanged without having been sent."""
    DRIFTED = "drifted"
    """The account had acknowledged it and was found to have some of it otherwise."""
    MISSING = "missing"
    """The contact that it lived on was found to exist no more."""


OUTCOMES: Final = tuple(state for state in RowState if state.is_outcome)
"""The states whose counts add up to the rows that were read, in the order of the report."""

REJECTED: Final = (RowState.INVALID, RowState.REFUSED, RowState.UNREMOVED)
"""The states that count against `max_rejected`."""

COUNTED: Final[tuple[str, ...]] = ("read", "carried", *OUTCOMES, *Remark, RowState.REMOVED, RowState.UNREMOVED)
"""The names of all counts, in the order of the report."""


class Counts(Mapping[str, int]):
    """How many rows ended how, by the names of `COUNTED`; what is not given is 0.

    Raises:
        TypeError: a name is not one of `COUNTED`.
    """

    __slots__ = ("_numbers",)

    def __init__(self, **numbers: int) -> None:
        if unknown := numbers.keys() - set(COUNTED):
            raise TypeError(f"not a count: {', '.join(sorted(unknown))}")
        self._numbers = {str(name): numbers.get(name, 0) for name in COUNTED}

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"Counts({', '.join(f'{name}={number}' for name, number in self.items() if number)})"

    @property
    def rejected(self) -> int:
        """Rows that our validation or the CRM rejected."""
        return sum(self[state] for state in REJECTED)

    def plus(self, **numbers: int) -> Counts:
        """Return these counts with so many more, or with a negative number fewer."""
        return Counts(**{**self, **{name: self[name] + number for name, number in numbers.items()}})

    def with_rest_pending(self) -> Counts:
        """Return these counts with each row that was read or carried, and has no other outcome, as pending."""
        return self.plus(pending=self["read"] + self["carried"] - sum(self[outcome] for outcome in OUTCOMES))

    def verify(self) -> None:
        """Check that every row that was read or carried has exactly one outcome.

        Raises:
            AccountingError: it has not.
        """
        total = sum(self[outcome] for outcome in OUTCOMES)
        if total != self["read"] + self["carried"]:
            raise AccountingError(
                f"{self['read']} rows were read and {self['carried']} carried, but their outcomes add up to {total}: "
                f"{dict(self)}. This is a defect of leadway-provider; please report it with this message."
            )
