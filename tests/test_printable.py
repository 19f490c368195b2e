"""Text that others wrote, where it becomes words."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadway_provider
from leadway_provider.exceptions import LeadwayError, RefusedError
from leadway_provider.printable import brief, printable, printable_log, spreadsheet_cell

PACKAGE = Path(leadway_provider.__file__).parent
ESCAPED = {
    "\x1b[31mred": r"\x1b[31mred",
    "two\nlines\r": r"two\nlines\r",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\u202eright": r"\u202eright",
    "zero\u200bwidth\ufeff": r"zero\u200bwidth\ufeff",
    "line\u2028sep": r"line\u2028sep",
    "\ud800": r"\ud800",
    "\u3164": r"\u3164",
    "a\ufe0f\u034f": r"a\ufe0f\u034f",
    "\U000e0041": r"\U000e0041",
}
KEPT = ["Zoë", "Ωμέγα", "日本", "a b", r"C:\new", "<b>&amp;</b>", "e\u0301"]


@pytest.mark.parametrize(("text", "shown"), [*ESCAPED.items(), *((text, text) for text in KEPT)])
def test_what_is_not_seen_or_would_be_obeyed_is_escaped(text: str, shown: str) -> None:
    """Every other character stays."""
    assert printable(text) == shown


@given(st.text(st.characters(categories=["C", "Z", "M", "P", "L"]), max_size=30))
def test_printable_text_is_one_line_and_stays_so(text: str) -> None:
    """Whatever is given, Python calls each character printable, and a second time nothing changes."""
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown


def test_long_text_is_cut_with_a_mark() -> None:
    """A message is bounded, and a key is much shorter, so that other keys have room beside it."""
    assert printable("x" * 5_000_000) == "x" * 10_000 + "… (5,000,000 characters)"
    assert brief("\n" * 101) == r"\n" * 100 + "… (101 characters)"
    assert brief("\n" * 100) == r"\n" * 100


@given(st.text(max_size=20))
def test_no_cell_is_a_formula(text: str) -> None:
    """Neither with blanks before it nor in full width; and it is one cell on one line."""
    for start in ("", "=", "+", "-", "@", " =", "\t=", "\r@", "\uff1d", "\u200b="):
        cell = spreadsheet_cell(start + text)
        assert not cell.strip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
        written = io.StringIO()
        csv.writer(written).writerow([cell])
        assert len(written.getvalue().splitlines()) == 1


def test_a_log_line_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Texts and errors in it are escaped; numbers and what Python writes itself stay."""
    log = printable_log("leadway_provider.test")
    with caplog.at_level("INFO", log.name):
        log.info("%s of %r: %s, %.1f", "a\nb", "c\n", ValueError("\x1b[1m"), 2)
        printable_log("leadway_provider.test").info("no arguments")
    assert [record.getMessage() for record in caplog.records] == [r"a\nb of 'c\\n': \x1b[1m, 2.0", "no arguments"]
    assert len(log.filters) == 1


def test_an_error_is_one_line() -> None:
    """Whatever its message quotes."""
    assert str(LeadwayError("sync a\nb\x1b[1m")) == r"sync a\nb\x1b[1m"
    assert str(RefusedError("\u202e", call="c")) == r"\u202e"


def test_every_module_logs_printable_lines() -> None:
    """No module gets its logger another way."""
    own = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for each in ast.walk(ast.parse(file.read_text()))
        if isinstance(each, ast.Attribute) and each.attr in {"getLogger", "LoggerAdapter"}
    }
    assert own == {"printable.py", "store/schema.py"}  # the second one silences another package's logger
