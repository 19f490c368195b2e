"""The mistakes in a mapping, collected so that a person learns of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leadway_provider.exceptions import MappingError


class Mistakes:
    """Collects the messages of MappingErrors."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, *messages: str) -> None:
        """Add mistakes; one that is known already is left out."""
        self._found += [message for message in dict.fromkeys(messages) if message not in self._found]

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Add the MappingError that ends the block, if one does, and go on behind it."""
        try:
            yield
        except MappingError as error:
            self.add(str(error))

    def raise_if_any(self) -> None:
        """Raise all mistakes as one error, numbered.

        Raises:
            MappingError: there is a mistake.
        """
        if len(self._found) == 1:
            raise MappingError(self._found[0])
        if self._found:
            numbered = "".join(f" {number}. {message}" for number, message in enumerate(self._found, start=1))
            raise MappingError(f"The mapping has {len(self._found)} mistakes:{numbered}")
