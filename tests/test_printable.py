"""Text that others wrote, where it becomes words."""

from __future__ import annotations

import ast
import csv
import io
import re
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


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
BEFORE = ["", " ", "\t", "\r", "\u200b", "\u0301", "\u0301\u0327 ", '"', "'", '""', "\u3000", "\u201c", "(", "\ufe0f"]


@given(
    st.text(max_size=20), st.sampled_from(SIGNS), st.sampled_from(BEFORE), st.sampled_from(["", ";", "a;", "|", 'b",'])
)
def test_no_cell_is_a_formula(text: str, sign: str, before: str, separator: str) -> None:
    """Whatever stands before the sign, and whatever the spreadsheet takes for the end of a cell; and it is one line."""
    cell = spreadsheet_cell(separator + before + sign + text)
    written = io.StringIO()
    csv.writer(written).writerow(["key", cell])
    assert len(written.getvalue().splitlines()) == 1
    for part in re.split("[;,|]", cell):
        begins = next((each for each in part if each.isalnum() or each in SIGNS + "'_"), "")
        assert begins not in SIGNS or not begins
    assert csv_cells(written.getvalue(), ",") == ["key", cell]
    for delimiter in ";|":
        assert not [each for each in csv_cells(written.getvalue(), delimiter) if each.lstrip()[:1] in {*SIGNS}]


def csv_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line, as a program reads them that was set to a separator."""
    return next(csv.reader(io.StringIO(line), delimiter=delimiter))


@pytest.mark.parametrize(
    "text", ["a-b", "ann+b@example.com", "a;b", "1,5", "7|8", "x = y", "2024-01-31", "(a)", "é-", ""]
)
def test_what_is_no_formula_stays(text: str) -> None:
    """A key is found again by what the table shows."""
    assert spreadsheet_cell(text) == text


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
    silencing = {"store/schema.py", "hooks/dags.py"}  # another package's logger
    assert own == {"printable.py", *silencing}
