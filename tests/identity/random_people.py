"""The people of the stateful test, drawn by a plain generator: without shrinking, and some times faster.

To play some thousands of seeds, or one of them step by step:

    python -m tests.identity.random_people 20000 27000
    python -m tests.identity.random_people 20000
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.identity.faults import Fault
from tests.identity.model import World
from tests.identity.test_stateful import EMAILS, IDENTITY_RULES, PHONES, POLICIES, SEEN, PeopleMachine

_STEPS: Final = (
    *("appears_or_changes", "changes_email", "changes_phone", "reshuffle", "reshuffle", "becomes_invalid", "leaves"),
    *("gets_another_key", "stranger_appears", "colleague_changes", "refuses", "run", "run", "run", "dry_run"),
)


class Draw:
    """Draws what the rules of the stateful test take."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def beginning(self) -> dict[str, Any]:
        """Return the arguments of `begin`."""
        keys = self.random.sample(range(1, 6), self.random.randint(2, 5))
        return {
            "identity": self.random.choice(IDENTITY_RULES),
            "policy": self.random.choice(POLICIES),
            "clears": self.random.random() < 0.75,
            "refuses": self.random.random() < 0.67,
            "retry_refused": self.random.randint(1, 3),
            "people": {key: (self.email(), self.phone()) for key in keys},
        }

    def arguments(self, step: str) -> dict[str, Any]:
        """Return the arguments of any other rule but `colleague_changes`."""
        drawn: dict[str, Callable[[], dict[str, Any]]] = {
            "appears_or_changes": lambda: {"key": self.key(), "email": self.email(), "phone": self.phone()},
            "changes_email": lambda: {"key": self.key(), "email": self.email()},
            "changes_phone": lambda: {"key": self.key(), "phone": self.phone()},
            "reshuffle": lambda: {"random": self.random, "emails": self.one_in_two(), "phones": self.one_in_two()},
            "becomes_invalid": lambda: {"key": self.key()},
            "leaves": lambda: {"key": self.key()},
            "gets_another_key": lambda: {"key": self.key(), "other": self.key()},
            "stranger_appears": lambda: {"email": self.email(), "phone": self.phone()},
            "refuses": lambda: {"values": set(self.random.sample([*EMAILS, *PHONES], self.random.randint(0, 2)))},
            "run": self._run,
            "dry_run": self._dry_run,
        }
        return drawn[step]()

    def by_hand(self, world: World) -> tuple[str, str, Any]:
        """Return what a person changes in the CRM, of which contact, and to what."""
        what = self.random.choice(["email", "phone", "delete", "merge"])
        contacts = list(world.account.contacts)
        contact_id = self.random.choice(contacts)
        if what == "delete":
            return what, contact_id, None
        return (
            what,
            contact_id,
            self.random.choice({"email": [*EMAILS, None], "phone": [*PHONES, None]}.get(what, contacts)),
        )

    def key(self) -> int:
        """Return the key of a person."""
        return self.random.randint(1, 5)

    def email(self) -> str | None:
        """Return an e-mail, or none."""
        return self.random.choice([*EMAILS, None])

    def phone(self) -> str | None:
        """Return a phone, or none."""
        return self.random.choice([*PHONES, None])

    def one_in_two(self) -> bool:
        """Return True in half of the cases."""
        return self.random.random() < 0.5

    def _run(self) -> dict[str, Any]:
        return {
            "keys": None if self.random.random() < 0.6 else self._keys(),
            "attempts": [self._faults() for _ in range(self.random.choice([0, 0, 0, 1, 2]))],
            "is_abandoned": self.random.random() < 0.33,
            "plan_dies_after": self.random.choice([None] * 6 + [0, 1]),
            "batch_size": self.random.randint(1, 4),
            "in_flight": self.random.randint(1, 4),
        }

    def _dry_run(self) -> dict[str, Any]:
        keys = None if self.one_in_two() else self._keys()
        return {"keys": keys, "is_delivered": self.one_in_two(), "batch_size": self.random.randint(1, 4)}

    def _keys(self) -> frozenset[int]:
        return frozenset(key for key in range(1, 6) if self.one_in_two())

    def _faults(self) -> dict[int, Fault]:
        faults = range(self.random.choice([0, 1, 1, 2]))
        return {self.random.randint(0, 6): self.random.choice(list(Fault)) for _ in faults}


def play(seed: int, on_step: Callable[[str, object, World], None] = lambda *_: None) -> None:
    """Play the people of a seed; an AssertionError says what is wrong."""
    draw, machine = Draw(Random(seed)), PeopleMachine()  # noqa: S311 - no secret is drawn
    beginning = draw.beginning()
    on_step("begin", beginning, machine.world)
    machine.begin(**beginning)
    for _ in range(draw.random.randint(6, 26)):
        step = draw.random.choice(_STEPS)
        if step != "colleague_changes":
            arguments = draw.arguments(step)
            on_step(step, arguments, machine.world)
            getattr(machine, step)(**arguments)
        elif machine.world.account.contacts:
            by_hand = draw.by_hand(machine.world)
            on_step(step, by_hand, machine.world)
            machine.change_by_hand(*by_hand)
    machine.teardown()


def main(first: int, end: int | None) -> None:
    """Play seeds and print what is wrong, or print the steps of one seed, each with the people before it."""
    if end is None:
        play(first, lambda step, arguments, world: print(step, arguments, world.source, sep="\n    "))  # noqa: T201 - a command prints
    for seed in range(first, end or first):
        try:
            play(seed)
        except AssertionError as error:
            print(f"seed {seed}: {error}")  # noqa: T201 - the same
    print(dict(SEEN))  # noqa: T201 - the same


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
