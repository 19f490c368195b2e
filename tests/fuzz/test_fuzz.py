"""A few thousand hostile answers and rows with the same numbers each time; `make fuzz` reads as many as one wants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import leadway_provider.api
from tests.fuzz.answers import ASKED
from tests.fuzz.run import READERS, findings

INPUTS = {"answers": 4000, "exchanges": 500, "rows": 4000, "large": 60}


@pytest.mark.parametrize("reader", READERS)
def test_no_input_raises_an_error(reader: str) -> None:
    """Whatever the API answers and a driver returns is read, or becomes an error of this package."""
    assert [*findings(reader, range(INPUTS[reader]))] == []


def test_answers_to_every_call_are_read() -> None:
    """A new endpoint is added to the calls whose answers are drawn."""
    (folder,) = leadway_provider.api.__path__
    written = {
        path
        for module in Path(folder).glob("*.py")
        for path in re.findall(r'"(/(?:contacts|locations|users|oauth)\b[^"]*)"', module.read_text(encoding="utf-8"))
    }
    asked = {call.template for _, call, _ in ASKED}
    assert written - asked == {"/oauth/locationToken", "/oauth/location-token"}  # read as `/oauth/token` is
    assert asked <= written
