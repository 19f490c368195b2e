"""The quick start is read into steps. `make quick-start` follows them; here, its page and the reading are looked at."""

from __future__ import annotations

import re
from typing import Final

import pytest

from leadway_provider.api.refusal import SCOPES
from leadway_provider.api.settings import ConnectionSettings
from tests.docs.page import PAGES, quoted, read, table
from tests.quick_start.steps import NOT_RUN, Commands, File, missing, steps, with_account

PAGE: Final = read("docs/quick-start.md")
CALLS_A_DAY: Final = 200_000


def test_every_block_of_the_page_is_a_step_or_is_said_not_to_be_run() -> None:
    """Each is run or saved; of the others the reason is known."""
    found = list(steps(PAGE))
    languages = set(re.findall(r"^```(\w+)$", PAGE, re.MULTILINE))
    assert languages - {"shell", "python", "text"} == set(NOT_RUN)
    assert sum(isinstance(step, Commands) for step in found) == PAGE.count("```shell\n")
    assert sum(isinstance(step, File) for step in found) == PAGE.count("```python\n")
    assert sum(bool(step.printed) for step in found if isinstance(step, Commands)) == PAGE.count("```text\n")


@pytest.mark.parametrize("step", [step for step in steps(PAGE) if isinstance(step, File)])
def test_a_file_of_the_page_is_python(step: File) -> None:
    """Each can be saved as it is."""
    compile(step.text, step.path, "exec")


def test_the_scopes_are_those_that_a_sync_needs() -> None:
    """The list has each of them."""
    [listed] = re.findall(r"give it these scopes:\n\n((?:- .*\n)+)", PAGE)
    scopes = quoted(listed)
    assert [scope for scope in scopes if scope in SCOPES] == [*scopes[:-1]]
    assert scopes[-1] == "locations.readonly"
    assert all(scope in scopes for scope in re.findall(r"[\w./]*\.(?:write|readonly)", SCOPES))


def test_the_times_follow_from_the_quota() -> None:
    """Calls by the window's quota, or by the day's where that is less."""
    settings = [ConnectionSettings.model_fields[name].default for name in ("quota_requests", "quota_seconds")]
    assert settings == [100, 10]
    rows = {row[0]: row[1:] for row in table(PAGE, "What is synced", "Calls", "Time")}
    assert rows["100,000 new contacts"] == ("100,000", "2 h 47 min, half of a day's quota")
    assert round(100_000 / 10 / 60) == 2 * 60 + 47
    assert rows["1,000,000 new contacts"] == ("1,000,000", f"{1_000_000 // CALLS_A_DAY} days, at the daily quota")


def test_a_block_without_a_place_is_refused() -> None:
    """A Python block must say where it is saved."""
    with pytest.raises(ValueError, match="does not say where this block belongs"):
        list(steps("Some code:\n\n```python\nx = 1\n```\n"))


def test_a_page_is_read_in_order() -> None:
    """A file's name stands before it, and what is printed stands behind its commands."""
    page = "Save this as `a/b.py`:\n\n```python\nx = 1\n```\n\n```shell\nls\n```\n\n```text\none …\n```\n"
    assert list(steps(page)) == [File("a/b.py", "x = 1\n"), Commands("ls\n", ("one …",))]


def test_a_line_that_is_not_printed_is_missing() -> None:
    """`…` stands for anything in one line."""
    step = Commands("ls", ("one … three", "four"))
    assert missing(step, "say: one two three\n") == ["four"]
    assert missing(step, "one\nthree\nfour\n") == ["one … three"]


def test_the_account_is_entered_where_the_page_names_it() -> None:
    """The lines that export the variables are changed, and no others."""
    account = {"HOST": "here", "TOKEN": "mine"}
    assert with_account("export HOST=x\nexport TOKEN=y\nls $HOST\n", account) == (
        "export HOST=here\nexport TOKEN=mine\nls $HOST\n"
    )
    assert with_account("ls\n", account) == "ls\n"
    with pytest.raises(ValueError, match="the others elsewhere"):
        with_account("export HOST=x\n", account)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_installs_the_package_from_an_index(page: str) -> None:
    """It has not been published; a page names a clone or a wheel."""
    installs = re.findall(r"pip install[^\n`]*", read(page))
    assert [line for line in installs if re.search(r"""\s['"]?leadway-provider(?!.*file://)""", line)] == []


def test_the_wheel_that_the_page_names_is_that_of_this_version() -> None:
    """Its name has the version."""
    from leadway_provider import __version__

    names = set(re.findall(r"leadway_provider-([\d.]+)-py3-none-any\.whl", PAGE))
    assert names == {__version__}
