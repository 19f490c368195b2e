"""What an expression of a query is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from leadway_provider.lineage.origin import Effect, Input


@dataclass(slots=True)
class Derivation:
    """What an expression is made from.

    Attributes:
        inputs: the source columns.
        computed: whether the database computes a part of it from no column.
        unseen: whether a part of it comes from a function that may read a table.
    """

    inputs: set[Input] = field(default_factory=set)
    computed: bool = False
    unseen: bool = False

    def add(self, other: Derivation, effect: Effect = Effect.IDENTITY) -> None:
        """Add what `other` is made from, where `effect` is applied to it."""
        self.inputs |= {Input(each.table, each.column, effect.after(each.effect)) for each in other.inputs}
        self.computed |= other.computed
        self.unseen |= other.unseen


def combined(derivations: Iterable[Derivation], effect: Effect = Effect.IDENTITY) -> Derivation:
    """Return what several expressions together are made from, where `effect` is applied to each."""
    total = Derivation()
    for each in derivations:
        total.add(each, effect)
    return total
