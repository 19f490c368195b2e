"""Text that others wrote, where it becomes words: a log line, an error, a terminal, a table for spreadsheets, a page.

Keys, reasons, ids and names come from databases, from the CRM and from other people's DAGs. They are data until
somebody reads them, and are escaped then, here. HTML is escaped by the page's templates.
"""

from __future__ import annotations

import logging
import re
from typing import Final

_LONGEST: Final = 10_000
"""More characters than any message needs."""
_LONGEST_KEY: Final = 100
_UNSEEN: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)
"""Letters and marks of Unicode that nobody sees. Other unseen characters are not printable in Python's sense."""
_SIGNS: Final = r"=+\-@" + "\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
"""How a formula begins in a spreadsheet, in every width, with the minus of mathematics."""
_FORMULA: Final = re.compile(rf"(?:\A|(?<=[;,|]))(?=[^\w;,|{_SIGNS}]*[{_SIGNS}])")
"""Where a cell would begin with a sign, or with marks, blanks and quotes before it.

A spreadsheet that was set to other separators begins a cell behind each of them, whatever is quoted: where decimals
have a comma, CSV is read with semicolons.
"""


def printable(text: str) -> str:
    r"""Return text of one line that shows what it holds, in at most 10,000 of its characters.

    What a terminal would obey, what changes the direction of text, and what is not seen is shown as Python writes it in
    a literal, such as `\x1b` and `\u200b`. What was escaped before is not escaped again.
    """
    if len(text) > _LONGEST:
        text = _cut(text, _LONGEST)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each.isprintable() and each not in _UNSEEN else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def brief(text: str) -> str:
    """Return printable text for one of several names in a message: a long one is cut, and says how long it is."""
    return printable(text if len(text) <= _LONGEST_KEY else _cut(text, _LONGEST_KEY))


def spreadsheet_cell(text: str) -> str:
    """Return printable text that no spreadsheet computes: an apostrophe is put where a formula would begin."""
    return _FORMULA.sub("'", printable(text))


def printable_log(name: str) -> logging.Logger:
    """Return the logger of a module; whatever texts and errors its lines are made of, each is one printable line."""
    log = logging.getLogger(name)
    log.addFilter(_with_printable_arguments)
    return log


def _with_printable_arguments(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(map(_argument, record.args))
    return True


def _argument(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    return printable(str(value)) if isinstance(value, BaseException) else value


def _cut(text: str, length: int) -> str:
    return f"{text[:length]}… ({len(text):,} characters)"
